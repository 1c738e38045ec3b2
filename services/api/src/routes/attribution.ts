/** Attribution reports: which channels and campaigns earned the conversions, under one model or several side by side. */
import type { ServerResponse } from 'node:http';
import { TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { MODELS, type ModelName, modelOf } from '@tributary/reports/models/catalogue';
import { withChange } from '@tributary/reports/rows/change';
import {
  columnsOf,
  comparison,
  type Figures,
  moneyFigures,
  type Row,
  ratioFigures,
  reportRow,
  reportTotals,
} from '@tributary/reports/rows/rows';
import { dimensionsOf } from '@tributary/reports/rows/sums';
import type { Asker } from '@tributary/reports/runner/queue';
import { createModelRunner } from '@tributary/reports/runner/runner';
import type { Meta } from '@tributary/serving/meta';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Routes } from '../context.ts';
import { type Asked, askReport, costTotals, cursorKey, demandIntervals, parametersOf, windowOf } from '../http/ask-report.ts';
import {
  AttributionAnswer,
  CompareAnswer,
  CompareQuery,
  ModelsAnswer,
  ReportQuery,
  type ReportRow,
} from '../http/attribution-schemas.ts';
import { csvOf } from '../http/csv.ts';
import { pageOfRows } from '../http/pages.ts';
import { PROBLEMS } from '../http/schemas.ts';

export const attributionRoutes: Routes = (context) => (app, _options, done) => {
  const runner = createModelRunner();
  app.addHook('onClose', () => runner.stop());
  app.get(
    '/v1/attribution',
    {
      schema: {
        tags: ['reports'],
        summary: 'Credit, value and money by channel, campaign, day, type or currency, under one model',
        querystring: ReportQuery,
        response: { 200: AttributionAnswer, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const model = modelOf(query.model);
      demandIntervals(model, query.intervals);
      const asked = await askReport(context, { runner, asker: askerOf(request, reply) }, [model], query);
      const { report, before, snapshot, question, findings } = asked;
      const keys = before === null ? report.keys : new Map([...report.keys, ...before.report.keys]);
      const { items, nextCursor } = pageOfRows(keys, cursorKey('attribution', question), query.limit, query.cursor);
      const rows = items.map(([at]) => {
        const row = reportRow(report, model, at, question);
        return before === null ? row : withChange(row, reportRow(before.report, model, at, before.question));
      });
      const meta = snapshot.meta(findings);
      if (query.format !== 'json') return sendRows(reply as unknown as FastifyReply, query.format, rows, asked, nextCursor, meta);
      const totals = reportTotals(report, model, costTotals(report), question);
      const totalsBefore =
        before === null ? null : reportTotals(before.report, model, costTotals(before.report), before.question);
      return {
        model,
        parameters: parametersOf(question),
        by: query.by,
        ...windowOf(snapshot, question),
        previousRange: before === null ? null : before.question.days,
        rows: rows as z.input<typeof ReportRow>[],
        totals: (totalsBefore === null ? totals : withChange(totals, totalsBefore)) as z.input<
          typeof AttributionAnswer
        >['totals'],
        sampling: report.models.get(model)?.sampling ?? null,
        previousSampling: before?.report.models.get(model)?.sampling ?? null,
        nextCursor,
        meta,
      };
    },
  );

  app.get(
    '/v1/attribution/compare',
    {
      schema: {
        tags: ['reports'],
        summary: 'Several models side by side, computed from the same rows',
        querystring: CompareQuery,
        response: { 200: CompareAnswer, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const models = [...new Set(query.models.split(',').map(modelOf))];
      const baseline = query.baseline === undefined ? (models[0] as ModelName) : modelOf(query.baseline);
      if (!models.includes(baseline))
        throw new TributaryError('invalid_query', `baseline: ${baseline} is none of the models compared, ${models.join(', ')}`);
      const { report, snapshot, question, findings } = await askReport(
        context,
        { runner, asker: askerOf(request, reply) },
        models,
        query,
      );
      const { items, nextCursor } = pageOfRows(report.keys, cursorKey('compare', question, baseline), query.limit, query.cursor);
      const compared = comparison(report, baseline, question);
      const costs = costTotals(report);
      const ratiosAt = (at: string, figures: Figures) =>
        report.costs === null ? {} : ratioFigures(report.costs.get(at)?.[1] ?? 0, figures);
      const rows = items.map(([at]) => ({
        ...dimensionsOf(at, question.by),
        ...(report.costs === null ? {} : moneyFigures(report.costs.get(at), {})),
        models: Object.fromEntries(
          [...compared(at)].map(([model, { figures, rank, difference }]) => [
            model,
            { ...figures, ...ratiosAt(at, figures), rank, difference },
          ]),
        ),
      }));
      return {
        models,
        baseline,
        parameters: parametersOf(question),
        by: query.by,
        ...windowOf(snapshot, question),
        rows: rows as z.input<typeof CompareAnswer>['rows'],
        totals: {
          ...(costs === undefined ? {} : moneyFigures(costs, {})),
          models: Object.fromEntries(
            models.map((model) => {
              const figures = reportTotals(report, model, undefined, question);
              return [model, { ...figures, ...(costs === undefined ? {} : ratioFigures(costs[1] ?? 0, figures)) }];
            }),
          ),
        } as z.input<typeof CompareAnswer>['totals'],
        nextCursor,
        meta: snapshot.meta(findings),
      };
    },
  );

  app.get(
    '/v1/models',
    {
      schema: {
        tags: ['reports'],
        summary: 'The models there are, what each says and what it takes',
        response: { 200: ModelsAnswer, ...PROBLEMS },
      },
    },
    async () => ({ models: MODELS.map((info) => ({ ...info, parameters: [...info.parameters] })) }),
  );
  done();
};

function askerOf({ owner }: { readonly owner: string }, { raw }: { readonly raw: ServerResponse }): Asker {
  return { key: owner, isGone: () => raw.destroyed };
}

/** CSV and NDJSON have no place for `meta`: what matters of it goes into headers. */
function sendRows(
  reply: FastifyReply,
  format: 'csv' | 'ndjson',
  rows: readonly Row[],
  { question, before }: Asked,
  nextCursor: string | null,
  meta: Meta,
): FastifyReply {
  reply.header('x-tributary-complete', String(meta.complete));
  reply.header('x-tributary-generation', String(meta.generation));
  reply.header('x-tributary-range', interval(question.days));
  if (before !== null) reply.header('x-tributary-previous-range', interval(before.question.days));
  if (nextCursor !== null) reply.header('x-tributary-next-cursor', nextCursor);
  if (format === 'csv') return reply.type('text/csv; charset=utf-8').send(csvOf(columnsOf(rows, question), rows));
  return reply.type('application/x-ndjson; charset=utf-8').send(rows.map((row) => `${exactJson(row)}\n`).join(''));
}

/** As in ISO 8601; `..` for an open end. */
function interval({ fromDay, toDay }: Asked['question']['days']): string {
  return `${fromDay ?? '..'}/${toDay ?? '..'}`;
}
