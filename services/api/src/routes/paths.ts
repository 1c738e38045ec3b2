/** Journeys: the paths of conversions, and the counts of transitions and of sets that data-driven models are computed from. */

import { demandOrder } from '@tributary/reports/counts/journey-counts';
import { type CountsByCurrency, EDGE_VIEWS, edgesOf, SET_VIEWS, setsOf } from '@tributary/reports/journeys/sets-and-edges';
import { type ChannelSet, type Edge, edgeRows, setRows } from '@tributary/reports/paths/chain-report';
import { PATH_VIEWS, pathReport } from '@tributary/reports/paths/path-report';
import { Meta } from '@tributary/serving/meta';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { z } from 'zod';
import type { Routes } from '../context.ts';
import { Window } from '../http/attribution-answer.ts';
import { pageOf } from '../http/pages.ts';
import { Cursor, count, DimensionValue, EventName, LayerParameter, MAX_ROWS, PROBLEMS, Range, Sum } from '../http/schemas.ts';
import { selectionOf, windowOf } from '../http/selection.ts';

/** Paths shown at the most: a list for people. */
const MOST_PATHS = 1_000;

const Filters = {
  ...Range,
  type: EventName.optional().describe('Only conversions of this type.'),
  currency: DimensionValue.optional().describe('Only conversions in this currency.'),
  ...LayerParameter,
};
const PathsQuery = z.strictObject({
  ...Filters,
  sort: z.enum(['conversions', 'value']).default('conversions'),
  limit: count(MOST_PATHS, 100),
});
const ChainQuery = { ...Filters, limit: count(MAX_ROWS, MAX_ROWS), cursor: Cursor.optional() };
const TransitionsQuery = z.strictObject({
  ...ChainQuery,
  order: count(4, 1).describe('Channels in a state, up to `transitionOrder` of the definitions.'),
});
const CoalitionsQuery = z.strictObject(ChainQuery);

const Amounts = z.object({ conversions: Sum, valueMinor: Sum });

export const PathsAnswer = z.object({
  ...Window,
  totals: Amounts,
  paths: z
    .array(z.object({ steps: z.array(z.string()), ...Amounts.shape, share: z.number() }))
    .describe('Channels in order, consecutive repeats being one; the most first.'),
  distinctPaths: z.int(),
  longer: Amounts.describe('Of paths with more steps than `pathSteps` of the definitions: they are not told apart.'),
  unattributed: Amounts.describe('Of conversions without an eligible touch.'),
  touches: z.array(
    z.object({ touches: z.string().describe('Eligible touches, repeats included; "50+": 50 and more.'), ...Amounts.shape }),
  ),
  lagDays: z.array(
    z.object({ lagDays: z.int().describe('Whole days from the first touch to the conversion.'), ...Amounts.shape }),
  ),
  assists: z.array(
    z.object({
      channel: z.string(),
      assisted: Sum.describe('Conversions with a touch of the channel that was not the last.'),
      assistedValueMinor: Sum,
      participated: Sum.describe('Conversions with any touch of the channel.'),
      participatedValueMinor: Sum,
      last: z.number().describe('Conversions whose last touch is of the channel.'),
      lastValueMinor: Sum,
      ratio: z.number().nullable().describe('assisted / last; null: it was never the last.'),
    }),
  ),
  meta: Meta,
});

export const TransitionsAnswer = z.object({
  order: z.int(),
  ...Window,
  transitions: z.array(
    z.object({
      from: z.array(z.string()).describe('Channels of the state, or ["(start)"].'),
      to: z.array(z.string()).describe('Channels of the state, or ["(conversion)"], ["(null)"].'),
      conversions: Sum.describe('Traversals by journeys that convert. Of one layer alone, counts may be negative.'),
      nulls: Sum.describe('Traversals by journeys that do not, open ones included.'),
      probability: z
        .number()
        .nullable()
        .describe('Part of all traversals that leave `from`; null: the layer takes some of them back.'),
    }),
  ),
  nextCursor: z.string().nullable(),
  meta: Meta,
});

export const CoalitionsAnswer = z.object({
  ...Window,
  coalitions: z.array(
    z.object({
      channels: z.array(z.string()).describe('The distinct channels of the journeys, sorted.'),
      conversions: Sum.describe('Of one layer alone, counts may be negative.'),
      nulls: Sum,
      rate: z.number().nullable().describe('Conversions a journey; null: a count is negative.'),
    }),
  ),
  nextCursor: z.string().nullable(),
  meta: Meta,
});

const FILTERS = ['type', 'currency'];

export const pathRoutes: Routes = (context) => (app, _options, done) => {
  app.get(
    '/v1/paths',
    {
      schema: {
        tags: ['reports'],
        summary: 'Top paths, path lengths, time lags and assisted conversions',
        querystring: PathsQuery,
        response: { 200: PathsAnswer, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const { days, equal, layers, notes } = selectionOf(query, FILTERS);
      const snapshot = await takeSnapshot(context, PATH_VIEWS, layers);
      const { holes, notes: more, ...report } = pathReport(snapshot, { days, equal, sort: query.sort, limit: query.limit });
      return {
        ...windowOf(snapshot.definitions[0], days),
        ...(report as z.input<typeof PathsAnswer>),
        meta: snapshot.meta({ holes, notes: [...more, ...notes] }),
      };
    },
  );

  app.get(
    '/v1/transitions',
    {
      schema: {
        tags: ['reports'],
        summary: 'How journeys pass from channel to channel: counts and probabilities',
        querystring: TransitionsQuery,
        response: { 200: TransitionsAnswer, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const { days, equal, layers, notes } = selectionOf(query, FILTERS);
      const snapshot = await takeSnapshot(context, EDGE_VIEWS, layers);
      demandOrder(snapshot, query.order);
      const counts = edgesOf(snapshot, { days, equal }, query.order);
      const question = ['transitions', days, equal, query.order, layers];
      const rows = edgeRows(counts.rows);
      const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
      return {
        order: query.order,
        ...windowOf(snapshot.definitions[0], days),
        transitions: keys.map((key) => {
          const { from, to, ...edge } = rows.get(key) as Edge;
          return { from: [...from], to: [...to], ...edge };
        }),
        nextCursor,
        meta: snapshot.meta(findingsOf(counts, layers, notes)),
      };
    },
  );

  app.get(
    '/v1/coalitions',
    {
      schema: {
        tags: ['reports'],
        summary: 'Which channels journeys met together, and how many converted',
        querystring: CoalitionsQuery,
        response: { 200: CoalitionsAnswer, ...PROBLEMS },
      },
    },
    async ({ query }) => {
      const { days, equal, layers, notes } = selectionOf(query, FILTERS);
      const snapshot = await takeSnapshot(context, SET_VIEWS, layers);
      const counts = setsOf(snapshot, { days, equal });
      const question = ['coalitions', days, equal, layers];
      const rows = setRows(counts.rows);
      const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
      return {
        ...windowOf(snapshot.definitions[0], days),
        coalitions: keys.map((key) => {
          const { channels, ...set } = rows.get(key) as ChannelSet;
          return { channels: [...channels], ...set };
        }),
        nextCursor,
        meta: snapshot.meta(findingsOf(counts, layers, notes)),
      };
    },
  );
  done();
};

function findingsOf({ negative }: CountsByCurrency<unknown>, view: string, notes: readonly string[]) {
  if (negative === 0) return { holes: [], notes };
  const finding = `${negative} counts are below 0`;
  if (view === 'speed') return { holes: [], notes: [`${finding}: the deltas correct what the batch counted`, ...notes] };
  return { holes: [`${finding}: more was taken back than was counted`], notes };
}
