/** What comes in just now, second by second. */
import { z } from 'zod';
import { NOON, Sum } from '../shapes/answer-fields.ts';
import { META_EXAMPLE, Meta } from '../shapes/meta.ts';
import { namesOf, valuesOf } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const EVENT_STREAM = 'text/event-stream';

/** Types of the lines that the speed layer sends out (docs/outputs.md). */
export const OUTPUT_KINDS = [
  'conversion.attributed',
  'conversion.repeated',
  'conversion.moved',
  'user.erased',
  'event.enriched',
  'segment.entered',
  'segment.left',
  'segment.revised',
  'session.ended',
  'session.revised',
] as const;

export type OutputKind = (typeof OUTPUT_KINDS)[number];

/** What the stream gives where nothing is chosen is all of these. */
export const STREAM_KINDS = ['arrivals', ...OUTPUT_KINDS] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export const NewestEvent = z.object({
  id: z.string(),
  type: z.string(),
  user: z.string().describe('Its userId, else its anonymousId.'),
  ts: z.int().describe('When it happened, epoch ms.'),
  receivedAt: z.int().describe('When it came, epoch ms.'),
  source: z.string(),
});

export const StreamAnswer = z.object({
  at: z.int().describe('Epoch ms.'),
  since: z.string().describe('The UTC day that counts begin with: yesterday.'),
  types: z
    .array(z.object({ type: z.string(), events: Sum }))
    .describe('Distinct events that count, by type, since then: the largest 200. What came in is the difference of two moments.'),
  otherTypes: z.object({ types: z.int(), events: Sum }).describe('All types beyond those.'),
  newest: z
    .array(NewestEvent)
    .nullable()
    .describe(
      'The newest events since somebody watches, newest first, at most 12: a sample of them, as they came, counted or not. null: not known just now.',
    ),
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
    summary: 'What comes in just now, and what the speed layer says of users: conversions, and who enters and leaves segments',
    description: `As JSON what comes in, by type, and how old the log time of each partition is. With "Accept: ${EVENT_STREAM}" server-sent events: one named "arrivals" each second, with the same JSON, and each line of the output log as it is, named by its type (docs/outputs.md). Each of these has an id: with it as Last-Event-ID, which browsers send by themselves, the stream goes on right behind it, for as long as the output log keeps lines. "stream" says whether outputs are on, "gap" which partitions lost lines meanwhile, "end" why the connection ends: one that reads nothing for 10 s is ended. That a user is erased is sent (user.erased), and nothing else of them.`,
    scope: 'read',
    query: z.strictObject({
      kinds: namesOf(STREAM_KINDS, []).describe('What to listen to; absent: all. For server-sent events only.'),
      segments: valuesOf(64, 'Lines about other segments are left out; written once for each. For server-sent events only.'),
      after: z
        .string()
        .max(16_384)
        .optional()
        .describe('The id of an event, behind which the stream begins. Last-Event-ID is the same, and goes before it.'),
    }),
    answer: StreamAnswer,
    alsoAs: [EVENT_STREAM],
    example: {
      asked: {},
      answer: {
        at: NOON,
        since: '2026-11-19',
        types: [{ type: 'page', events: 1_565 }],
        otherTypes: { types: 0, events: 0 },
        newest: [{ id: 'e1', type: 'page', user: 'ana', ts: NOON, receivedAt: NOON + 120, source: 'web' }],
        partitions: [{ partition: 0, lagMs: 240 }],
        meta: META_EXAMPLE,
      },
    },
  },
} as const satisfies Routes;
