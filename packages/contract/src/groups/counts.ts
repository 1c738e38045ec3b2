/** Events of all users, by what definitions count. */
import { z } from 'zod';
import { DayRange, Sum } from '../shapes/answer-fields.ts';
import { LayerParameter, META_EXAMPLE, Meta } from '../shapes/meta.ts';
import { count, Range } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

const MOST_VALUES = 1_000;

const CountedValue = z
  .object({
    value: z.string(),
    events: Sum,
    lastDay: z.string().describe('The last UTC day of the range on which it was counted.'),
  })
  .meta({ id: 'CountedValue' });

export const TopAnswer = z.object({
  count: z.string(),
  version: z.string().nullable().describe('Changes with the definition; null: BACKFILLING.'),
  status: z
    .enum(['READY', 'BACKFILLING'])
    .describe('BACKFILLING: the count is new, and the generation that readers get was computed before it was defined.'),
  range: DayRange,
  rows: z
    .array(CountedValue)
    .describe('The values with the most events; of equal ones that of the later `lastDay`, then the first by bytes.'),
  rest: z.object({ values: z.int(), events: Sum }).nullable().describe('How many values `rows` leave out, and their events.'),
  withoutValue: Sum.nullable().describe('Events that count and have no value.'),
  unnamed: Sum.nullable().describe(
    'Events that count as `(other)`: their value is too long, has control characters, or came when the day had brought as many as it may.',
  ),
  total: Sum.nullable().describe('The sum of rows, rest, withoutValue and unnamed. null, like these: BACKFILLING.'),
  meta: Meta,
});

export const CountsAnswer = z.object({
  counts: z
    .array(
      z
        .object({
          name: z.string(),
          version: z.string().describe('Changes with all that its rows follow.'),
          says: z.string().describe('What it counts, in words.'),
          definition: z.record(z.string(), z.unknown()).describe('As it is written.'),
        })
        .meta({ id: 'CountDefinition' }),
    )
    .describe('By name.'),
});

export const COUNT_ROUTES = {
  listCounts: {
    method: 'GET',
    path: '/v1/counts',
    tag: 'reports',
    summary: 'What definitions count over all users',
    description: 'Where partitions follow different definitions for a moment, those of the first.',
    scope: 'read',
    answer: CountsAnswer,
    example: {
      asked: {},
      answer: {
        counts: [
          {
            name: 'viewedItems',
            version: '9d3b1c07a2e4',
            says: 'over all users and by day, how many events of type "product_view" have each value of item',
            definition: { count: 'product_view', by: 'item' },
          },
        ],
      },
    },
  },
  topCounted: {
    method: 'GET',
    path: '/v1/counts/{name}',
    tag: 'reports',
    summary: 'The values with the most events, of what definitions count over all users',
    scope: 'read',
    params: z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'be a letter, then at most 63 letters, digits and "_"')
        .describe('The name of a count of the definitions.'),
    }),
    query: z.strictObject({
      ...Range,
      limit: count(MOST_VALUES).default(10).describe('How many values.'),
      ...LayerParameter,
    }),
    answer: TopAnswer,
    example: {
      asked: { name: 'viewedItems', limit: '2' },
      answer: {
        count: 'viewedItems',
        version: '9d3b1c07a2e4',
        status: 'READY',
        range: { fromDay: null, toDay: null },
        rows: [
          { value: 'boots', events: 41, lastDay: '2026-11-20' },
          { value: 'tote', events: 38, lastDay: '2026-11-19' },
        ],
        rest: { values: 120, events: 613 },
        withoutValue: 2,
        unnamed: 0,
        total: 694,
        meta: META_EXAMPLE,
      },
    },
  },
} as const satisfies Routes;
