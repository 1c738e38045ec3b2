/** Who is in a segment. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { SpeedMeta } from '../shapes/meta.ts';
import { Cursor, count } from '../shapes/parameters.ts';
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

export const SEGMENT_ROUTES = {
  listMembers: {
    method: 'GET',
    path: '/v1/segments/{name}/members',
    tag: 'users',
    summary: 'Who is in a segment, and how many they are',
    description:
      'By log time, which heartbeats move where no events come: an expiry and an absence take effect without an event of the user. A page holds who is a member when it is read: who stays a member for as long as the pages are read is on one of them, once.',
    scope: 'read',
    params: z.strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'be a letter, then at most 63 letters, digits and "_"')
        .describe('The name of a segment of the definitions.'),
    }),
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
