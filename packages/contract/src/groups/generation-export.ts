/** All rows of a generation, for other tools. */
import { VIEWS } from '@tributary/views/registry';
import { z } from 'zod';
import { NOON, Sum } from '../shapes/answer-fields.ts';
import { GenerationNumber } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

/** Beside views, of which one is called `conversions`: these one by one, as /v1/conversion-list has them. */
export const CONVERSION_LIST = 'conversion-list';
/** The journeys that ended in them, touch by touch. */
export const JOURNEY_LIST = 'journey-list';
export const EXPORT_TYPES = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
} as const;

const ExportedRow = z
  .record(z.string(), z.union([z.string(), Sum]).nullable())
  .describe('A line of NDJSON: a row, with its columns by name. Amounts are in minor units.')
  .meta({ id: 'ExportedRow' });

export const GENERATION_EXPORT_ROUTES = {
  exportGeneration: {
    method: 'GET',
    path: '/v1/generations/{generation}/export',
    tag: 'generations',
    summary: 'All conversions or journeys of a generation, or all rows of one of its views, as a file',
    description:
      'What the generation holds at its cut: what came since is not in it. A view may have several rows of one key, where a sum needs more than 64 bits: they add up. The answer begins when the file is written, and says its length; a key has one export at a time. `X-Tributary-Whole-From` says from when on its rows are whole, where older events were retired from the archive before the generation was computed from it. `X-Tributary-Incomplete` says what it lacks where keys of one person are joined and messages between them were in flight at its cut.',
    scope: 'read',
    params: z.strictObject({ generation: GenerationNumber.describe('Its number, from 1.') }),
    query: z.strictObject({
      of: z
        .enum([CONVERSION_LIST, JOURNEY_LIST, ...VIEWS.map(({ name }) => name)])
        .describe(
          '`conversion-list` for conversions one by one; `journey-list` for the path of each, a row a touch in their order (`step` of `steps`), and one without `step` where a conversion has no touch; or the name of a view.',
        ),
      format: z.enum(['ndjson', 'csv', 'parquet']).default('ndjson').describe('How rows are written.'),
    }),
    answersAs: EXPORT_TYPES.ndjson,
    alsoAs: [EXPORT_TYPES.csv, EXPORT_TYPES.parquet],
    answer: ExportedRow,
    refusals: [404, 409, 413],
    example: {
      asked: { generation: '7', of: CONVERSION_LIST },
      answer: { id: 'order-1', userKey: 'ada', ts: NOON, type: 'purchase', valueMinor: 9_900, currency: 'EUR' },
    },
  },
} as const satisfies Routes;
