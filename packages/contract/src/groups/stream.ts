/** What comes in just now, second by second. */
import { z } from 'zod';
import { NOON, Sum } from '../shapes/answer-fields.ts';
import { META_EXAMPLE, Meta } from '../shapes/meta.ts';
import type { Routes } from '../shapes/route.ts';

export const EVENT_STREAM = 'text/event-stream';

export const StreamAnswer = z.object({
  at: z.int().describe('Epoch ms.'),
  since: z.string().describe('The UTC day that counts begin with: yesterday.'),
  types: z
    .array(z.object({ type: z.string(), events: Sum }))
    .describe('Distinct events that count, by type, since then: the largest 200. What came in is the difference of two moments.'),
  otherTypes: z.object({ types: z.int(), events: Sum }).describe('All types beyond those.'),
  partitions: z.array(
    z.object({ partition: z.int(), lagMs: z.int().nullable().describe('Age of the log time; null: nothing was read yet.') }),
  ),
  meta: Meta,
});

export const STREAM_ROUTES = {
  stream: {
    method: 'GET',
    path: '/v1/stream',
    tag: 'operations',
    summary: 'What comes in just now, by type, and how old the log time of each partition is',
    description: `As JSON the moment itself. With "Accept: ${EVENT_STREAM}" server-sent events: one named "arrivals" each second, with the same JSON, made once for all who listen. A listener that does not read is cut off, and asks again.`,
    scope: 'read',
    answer: StreamAnswer,
    alsoAs: [EVENT_STREAM],
    example: {
      asked: {},
      answer: {
        at: NOON,
        since: '2026-11-19',
        types: [{ type: 'page', events: 1_565 }],
        otherTypes: { types: 0, events: 0 },
        partitions: [{ partition: 0, lagMs: 240 }],
        meta: META_EXAMPLE,
      },
    },
  },
} as const satisfies Routes;
