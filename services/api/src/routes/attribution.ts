/** Attribution reports: which channels and campaigns the conversions are credited to, under one model or several side by side. */
import { setImmediate as turn } from 'node:timers/promises';
import { MODEL_NAMES, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { CAUTIONS } from '@tributary/attribution/uncertainty/caution-codes';
import { COVERS } from '@tributary/attribution/uncertainty/uncertainty';
import { ARCHIVE_QUESTION_ROUTES } from '@tributary/contract/groups/archive-questions';
import { ATTRIBUTION_ROUTES } from '@tributary/contract/groups/attribution';
import type { AttributionAnswer, CompareAnswer, ReportRow } from '@tributary/contract/groups/attribution-answer';
import type { ReportQuery } from '@tributary/contract/groups/attribution-query';
import type { ExchangeRates } from '@tributary/model/amounts/exchange-rates';
import { TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import type { ModelUncertainty } from '@tributary/reports/credit/uncertainty';
import { missingFor, modelOf } from '@tributary/reports/models/live-models';
import { type Answer, answerOf } from '@tributary/reports/pipeline';
import type { ReportQuestion } from '@tributary/reports/question';
import { comparedRest, comparedRows, comparedTotals } from '@tributary/reports/rows/compared';
import type { Row } from '@tributary/reports/rows/figures';
import { withCodesOfRewards } from '@tributary/reports/rows/interval-figures';
import type { Report } from '@tributary/reports/rows/report';
import { keysOf, rowOf, stoodStillOf, totalsOf } from '@tributary/reports/rows/rows';
import { restOf, sortedKeys } from '@tributary/reports/rows/sorted';
import type { ModelRunner } from '@tributary/reports/runner/runner';
import type { Days } from '@tributary/serving/merge';
import { openAnsweredQuestions } from '@tributary/serving/questions/archive-questions';
import type { ServingContext } from '@tributary/serving/snapshot';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { csvOf } from '../http/csv.ts';
import { pageOf, topOf } from '../http/pages.ts';
import { cursorKey, parametersOf, questionOf } from '../http/report-question.ts';
import { windowOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { models: runner } = context;
  app.addHook('onClose', () => runner.stop());
  const answered = openAnsweredQuestions(context);
  serve(app, ATTRIBUTION_ROUTES.attribution, (request, reply) => answerReport(context, runner, request, reply));
  serve(app, ARCHIVE_QUESTION_ROUTES.archiveAttribution, async (request, reply) => {
    const { query, params } = request;
    const layer = query.layer ?? query.view ?? 'batch';
    if (layer !== 'batch')
      throw new TributaryError(
        'invalid_query',
        `layer must be batch, or left out: no deltas follow these windows (got "${layer}")`,
      );
    const asked = Object.assign(request, { query: { ...query, layer, view: undefined } });
    return answered(params.id, (ofAnswer) => answerReport(ofAnswer, runner, asked, reply, [ofQuestion(params.id)]));
  });

  serve(app, ATTRIBUTION_ROUTES.compareModels, async (request, reply) => {
    const { query } = request;
    const models = [...new Set(query.models.map(modelOf))];
    const baseline = query.baseline === undefined ? (models[0] as ModelName) : modelOf(query.baseline);
    if (!models.includes(baseline))
      throw new TributaryError(
        'invalid_query',
        `baseline must be one of the models compared, ${models.join(', ')} (got ${JSON.stringify(baseline)})`,
      );
    const question = questionOf(models, query);
    const answer = await answerOf(context, question, { runner, asker: askerOf(request, reply), turn });
    const { report, definitions, meta } = answer;
    const { sort } = query;
    const cursor = [...cursorKey('compare', question, baseline), answer.rates];
    const { keys, nextCursor } =
      sort === undefined
        ? pageOf(report.keys, cursor, query.limit, query.cursor)
        : topOf(sortedKeys(answer, baseline, sort), query);
    const rows = keys.map(comparedRows(report, baseline));
    const totals = comparedTotals(report);
    const rest = sort === undefined ? null : comparedRest(totals, rows, report.keys.size);
    return {
      models,
      baseline,
      parameters: parametersOf(question),
      by: query.by,
      ...windowOf(definitions, question.days),
      rows: rows as z.input<typeof CompareAnswer>['rows'],
      totals: totals as z.input<typeof CompareAnswer>['totals'],
      rest: rest as z.input<typeof CompareAnswer>['rest'],
      uncertainty: uncertaintyOfModels(report),
      nextCursor,
      meta,
    };
  });

  serve(app, ATTRIBUTION_ROUTES.models, async () => ({
    models: MODEL_NAMES.map((name) => {
      const { family, rule, effect, parameters, required } = modelInfo(name);
      const takes = { parameters: [...parameters], required: [...required] };
      return { name, family, rule, effect, ...takes, missing: missingFor(name) };
    }),
  }));
  done();
};

/** One report. `notes`: what readers must know of where it comes from. */
async function answerReport(
  context: ServingContext,
  runner: ModelRunner,
  request: { readonly query: ReportQuery; readonly owner: string },
  reply: FastifyReply,
  notes: readonly string[] = [],
) {
  const { query } = request;
  const model = modelOf(query.model);
  const asked = questionOf([model], query);
  const question = { ...asked, notes: [...asked.notes, ...notes] };
  const answer = await answerOf(context, question, { runner, asker: askerOf(request, reply), turn });
  const { sort } = query;
  // Pages of other exchange rates, or of another archive question, do not belong together.
  const cursor = [...cursorKey('attribution', question), notes, answer.rates];
  const { keys, nextCursor } =
    sort === undefined
      ? pageOf(keysOf(answer), cursor, query.limit, query.cursor)
      : topOf(sortedKeys(answer, model, sort), query);
  const rows = keys.map((key) => rowOf(answer, model, key));
  const sums = totalsOf(answer, model);
  const rest = sort === undefined ? null : restOf(sums, rows, keysOf(answer).size);
  const { report, before, definitions, meta } = answer;
  const uncertainty = report.credit.get(model)?.uncertainty ?? null;
  if (query.format !== 'json') {
    const alone = uncertainty === null ? rows : rows.map((row) => withCodesOfRewards(row, uncertainty));
    return sendRows(reply, query.format, alone, answer, { nextCursor, rest });
  }
  // Over all rows, so once for all pages.
  const still = query.cursor === undefined ? await stoodStillOf(answer, model, turn) : null;
  return {
    model,
    parameters: parametersOf(question),
    by: query.by,
    ...windowOf(definitions, question.days),
    previousRange: question.before,
    rows: rows as z.input<typeof ReportRow>[],
    totals: sums as z.input<typeof AttributionAnswer>['totals'],
    stoodStill: still as z.input<typeof AttributionAnswer>['stoodStill'],
    rest: rest as z.input<typeof AttributionAnswer>['rest'],
    sampling: report.credit.get(model)?.sampling ?? null,
    uncertainty: shownUncertainty(uncertainty),
    previousSampling: before?.credit.get(model)?.sampling ?? null,
    nextCursor,
    meta,
  };
}

function ofQuestion(id: string): string {
  return `this is what archive question ${id} computed, under its own windows or definitions, up to the cut: what came since is not in it`;
}

/** In JSON, where there is place for what holds for all rows. */
function shownUncertainty(uncertainty: ModelUncertainty | null): z.input<typeof AttributionAnswer>['uncertainty'] {
  if (uncertainty === null) return null;
  const { groups, level, rewards } = uncertainty;
  const cautions = rewards.flatMap(({ reward, cautions: codes }) =>
    codes.map((code) => ({ reward, code, message: CAUTIONS[code] })),
  );
  return { unit: 'partition', groups, level, covers: COVERS, cautions };
}

/** null: no intervals were asked for. */
function uncertaintyOfModels({ credit }: Report): z.input<typeof CompareAnswer>['uncertainty'] {
  const known = [...credit].flatMap(([model, { uncertainty }]) => {
    const shown = shownUncertainty(uncertainty);
    return shown === null ? [] : [[model, shown] as const];
  });
  return known.length === 0 ? null : Object.fromEntries(known);
}

/** CSV and NDJSON have no place for `meta`: what matters of it goes into headers. */
function sendRows(
  reply: FastifyReply,
  format: 'csv' | 'ndjson',
  rows: readonly Row[],
  { report: { question }, rates, meta }: Answer,
  { nextCursor, rest }: { readonly nextCursor: string | null; readonly rest: Row | null },
): FastifyReply {
  reply.header('x-tributary-complete', String(meta.complete));
  reply.header('x-tributary-generation', String(meta.generation));
  reply.header('x-tributary-range', interval(question.days));
  if (question.before !== null) reply.header('x-tributary-previous-range', interval(question.before));
  if (rates !== null) reply.header('x-tributary-exchange-rates', exchangeRatesText(rates));
  if (nextCursor !== null) reply.header('x-tributary-next-cursor', nextCursor);
  if (rest !== null) reply.header('x-tributary-left-out', String(rest['rows']));
  if (format === 'csv') return reply.type('text/csv; charset=utf-8').send(csvOf(columnsOf(rows, question), rows));
  return reply.type('application/x-ndjson; charset=utf-8').send(rows.map((row) => `${exactJson(row)}\n`).join(''));
}

/** Those of the rows, and of an answer without rows those that are always there. */
function columnsOf(rows: readonly Row[], { by, wanted }: ReportQuestion): string[] {
  const always = [
    ...by,
    ...(wanted.conversions ? ['creditMicros', 'conversions'] : []),
    ...(wanted.revenue ? ['valueMinor'] : []),
    'share',
  ];
  return [...new Set([...always, ...rows.flatMap((row) => Object.keys(row))])];
}

/** `EUR; JPY=0.0061; USD=0.92`. */
function exchangeRatesText({ to, rates }: ExchangeRates): string {
  return [to, ...Object.entries(rates).map(([from, rate]) => `${from}=${rate}`)].join('; ');
}

/** As in ISO 8601; `..` for an open end. */
function interval({ fromDay, toDay }: Days): string {
  return `${fromDay ?? '..'}/${toDay ?? '..'}`;
}
