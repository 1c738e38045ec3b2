/** What readers saw before a generation was published, against what it computed (jobs/recompute/src/reconcile/report.ts). */
import { z } from 'zod';
import { NOON, Sum } from '../shapes/answer-fields.ts';

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
    magnitude: Sum.optional().describe(
      'Σ |seen| + |computed| over the rows: 2 · moved ÷ magnitude is how far real time was off (SMAPE, weighted by size). Absent as moved.',
    ),
  }),
);

/** A text, so that a client takes those of later versions. */
const ClassName = z.string();
const Parts = z.record(z.string(), z.object({ difference: Sum, moved: Sum.describe('Σ |part| over the rows.') }));
const ClassPart = z
  .object({
    rows: z.int(),
    totals: Parts,
    amounts: z.record(z.string(), Parts).describe('By currency, then by measure.'),
  })
  .meta({ id: 'DifferencePart' });

const Cause = z.enum(['late', 'beyondRetention', 'duplicate']);
const Causes = z
  .object({
    events: z
      .object({ late: z.int(), beyondRetention: z.int(), duplicate: z.int() })
      .describe('Those that change no row included.'),
    unexamined: z
      .int()
      .describe(
        'Users who were not examined, because there are too many of them or of their events, or some of these were retired from the archive: at least this number.',
      ),
    doubted: z.int().describe('Events so near the line that the archive does not say whether real time took them for late.'),
    lateness: z
      .object({
        within: z
          .array(z.object({ ms: z.int().nullable(), events: z.int() }))
          .describe(
            'How long after it happened an event came, by log time: each in the first that holds it; null: later than all.',
          ),
        days: z
          .array(z.object({ date: z.string(), late: z.int() }))
          .describe('Late events by the day on which they happened (UTC), newest first, at most 40.'),
        olderLate: z.int().describe('Those of all older days.'),
        lateHistory: z
          .int()
          .optional()
          .describe(
            'Late events that were sent as history: they were late when they were sent. Absent in those of an earlier version.',
          ),
      })
      .optional()
      .describe(
        'What arrived since the cut before. Absent where there was too much to read, and in those of an earlier version.',
      ),
    conversions: z
      .array(
        z.object({
          id: z.string(),
          type: z.string(),
          ts: z.int(),
          valueMinor: Sum,
          currency: z.string(),
          cause: Cause.optional().describe('Absent: it was there, and touches came to its path.'),
          touches: z
            .array(z.object({ id: z.string(), ts: z.int(), channel: z.string(), campaign: z.string(), cause: Cause.optional() }))
            .describe('Its path as computed, in order.'),
        }),
      )
      .describe('Conversions that came late, beyond retention or twice, or have touches that did: the newest, at most 100.'),
    moreConversions: z.int().optional().describe('How many more there are. Absent in those of an earlier version.'),
  })
  .meta({ id: 'DifferenceCauses' });

export const ViewComparison = z
  .object({
    dimensions: z
      .array(z.string())
      .optional()
      .describe('What keys of its rows have, also where none is listed. Absent in those of an earlier version.'),
    rowsBefore: z.int(),
    rowsAfter: z.int(),
    rowsDiffering: z.int(),
    rowsCompared: z
      .int()
      .optional()
      .describe(
        'Rows that either has: 1 − rowsDiffering ÷ rowsCompared is the match rate. Absent in those of an earlier version.',
      ),
    classes: z
      .record(ClassName, ClassPart)
      .optional()
      .describe(
        'Parts of all differences that add up to them, row by row: late, beyondRetention and duplicate, and what these leave, which has one class in a run: behind, definitions, correction, identity, erasure, overflow, unexamined or engineDefect. Absent in those of an earlier version.',
      ),
    totals: Totals.describe('By measure; amounts of several currencies are left out.'),
    amounts: z
      .record(z.string(), Totals)
      .optional()
      .describe('By currency, then by measure. Absent in those of an earlier version, whose totals add all currencies up.'),
    rows: z
      .array(
        z.object({
          key: z.record(z.string(), z.string()),
          measures: Measures,
          classes: z.record(ClassName, z.record(z.string(), Sum)).optional().describe('What each has of the differences.'),
        }),
      )
      .describe('The largest differences.'),
  })
  .meta({ id: 'ViewComparison' });

export const CorrectionChange = z.object({ name: z.string(), before: z.int(), after: z.int() });

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
    engineDefectRows: z
      .int()
      .nullable()
      .optional()
      .describe(
        'Rows that differ for no known reason: 0 is expected, anything else is a defect of the platform. null: not known, because what causes leave has another class. Absent in those of an earlier version.',
      ),
    inFlight: z
      .array(z.string())
      .optional()
      .describe(
        'Where keys of one person are joined: what was in flight between them at the cut, which the generation by itself lacks. Absent in those of an earlier version, and where layers were not compared.',
      ),
    causes: Causes.optional().describe('What came late, beyond retention or twice. Absent where it was not looked for.'),
    because: z
      .object({
        lateEvents: z.int(),
        duplicates: z.int().describe('What the batch found in all it read.'),
        overflowedUsers: z.int(),
        definitionsChanged: z.boolean(),
        corrections: z
          .array(CorrectionChange)
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
  engineDefectRows: 0,
  inFlight: [],
  causes: {
    events: { late: 1, beyondRetention: 0, duplicate: 0 },
    unexamined: 0,
    doubted: 0,
    conversions: [],
    moreConversions: 0,
  },
  because: { lateEvents: 1, duplicates: 2, overflowedUsers: 0, definitionsChanged: false, cutApart: [], speedBehind: [] },
  views: {
    activity: {
      dimensions: ['day', 'type'],
      rowsBefore: 1,
      rowsAfter: 1,
      rowsDiffering: 1,
      rowsCompared: 1,
      classes: { late: { rows: 1, totals: { events: { difference: 1, moved: 1 } }, amounts: {} } },
      totals: { events: { before: 41, after: 42, difference: 1, moved: 1, magnitude: 83 } },
      rows: [
        {
          key: { day: '2026-11-20', type: 'page' },
          measures: { events: { before: 41, after: 42, difference: 1 } },
          classes: { late: { events: 1 } },
        },
      ],
    },
  },
};
