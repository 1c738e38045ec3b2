/** Attribution reports: which channels and campaigns earned the conversions, under one model or several side by side. */
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { attributionReport, viewsOf } from '../attribution-report.ts';
import {
  AttributionAnswer,
  CompareAnswer,
  CompareQuery,
  type Filters,
  ModelsAnswer,
  ReportQuery,
  type ReportRow,
} from '../attribution-schemas.ts';
import type { ApiContext, Routes } from '../context.ts';
import { csvOf } from '../csv.ts';
import { wholeDays } from '../instants.ts';
import type { Meta } from '../meta.ts';
import { MODELS, type ModelName, modelInfo, modelOf } from '../models/catalogue.ts';
import { createModelRunner } from '../models/runner.ts';
import type { RunModel } from '../models/shared-outcomes.ts';
import { dimensionsOf, pageOfRows, sumOf } from '../report.ts';
import type { Report, ReportQuestion } from '../report-question.ts';
import {
  columnsOf,
  comparison,
  type Figures,
  misfit,
  moneyFigures,
  type Row,
  ratioFigures,
  reportRow,
  reportTotals,
} from '../report-rows.ts';
import { PROBLEMS, rangeOf } from '../schemas.ts';
import { type Snapshot, takeSnapshot } from '../snapshot.ts';

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
      const { report, snapshot, question, window } = await ask(context, runner.run, [model], query);
      const key = [
        'attribution',
        model,
        question.parameters,
        question.wanted,
        question.days,
        question.by,
        question.equal,
        query.view,
      ];
      const { items, nextCursor } = pageOfRows(report.keys, key, query.limit, query.cursor);
      const rows = items.map(([at]) => reportRow(report, model, at, question));
      const meta = snapshot.meta(report.findings);
      if (query.format !== 'json')
        return sendRows(reply as unknown as FastifyReply, query.format, rows, question, nextCursor, meta);
      return {
        model,
        parameters: parametersOf([model], question),
        by: query.by,
        ...window,
        rows: rows as z.input<typeof ReportRow>[],
        totals: reportTotals(report, model, costTotals(report), question) as z.input<typeof AttributionAnswer>['totals'],
        sampling: report.models.get(model)?.sampling ?? null,
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
    async (request) => {
      const { query } = request;
      const models = [...new Set(query.models.split(',').map(modelOf))];
      const baseline = query.baseline === undefined ? (models[0] as ModelName) : modelOf(query.baseline);
      if (!models.includes(baseline))
        throw new TributaryError('invalid_query', `baseline: ${baseline} is none of the models compared, ${models.join(', ')}`);
      const { report, snapshot, question, window } = await ask(context, runner.run, models, query);
      const key = [
        'compare',
        models,
        baseline,
        question.parameters,
        question.wanted,
        question.days,
        question.by,
        question.equal,
        query.view,
      ];
      const { items, nextCursor } = pageOfRows(report.keys, key, query.limit, query.cursor);
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
        parameters: parametersOf(models, question),
        by: query.by,
        ...window,
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
        meta: snapshot.meta(report.findings),
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

type FilterQuery = z.output<z.ZodObject<typeof Filters>> & {
  readonly by: readonly string[];
  readonly intervals?: number | undefined;
  readonly level?: number;
};

async function ask(context: ApiContext, run: RunModel, models: readonly ModelName[], query: FilterQuery) {
  const { channel, campaign, type, currency, value, order, alpha, seed, intervals, level = 0.9 } = query;
  const days = wholeDays(rangeOf(query));
  const question: ReportQuestion = {
    models,
    days: { fromDay: days.fromDay, toDay: days.toDay },
    by: query.by,
    equal: given({ channel, campaign, type, currency }),
    layers: query.view,
    wanted: { conversions: value !== 'revenue', revenue: value !== 'conversions' },
    parameters: { order, alpha, seed, intervals: intervals === undefined ? null : { replicates: intervals, level } },
  };
  const wrong = misfit(question);
  if (wrong !== null) throw new TributaryError('invalid_query', wrong);
  const snapshot = await takeSnapshot(context, viewsOf(question), query.view);
  const report = await attributionReport(snapshot, question, run);
  if (days.widened) report.findings.notes.push(WIDENED);
  return { report, snapshot, question, window: windowOf(snapshot, question) };
}

export function windowOf({ definitions: [definitions] }: Snapshot, { days }: Pick<ReportQuestion, 'days'>) {
  return { range: days, lookbackDays: definitions.lookbackMs / DAY_MS, definitions: definitions.version };
}

function demandIntervals(model: ModelName, intervals: number | undefined): void {
  if (intervals === undefined || modelInfo(model).parameters.includes('intervals')) return;
  const able = MODELS.filter(({ parameters }) => parameters.includes('intervals')).map(({ name }) => name);
  throw new TributaryError('invalid_query', `intervals: ${model} has none; ask for one of ${able.join(', ')}`);
}

/** Those that any of the models takes. */
function parametersOf(models: readonly ModelName[], { parameters: { order, alpha, seed, intervals } }: ReportQuestion) {
  const takes = new Set(models.flatMap((model) => modelInfo(model).parameters));
  return {
    ...(takes.has('order') ? { order } : {}),
    ...(takes.has('alpha') ? { alpha } : {}),
    ...(takes.has('seed') ? { seed } : {}),
    ...(intervals === null ? {} : { intervals: intervals.replicates, level: intervals.level }),
  };
}

function costTotals({ costs }: Report): number[] | undefined {
  return costs === null ? undefined : sumOf(costs, 2);
}

export const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

export function given(filters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** CSV and NDJSON have no place for `meta`: what matters of it goes into headers. */
function sendRows(
  reply: FastifyReply,
  format: 'csv' | 'ndjson',
  rows: readonly Row[],
  question: ReportQuestion,
  nextCursor: string | null,
  meta: Meta,
): FastifyReply {
  reply.header('x-tributary-complete', String(meta.complete));
  reply.header('x-tributary-generation', String(meta.generation));
  if (nextCursor !== null) reply.header('x-tributary-next-cursor', nextCursor);
  if (format === 'csv') return reply.type('text/csv; charset=utf-8').send(csvOf(columnsOf(rows, question), rows));
  return reply.type('application/x-ndjson; charset=utf-8').send(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
