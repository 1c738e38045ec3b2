/** Attribution reports: which channels and campaigns earned the conversions, under one model or several side by side. */
import { RULE_BASED_MODELS } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { attributionReport, type Report, type ReportQuestion, viewsOf } from '../attribution-report.ts';
import type { ApiContext, Routes } from '../context.ts';
import { csvOf } from '../csv.ts';
import { wholeDays } from '../instants.ts';
import { Meta } from '../meta.ts';
import { MODEL_NAMES, MODELS, type ModelName, modelInfo, modelOf } from '../models/catalogue.ts';
import { createModelRunner } from '../models/runner.ts';
import type { RunModel } from '../models/shared-outcomes.ts';
import { dimensionsOf, pageOfRows, sumOf } from '../report.ts';
import { columnsOf, comparison, misfit, moneyFigures, type Row, reportRow, reportTotals } from '../report-rows.ts';
import {
  Cursor,
  count,
  DayRangeSchema,
  DimensionValue,
  EventName,
  Fraction,
  Layer,
  MAX_ROWS,
  namesOf,
  PROBLEMS,
  Range,
  rangeOf,
} from '../schemas.ts';
import { type Snapshot, takeSnapshot } from '../snapshot.ts';

const DIMENSIONS = ['channel', 'campaign', 'day', 'type', 'currency'] as const;
/** Of `credit` rows. Bootstrap replicates are models computed: two for every request of a thousand. */
const MOST_REPLICATES = 1_000;

const Filters = {
  ...Range,
  value: z
    .enum(['conversions', 'revenue'])
    .optional()
    .describe('What is attributed; absent: both. Data-driven models are run for each, value once a currency.'),
  order: count(4, 1).describe('Touches in a state of the Markov chain, up to `transitionOrder` of the definitions.'),
  alpha: Fraction(0, 1).default(0.5).describe('Of `hybrid`: the part of the Markov share, 0 to 1.'),
  seed: count(999_999_999, 1).describe('Of sampled games and of intervals: the same seed gives the same answer.'),
  channel: DimensionValue.optional(),
  campaign: DimensionValue.optional(),
  type: EventName.optional().describe('Only conversions of this type.'),
  currency: DimensionValue.optional(),
  view: Layer,
  limit: count(MAX_ROWS, MAX_ROWS),
  cursor: Cursor.optional(),
};

const ReportQuery = z.strictObject({
  model: z
    .string()
    .min(1)
    .max(64)
    .default('last')
    .describe(`One of ${MODEL_NAMES.join(', ')}.`),
  by: namesOf([...DIMENSIONS, 'position'], ['channel']),
  ...Filters,
  intervals: count(MOST_REPLICATES, 1)
    .removeDefault()
    .optional()
    .describe(`Bootstrap replicates for the interval of each share, at most ${MOST_REPLICATES}.`),
  level: Fraction(0.5, 0.999).default(0.9).describe('Of the intervals, 0.5 to 0.999.'),
  format: z.enum(['json', 'csv', 'ndjson']).default('json'),
});
const CompareQuery = z.strictObject({
  models: z
    .string()
    .min(1)
    .max(400)
    .default(RULE_BASED_MODELS.join(','))
    .describe(`Comma-separated, of ${MODEL_NAMES.join(', ')}.`),
  baseline: z.string().min(1).max(64).optional().describe('The model that the others are held against; default: the first.'),
  by: namesOf(DIMENSIONS, ['channel']),
  ...Filters,
});

