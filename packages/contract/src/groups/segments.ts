/** Who is in a segment, and how many entered and left it by day. */
import { z } from 'zod';
import { DayRange, NextCursor, NOON, Sum } from '../shapes/answer-fields.ts';
import { LayerParameter, META_EXAMPLE, Meta, SpeedMeta } from '../shapes/meta.ts';
import { Cursor, count, Range } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const MAX_MEMBERS = 1_000;

export const MembersAnswer = z.object({
  segment: z.string(),
  version: z.string().nullable().describe('Changes with the definition; null: NOT_IN_FORCE.'),
  status: z
    .enum(['READY', 'BACKFILLING', 'NOT_IN_FORCE'])
    .describe(
      'BACKFILLING: the segment is new or changed, and not every user was looked at yet, or records do not reach as far back as it looks; NOT_IN_FORCE: other definitions hold in some partitions yet.',
    ),
  asOf: z
    .int()
    .nullable()
    .describe(
      'Log time up to which members are known, epoch ms: that of the partition that is furthest behind, each is read as of its own. null: not READY, or nothing was read yet.',
    ),
  count: z.int().nullable().describe('How many members there are; null: not READY.'),
  members: z
    .array(z.string())
    .describe('User keys. By partition, and within one by their bytes. Empty where the status is not READY.'),
  nextCursor: NextCursor,
  meta: SpeedMeta,
});

/** Days of an answer. */
export const MAX_SEGMENT_DAYS = 1_000;
/** Days of an answer whose query does not say from when. */
export const USUAL_SEGMENT_DAYS = 30;

export const SegmentCountsAnswer = z.object({
  segment: z.string(),
  version: z.string().nullable().describe('Changes with the definition; null: BACKFILLING.'),
  status: z
    .enum(['READY', 'BACKFILLING'])
    .describe('BACKFILLING: the generation that readers get was computed before the definitions counted the segment by day.'),
  asOf: z
    .int()
    .nullable()
    .describe(
      'Log time of the partition that is furthest behind, epoch ms, with layer=batch at most that of the cut: days up to it are over. null: nothing was read yet.',
    ),
  range: DayRange.describe('The days of `rows`. Both null: BACKFILLING, or nothing was read yet and no range was asked for.'),
  rows: z
    .array(
      z
        .object({
          day: z.string(),
          entered: Sum,
          left: Sum.describe(
            'A user who leaves because time passes is counted on the day on which that is, also while it is to come.',
          ),
          members: Sum.describe('Who are in at the end of the day: all who entered up to it without all who left.'),
          over: z
            .boolean()
            .describe('false: log time has not passed the day, so it says what it comes to if nothing more happens.'),
        })
        .meta({ id: 'SegmentDay' }),
    )
    .describe('Each day of the range, in order.'),
  meta: Meta,
});

const SegmentName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'be a letter, then at most 63 letters, digits and "_"')
  .describe('The name of a segment of the definitions.');

export const SEGMENT_ROUTES = {
  countMembers: {
    method: 'GET',
    path: '/v1/segments/{name}/counts',
    tag: 'reports',
    summary: 'How many users entered and left a segment on each day, and were in it at its end',
    description: 'By UTC day, of a segment with `byDay: true`.',
    scope: 'read',
    params: z.strictObject({ name: SegmentName }),
    query: z.strictObject({
      from: Range.from.describe(`The first day; ${USUAL_SEGMENT_DAYS} days before the last unless it is given.`),
      to: Range.to.describe(
        `The day after the last; that of the newest log time is the last unless it is given. At most ${MAX_SEGMENT_DAYS} days.`,
      ),
      format: z.enum(['json', 'csv']).default('json').describe('How the rows are written.'),
      ...LayerParameter,
    }),
    answer: SegmentCountsAnswer,
    alsoAs: ['text/csv'],
    example: {
      asked: { name: 'activeTripPlanner', from: '2026-11-19', to: '2026-11-21' },
      answer: {
        segment: 'activeTripPlanner',
        version: '20be311afaf0',
        status: 'READY',
        asOf: NOON,
        range: { fromDay: '2026-11-19', toDay: '2026-11-21' },
        rows: [
          { day: '2026-11-19', entered: 41, left: 38, members: 1_201, over: true },
          { day: '2026-11-20', entered: 22, left: 19, members: 1_204, over: false },
        ],
        meta: META_EXAMPLE,
      },
    },
  },
  listMembers: {
    method: 'GET',
    path: '/v1/segments/{name}/members',
    tag: 'users',
    summary: 'Who is in a segment, and how many they are',
    description:
      'By log time, which heartbeats move where no events come: an expiry and an absence take effect without an event of the user. A page holds who is a member when it is read: who stays a member for as long as the pages are read is on one of them, once.',
    scope: 'read',
    params: z.strictObject({ name: SegmentName }),
    query: z.strictObject({
      limit: count(MAX_MEMBERS).default(100).describe('Members of a page.'),
      cursor: Cursor.optional(),
    }),
    answer: MembersAnswer,
    example: {
      asked: { name: 'activeTripPlanner', limit: '2' },
      answer: {
        segment: 'activeTripPlanner',
        version: '20be311afaf0',
        status: 'READY',
        asOf: NOON,
        count: 1_204,
        members: ['ada', 'vera'],
        nextCursor: 'MDAwMDAwMDBbMCwidmVyYSJd',
        meta: { view: 'speed', speed: { lagMs: 0, watermark: NOON }, complete: true, reasons: [], warnings: [] },
      },
    },
  },
} as const satisfies Routes;
