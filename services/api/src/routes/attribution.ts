/** Attribution reports: which channels and campaigns earned the conversions, under one model or several side by side. */
import { RULE_BASED_MODELS, type RuleBasedModel } from '@tributary/model/definitions';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { attributionReport, COST_DIMENSIONS, type ReportFilters, type ReportPage } from '../attribution-report.ts';
import type { ApiContext, Routes } from '../context.ts';
import { csvOf } from '../csv.ts';
import { wholeDays } from '../instants.ts';
import type { Layers } from '../merge.ts';
import { Meta } from '../meta.ts';
import { dimensionsOf } from '../report.ts';
import {
  Cursor,
  count,
  DayRangeSchema,
  DimensionValue,
  EventName,
  Layer,
  MAX_ROWS,
  ModelName,
  modelOf,
  namesOf,
  PROBLEMS,
  Range,
  rangeOf,
} from '../schemas.ts';
import { takeSnapshot } from '../snapshot.ts';
import { conversionsView, creditView, touchesView } from '../views.ts';

export const ATTRIBUTION_DIMENSIONS = ['channel', 'campaign', 'day', 'type', 'currency'] as const;

const Filters = {
  ...Range,
  by: namesOf(ATTRIBUTION_DIMENSIONS, ['channel']),
  channel: DimensionValue.optional(),
  campaign: DimensionValue.optional(),
  type: EventName.optional().describe('Only conversions of this type.'),
  currency: DimensionValue.optional(),
  view: Layer,
  limit: count(MAX_ROWS, MAX_ROWS),
  cursor: Cursor.optional(),
};

const ReportQuery = z.strictObject({
  model: ModelName.default('last'),
  ...Filters,
  format: z.enum(['json', 'csv']).default('json'),
});
const CompareQuery = z.strictObject({
  models: z
    .string()
    .min(1)
    .max(400)
    .default(RULE_BASED_MODELS.join(','))
    .describe(`Comma-separated, of ${RULE_BASED_MODELS.join(', ')}.`),
  ...Filters,
});

const Dimensions = z.object({
  channel: z.string().optional(),
  campaign: z.string().optional(),
  day: z.string().optional().describe('UTC day of the conversion.'),
  type: z.string().optional(),
  currency: z.string().optional(),
});
const Credit = z.object({
  creditMicros: z.int().describe('Exact: one conversion is 1 000 000 micro-credits.'),
  conversions: z.number().describe('creditMicros / 1e6, for reading.'),
  valueMinor: z.int().describe('Attributed value in minor units.'),
});
const Costs = z.object({
  touches: z.int().optional().describe('Touches on these days; left out when the report is by conversion type.'),
  costMinor: z.int().optional(),
});
const ReportRow = z.object({ ...Dimensions.shape, ...Credit.shape, ...Costs.shape });

export const AttributionAnswer = z.object({
  model: z.string(),
  by: z.array(z.string()),
  range: DayRangeSchema,
  rows: z.array(ReportRow).describe('Ordered by their dimensions. (unattributed) is a channel like any other.'),
  totals: z.object({ ...Credit.shape, ...Costs.shape }).describe('Of all rows, not of this page alone.'),
  nextCursor: z.string().nullable(),
  meta: Meta,
});
export const CompareAnswer = z.object({
  models: z.array(z.string()),
  by: z.array(z.string()),
  range: DayRangeSchema,
  rows: z.array(z.object({ ...Dimensions.shape, ...Costs.shape, models: z.record(z.string(), Credit) })),
  totals: z.object({ ...Costs.shape, models: z.record(z.string(), Credit) }),
  nextCursor: z.string().nullable(),
  meta: Meta,
});

export const attributionRoutes: Routes = (context) => (app, _options, done) => {
  app.get(
    '/v1/attribution',
    {
      schema: {
        tags: ['reports'],
        summary: 'Credit and value by channel, campaign, day, type or currency',
        querystring: ReportQuery,
        response: { 200: AttributionAnswer, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const model = modelOf(request.query.model);
      const { page, meta, range } = await report(context, [model], request.query);
      const rows = page.rows.map(({ key, credits, costs }) => ({
        ...dimensionsOf(key, request.query.by),
        ...(credits[model] as ReportPage['totals']['credits'][string]),
        ...costs,
      }));
      if (request.query.format === 'csv') return sendCsv(reply as unknown as FastifyReply, request.query.by, rows, page, meta);
      return {
        model,
        by: request.query.by,
        range,
        rows,
        totals: { ...(page.totals.credits[model] as (typeof page.totals.credits)[string]), ...page.totals.costs },
        nextCursor: page.nextCursor,
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
      const models = [...new Set(request.query.models.split(',').map(modelOf))];
      const { page, meta, range } = await report(context, models, request.query);
      return {
        models,
        by: request.query.by,
        range,
        rows: page.rows.map(({ key, credits, costs }) => ({ ...dimensionsOf(key, request.query.by), ...costs, models: credits })),
        totals: { ...page.totals.costs, models: page.totals.credits },
        nextCursor: page.nextCursor,
        meta,
      };
    },
  );

  app.get(
    '/v1/models',
    {
      schema: {
        tags: ['reports'],
        summary: 'The models there are',
        response: { 200: z.object({ models: z.array(z.object({ name: z.string(), rule: z.string() })) }), ...PROBLEMS },
      },
    },
    async () => ({ models: RULE_BASED_MODELS.map((name) => ({ name, rule: RULES[name] })) }),
  );
  done();
};

const RULES: Record<RuleBasedModel, string> = {
  first: 'all credit to the first eligible touch',
  last: 'all credit to the last eligible touch',
  lastNonDirect: 'all credit to the last eligible touch whose channel is not direct; an all-direct path goes to its last touch',
  linear: 'the same credit to every eligible touch',
  positionBased: 'set percents to the first and the last touch, the rest shared by those between (default 40/20/40)',
  timeDecay: 'credit halves with every half-life between touch and conversion (default 7 days)',
};

type FilterQuery = z.output<z.ZodObject<typeof Filters>>;

async function report(context: ApiContext, models: readonly RuleBasedModel[], query: FilterQuery) {
  const days = wholeDays(rangeOf(query));
  const views = [creditView, conversionsView, touchesView];
  const snapshot = await takeSnapshot(context, views, query.view);
  const filters: ReportFilters = {
    days: { fromDay: days.fromDay, toDay: days.toDay },
    by: query.by,
    equal: given({ channel: query.channel, campaign: query.campaign, type: query.type, currency: query.currency }),
  };
  const { page, findings } = attributionReport(snapshot.project, models, filters, query.limit, query.cursor, query.view);
  if (days.widened) findings.notes.push(WIDENED);
  return { page, meta: snapshot.meta(findings), range: filters.days };
}

export const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

export function given(filters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** CSV has no place for `meta`: what matters of it goes into headers. */
function sendCsv(
  reply: FastifyReply,
  by: readonly string[],
  rows: readonly Record<string, string | number>[],
  page: ReportPage,
  meta: z.infer<typeof Meta> & { view: Layers },
): FastifyReply {
  const costs = by.every((dimension) => COST_DIMENSIONS.includes(dimension)) ? ['touches', 'costMinor'] : [];
  const columns = [...by, 'creditMicros', 'conversions', 'valueMinor', ...costs];
  reply.header('x-tributary-complete', String(meta.complete));
  reply.header('x-tributary-generation', String(meta.generation));
  if (page.nextCursor !== null) reply.header('x-tributary-next-cursor', page.nextCursor);
  return reply.type('text/csv; charset=utf-8').send(csvOf(columns, rows));
}