const Dimensions = z.object({
  channel: z.string().optional(),
  campaign: z.string().optional(),
  day: z.string().optional().describe('UTC day of the conversion.'),
  type: z.string().optional(),
  currency: z.string().optional(),
  position: z.string().optional().describe('Of the touch in its path, from 1; 20+: the 20th and later. 0: unattributed.'),
});
const Credit = z.object({
  creditMicros: z.int().optional().describe('Exact: one conversion is 1 000 000 micro-credits.'),
  conversions: z.number().optional().describe('creditMicros / 1e6, for reading.'),
  valueMinor: z.int().optional().describe('Attributed value in minor units.'),
});
const Costs = z.object({
  touches: z.int().optional().describe('Touches on these days; left out when the report is by conversion type.'),
  costMinor: z.int().optional(),
  roas: z.number().nullable().optional().describe('valueMinor / costMinor; null: it cost nothing.'),
  cpaMinor: z.number().nullable().optional().describe('costMinor a conversion; null: it cost nothing or earned nothing.'),
});
const Share = z.number().describe('Part of all credit (of all value, with value=revenue).');
const ReportRow = z.object({
  ...Dimensions.shape,
  ...Credit.shape,
  share: Share,
  effect: z
    .number()
    .nullable()
    .optional()
    .describe('What the model computed; /v1/models says what it is. null: not of this channel.'),
  valueEffect: z.number().nullable().optional().describe('The same for value; left out where several currencies are added up.'),
  marginalConversions: z.number().optional().describe('Lost without the channel: removal effect · attributed conversions.'),
  marginalValueMinor: z.int().optional(),
  marginalRoas: z.number().nullable().optional(),
  shareLow: z.number().optional().describe("The interval of the model's share of the attributed conversions (or value)."),
  shareHigh: z.number().optional(),
  rank: z.int().optional(),
  rankStability: z.number().optional().describe('Fraction of the replicates in which the channel has this rank.'),
  ...Costs.shape,
});

export const Window = {
  range: DayRangeSchema,
  lookbackDays: z.number().describe('How long before a conversion a touch can be eligible.'),
  definitions: z.string().describe('Version of the definitions: which events are touches and conversions.'),
};
const Parameters = z
  .object({
    order: z.int().optional(),
    alpha: z.number().optional(),
    seed: z.int().optional(),
    intervals: z.int().optional(),
    level: z.number().optional(),
  })
  .describe('What the model was run with.');

export const AttributionAnswer = z.object({
  model: z.string(),
  parameters: Parameters,
  by: z.array(z.string()),
  ...Window,
  rows: z.array(ReportRow).describe('Ordered by their dimensions. (unattributed) is a channel like any other.'),
  totals: z.object({ ...Credit.shape, ...Costs.shape }).describe('Of all rows, not of this page alone.'),
  sampling: z
    .object({ pairs: z.int(), seed: z.int(), epsilon: z.number(), delta: z.number() })
    .nullable()
    .describe('null: exact. Else every effect is within epsilon of the exact one with probability 1 − delta.'),
  nextCursor: z.string().nullable(),
  meta: Meta,
});
const Compared = z.object({ ...Credit.shape, share: Share });
export const CompareAnswer = z.object({
  models: z.array(z.string()),
  baseline: z.string(),
  parameters: Parameters,
  by: z.array(z.string()),
  ...Window,
  rows: z.array(
    z.object({
      ...Dimensions.shape,
      ...Costs.shape,
      models: z.record(
        z.string(),
        z.object({
          ...Compared.shape,
          rank: z.int().describe('Among all rows: 1 has the most credit, rows of equal credit share a rank.'),
          difference: Compared.omit({ conversions: true }).describe("This model's figure less the baseline's."),
        }),
      ),
    }),
  ),
  totals: z.object({ ...Costs.shape, models: z.record(z.string(), Credit) }),
  nextCursor: z.string().nullable(),
  meta: Meta,
});
export const ModelsAnswer = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      family: z.enum(['ruleBased', 'dataDriven', 'counts']),
      rule: z.string(),
      effect: z.string().nullable().describe('What `effect` is in a report; null: the model has none.'),
      parameters: z.array(z.string()),
    }),
  ),
});

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
      const rows = items.map(([at]) => ({
        ...dimensionsOf(at, question.by),
        ...(report.costs === null ? {} : moneyFigures(report.costs.get(at), {})),
        models: Object.fromEntries(
          [...compared(at)].map(([model, { figures, rank, difference }]) => [model, { ...figures, rank, difference }]),
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
          models: Object.fromEntries(models.map((model) => [model, reportTotals(report, model, undefined, question)])),
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
