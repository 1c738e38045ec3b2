/** Archived events that are retired by age: planned, asked for, and what became of each request. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import type { Routes } from '../shapes/route.ts';

const amount = {
  files: z.int().describe('Archived files.'),
  rows: z.int().describe('Events in them, duplicates included.'),
  bytes: z.int().describe('Bytes of Parquet.'),
};

const RetirementPlan = z
  .object({
    before: z.int().describe('Events that happened before this UTC midnight go, epoch ms, where all of their file did.'),
    newestBefore: z
      .int()
      .describe('The newest instant that events may be retired before under the definitions of now, epoch ms.'),
    ...amount,
    months: z
      .array(z.object({ month: z.string().describe('A month (UTC), or a year where files hold one.'), rows: z.int() }))
      .describe('What goes, by the time at which it happened, oldest first.'),
    staying: z
      .object({
        files: z.int(),
        rows: z.int().describe('Events of these files, younger ones among them.'),
        copied: z
          .int()
          .nullable()
          .describe(
            'Files of these that stay because an event of theirs came again, at another instant, in a younger file: without the first arrival that copy would count. null: the archive has too many events to look at in a plan; the run looks, and leaves such files.',
          ),
      })
      .describe(
        'Files with older events that stay for now: they hold younger ones too, came after the oldest kept generation, or have an event that came again.',
      ),
    corrections: z
      .array(z.string())
      .describe('Corrections in force that begin earlier: they cannot change any more once these events are gone.'),
    confirm: z.string().describe('What a request must repeat, so that what goes is what was seen.'),
  })
  .meta({ id: 'RetirementPlan' });

const Retirement = z
  .object({
    number: z.int(),
    state: z
      .enum(['waiting', 'done', 'refused'])
      .describe(
        'waiting: the next run carries it out; a large one takes several. refused: definitions of that time no longer allowed it; files, rows and bytes are what runs before had done.',
      ),
    before: z.int(),
    askedAt: z.int(),
    by: z.string(),
    why: z.string().nullable(),
    ...amount,
    endedAt: z.int().nullable().describe('null: it waits, and files, rows and bytes are those of its plan.'),
    refusedBecause: z.string().nullable(),
  })
  .meta({ id: 'Retirement' });

const RETIREMENT = {
  number: 1,
  state: 'waiting',
  before: NOON - 43_200_000 - 400 * 86_400_000,
  askedAt: NOON,
  by: 'key ta_42d002fb160d',
  why: 'kept for 400 days, as agreed',
  files: 480,
  rows: 1_204_000,
  bytes: 45_752_000,
  endedAt: null,
  refusedBecause: null,
};

export const RetireArchiveAnswer = z.object({
  plan: RetirementPlan,
  retirement: Retirement.nullable().describe('null: it was a dry run.'),
});

export const ArchiveRetirementsAnswer = z.object({
  retiredBefore: z
    .int()
    .nullable()
    .describe('The archive may lack events that happened before this instant, epoch ms; null: it lacks none.'),
  retirements: z.array(Retirement).describe('The newest 100.'),
});

export const RETIREMENT_ROUTES = {
  retireArchive: {
    method: 'POST',
    path: '/v1/archive-retirements',
    tag: 'operations',
    summary: 'Retire archived events by age, or plan it',
    description:
      'With `dryRun` nothing changes. Without, `confirm` repeats what a plan said, and the next run carries it out: files leave the archive, what generations keep of their events stays, and answers stay exact. It cannot be undone.',
    scope: 'admin',
    body: z.strictObject({
      olderThanDays: z
        .int()
        .min(1)
        .max(36_500)
        .describe('The least age of what goes, counted back from now to the UTC midnight before.'),
      dryRun: z.boolean().default(false).describe('Only plan it.'),
      confirm: z.string().min(1).max(64).optional().describe('As the plan of the same days says.'),
      why: z.string().trim().min(1).max(500).optional().describe('What its author writes about it.'),
    }),
    answer: RetireArchiveAnswer,
    refusals: [409],
    example: {
      asked: { olderThanDays: 400, dryRun: true },
      answer: {
        plan: {
          before: RETIREMENT.before,
          newestBefore: NOON - 43_200_000 - 64 * 86_400_000,
          files: 480,
          rows: 1_204_000,
          bytes: 45_752_000,
          months: [{ month: '2025-09', rows: 1_204_000 }],
          staying: { files: 16, rows: 40_120, copied: 0 },
          corrections: [],
          confirm: '2025-10-16/1204000',
        },
        retirement: null,
      },
    },
  },
  archiveRetirements: {
    method: 'GET',
    path: '/v1/archive-retirements',
    tag: 'operations',
    summary: 'What was retired from the archive by age, when, by whom and why, newest first',
    scope: 'read',
    answer: ArchiveRetirementsAnswer,
    example: { asked: {}, answer: { retiredBefore: null, retirements: [RETIREMENT] } },
  },
} as const satisfies Routes;
