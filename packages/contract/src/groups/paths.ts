/** Journeys: the paths of conversions, and the counts of transitions and of sets that data-driven models are computed from. */
import { z } from 'zod';
import { NextCursor, Sum, Window } from '../shapes/answer-fields.ts';
import { LayerParameter, META_EXAMPLE, Meta } from '../shapes/meta.ts';
import { Cursor, count, dimensionValues, eventNames, MAX_ROWS, Range } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

/** A list for people. */
const MOST_PATHS = 1_000;

const Filters = {
  ...Range,
  type: eventNames('Only conversions of this type, or of any of several.'),
  currency: dimensionValues('Only conversions in this currency, or in any of several.'),
  ...LayerParameter,
};
const ChainQuery = {
  ...Filters,
  limit: count(MAX_ROWS).default(MAX_ROWS).describe('Rows of a page.'),
  cursor: Cursor.optional(),
};

const Value = Sum.optional().describe('Left out where values are of several currencies.');
const Amounts = z.object({ conversions: Sum, valueMinor: Value });

export const PathsAnswer = z.object({
  ...Window,
  totals: Amounts,
  paths: z
    .array(z.object({ steps: z.array(z.string()), ...Amounts.shape, share: z.number() }).meta({ id: 'Path' }))
    .describe('Channels in order, consecutive repeats being one; the most first.'),
  distinctPaths: z.int(),
  rest: z
    .object({ rows: z.int(), ...Amounts.shape })
    .describe('What the paths that are left out come to, and how many they are.'),
  longer: Amounts.describe('Paths with more steps than `pathSteps` of the definitions, all together.'),
  unattributed: Amounts.describe('Conversions without an eligible touch.'),
  touches: z.array(
    z.object({ touches: z.string().describe('Eligible touches, repeats included; "50+": 50 and more.'), ...Amounts.shape }),
  ),
  lagDays: z.array(
    z.object({ lagDays: z.int().describe('Whole days from the first touch to the conversion.'), ...Amounts.shape }),
  ),
  assists: z.array(
    z
      .object({
        channel: z.string(),
        assisted: Sum.describe('Conversions with a touch of the channel that was not the last.'),
        assistedValueMinor: Value,
        participated: Sum.describe('Conversions with any touch of the channel.'),
        participatedValueMinor: Value,
        last: z.number().describe('Conversions whose last touch is of the channel.'),
        lastValueMinor: Value,
        ratio: z.number().nullable().describe('assisted / last; null: it was never the last.'),
      })
      .meta({ id: 'Assists' }),
  ),
  meta: Meta,
});

export const TransitionsAnswer = z.object({
  order: z.int(),
  ...Window,
  transitions: z.array(
    z
      .object({
        from: z.array(z.string()).describe('Channels of the state, or ["(start)"].'),
        to: z.array(z.string()).describe('Channels of the state, or ["(conversion)"], ["(null)"].'),
        conversions: Sum.describe('Traversals by journeys that convert. Counts of one layer alone may be negative.'),
        nulls: Sum.describe('Traversals by journeys that do not, open ones included.'),
        probability: z
          .number()
          .nullable()
          .describe('Part of all traversals that leave `from`; null: the layer takes some of them back.'),
      })
      .meta({ id: 'Transition' }),
  ),
  nextCursor: NextCursor,
  meta: Meta,
});

export const CoalitionsAnswer = z.object({
  ...Window,
  coalitions: z.array(
    z
      .object({
        channels: z.array(z.string()).describe('The distinct channels of the journeys, sorted.'),
        conversions: Sum.describe('Counts of one layer alone may be negative.'),
        nulls: Sum,
        rate: z.number().nullable().describe('Conversions a journey; null: a count is negative.'),
      })
      .meta({ id: 'Coalition' }),
  ),
  nextCursor: NextCursor,
  meta: Meta,
});

const WINDOW = { range: { fromDay: null, toDay: null }, lookbackDays: 30, definitions: '9f3c52c1a0be' };
const AMOUNTS = { conversions: 3, valueMinor: 14_997 };
const NONE = { conversions: 0, valueMinor: 0 };

export const PATH_ROUTES = {
  paths: {
    method: 'GET',
    path: '/v1/paths',
    tag: 'reports',
    summary: 'Top paths, path lengths, time lags and assisted conversions',
    scope: 'read',
    query: z.strictObject({
      ...Filters,
      sort: z.enum(['conversions', 'value']).default('conversions').describe('What the most is counted in.'),
      limit: count(MOST_PATHS).default(100).describe('Paths shown.'),
    }),
    answer: PathsAnswer,
    example: {
      asked: { sort: 'value', limit: '1' },
      answer: {
        ...WINDOW,
        totals: AMOUNTS,
        paths: [{ steps: ['email', 'paid-search'], ...AMOUNTS, share: 1 }],
        distinctPaths: 1,
        rest: { rows: 0, ...NONE },
        longer: NONE,
        unattributed: NONE,
        touches: [{ touches: '2', ...AMOUNTS }],
        lagDays: [{ lagDays: 0, ...AMOUNTS }],
        assists: [
          {
            channel: 'email',
            assisted: 3,
            assistedValueMinor: 14_997,
            participated: 3,
            participatedValueMinor: 14_997,
            last: 0,
            lastValueMinor: 0,
            ratio: null,
          },
        ],
        meta: META_EXAMPLE,
      },
    },
  },
  transitions: {
    method: 'GET',
    path: '/v1/transitions',
    tag: 'reports',
    summary: 'How journeys pass from channel to channel: counts and probabilities',
    scope: 'read',
    query: z.strictObject({
      ...ChainQuery,
      order: count(4).default(1).describe('Channels in a state, up to `transitionOrder` of the definitions.'),
    }),
    answer: TransitionsAnswer,
    example: {
      asked: { order: '1' },
      answer: {
        order: 1,
        ...WINDOW,
        transitions: [{ from: ['(start)'], to: ['email'], conversions: 3, nulls: 1, probability: 1 }],
        nextCursor: null,
        meta: META_EXAMPLE,
      },
    },
  },
  coalitions: {
    method: 'GET',
    path: '/v1/coalitions',
    tag: 'reports',
    summary: 'Which channels journeys met together, and how many converted',
    scope: 'read',
    query: z.strictObject(ChainQuery),
    answer: CoalitionsAnswer,
    example: {
      asked: { type: 'purchase' },
      answer: {
        ...WINDOW,
        coalitions: [{ channels: ['email', 'paid-search'], conversions: 3, nulls: 1, rate: 0.75 }],
        nextCursor: null,
        meta: META_EXAMPLE,
      },
    },
  },
} as const satisfies Routes;
