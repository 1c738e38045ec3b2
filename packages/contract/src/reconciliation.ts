/** What readers saw before a generation was published, against what it computed (jobs/recompute/src/reconcile/report.ts). */
import { z } from 'zod';
import { NOON, Sum } from './shapes.ts';

const BeforeAfter = z
  .object({ before: Sum.describe('Seen.'), after: Sum.describe('Computed.'), difference: Sum })
  .meta({ id: 'BeforeAfter' });
const Measures = z.record(z.string(), BeforeAfter);
const Totals = z.record(
  z.string(),
  z.object({
    ...BeforeAfter.shape,
    moved: Sum.optional().describe(
      'Σ |difference| over the rows: what went from one row to another is in it, though not in the difference of the sums. Absent in those of an earlier version.',
    ),
  }),
);

const ViewComparison = z
  .object({
    rowsBefore: z.int(),
    rowsAfter: z.int(),
    rowsDiffering: z.int(),
    totals: Totals.describe('By measure; amounts of several currencies are left out.'),
    amounts: z
      .record(z.string(), Totals)
      .optional()
      .describe('By currency, then by measure. Absent in those of an earlier version, whose totals add all currencies up.'),
    rows: z.array(z.object({ key: z.record(z.string(), z.string()), measures: Measures })).describe('The largest differences.'),
  })
  .meta({ id: 'ViewComparison' });

export const Reconciliation = z
  .object({
    generation: z.int(),
    comparedWith: z.int().describe('The generation that readers took before; 0: none, real time alone.'),
    at: z.int().describe('When it was made, epoch ms.'),
    equal: z.boolean().describe('Readers saw exactly what the batch computed.'),
    moved: z
      .number()
      .nullable()
      .optional()
      .describe(
        'The largest part of a sum of a view that moves to other rows, comes or goes: what `promote` with `below` looks at. null: real time had not read up to the cut. Absent in those of an earlier version.',
      ),
    because: z
      .object({
        lateEvents: z.int(),
        duplicates: z.int().describe('What the batch found in all it read.'),
        overflowedUsers: z.int(),
        definitionsChanged: z.boolean(),
        corrections: z
          .array(z.object({ name: z.string(), before: z.int(), after: z.int() }))
          .optional()
          .describe(
            'Corrections that apply to more or fewer events than in the generation compared with: to how many in each. Absent: there are none.',
          ),
        cutApart: z.array(z.int()).optional().describe('Partitions. Absent in those of an earlier version.'),
        speedBehind: z.array(z.int()).describe('Partitions.'),
      })
      .describe('What can explain a difference.'),
    views: z.record(z.string(), ViewComparison).describe('Empty where it could not be compared.'),
    failure: z.string().optional().describe('Why it could not be compared.'),
  })
  .meta({ id: 'Reconciliation' });

export const RECONCILIATION_EXAMPLE = {
  generation: 7,
  comparedWith: 6,
  at: NOON + 4_500,
  equal: false,
  moved: 1 / 42,
  because: { lateEvents: 1, duplicates: 2, overflowedUsers: 0, definitionsChanged: false, cutApart: [], speedBehind: [] },
  views: {
    activity: {
      rowsBefore: 1,
      rowsAfter: 1,
      rowsDiffering: 1,
      totals: { events: { before: 41, after: 42, difference: 1, moved: 1 } },
      rows: [{ key: { day: '2026-11-20', type: 'page' }, measures: { events: { before: 41, after: 42, difference: 1 } } }],
    },
  },
};
