/** Records that could not be read as events: what became of them is an operator's to decide. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { Cursor, count, DeadLetterIdParameter } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';

export const RAW_CHARACTERS = 4_096;

const DeadLetter = z
  .object({
    id: z.string(),
    partition: z.int(),
    at: z.string().describe('position.index of the record in its partition; of a barrier or heartbeat its position.'),
    parkedAt: z.int().describe('Epoch ms.'),
    code: z.string(),
    message: z.string(),
    raw: z.string().describe(`The record, cut to ${RAW_CHARACTERS} characters.`),
  })
  .meta({ id: 'DeadLetter' });

export const DeadLettersAnswer = z.object({
  deadLetters: z.array(DeadLetter).describe('Newest first. A page may hold fewer than `limit` though others follow.'),
  nextCursor: NextCursor,
});
export const DeadLetterAnswer = z.object({ deadLetter: DeadLetter });
export const ReplayAnswer = z.object({
  replayed: z.boolean().describe('It was appended to the log as an event, and is a dead letter no more.'),
  eventId: z.string().nullable().describe('The id of the event that was appended; null: none was.'),
  deadLetter: DeadLetter.nullable().describe(
    'What still cannot be read, with the reason as of now; with a new reason it has a new id.',
  ),
});

const LETTER = {
  id: '3-1795176000412-0',
  partition: 3,
  at: '1795176000000-0.0',
  parkedAt: NOON + 412,
  code: 'invalid_json',
  message: 'the record is not JSON',
  raw: '{"ts":',
};
const asked = { id: LETTER.id };
const ONE = {
  tag: 'operations',
  scope: 'admin',
  path: '/v1/dead-letters/{id}',
  params: z.strictObject({ id: DeadLetterIdParameter }),
  refusals: [404],
} as const;

export const DEAD_LETTER_ROUTES = {
  deadLetters: {
    method: 'GET',
    path: '/v1/dead-letters',
    tag: 'operations',
    summary: 'Records that could not be read as events, parked with the reason',
    description: 'The newest 10 000 or so of each partition are kept. They hold what was sent, personal data too.',
    scope: 'admin',
    query: z.strictObject({ limit: count(1_000).default(100).describe('Dead letters of a page.'), cursor: Cursor.optional() }),
    answer: DeadLettersAnswer,
    example: { asked: { limit: '1' }, answer: { deadLetters: [LETTER], nextCursor: null } },
  },
  deadLetter: {
    ...ONE,
    method: 'GET',
    summary: 'One record that could not be read as an event',
    answer: DeadLetterAnswer,
    example: { asked, answer: { deadLetter: LETTER } },
  },
  replayDeadLetter: {
    ...ONE,
    method: 'POST',
    path: '/v1/dead-letters/{id}/replay',
    summary: 'Read a dead letter again, and append it as an event if it is one',
    description: 'The event keeps its id, so it counts once, however often this is asked.',
    answer: ReplayAnswer,
    refusals: [404, 409],
    example: { asked, answer: { replayed: true, eventId: 'order-1', deadLetter: null } },
  },
  dropDeadLetter: {
    ...ONE,
    method: 'DELETE',
    summary: 'Remove a dead letter for good',
    answer: DeadLetterAnswer,
    example: { asked, answer: { deadLetter: LETTER } },
  },
} as const satisfies Routes;
