/** Runs of the batch layer: those that wait, the one under way, and those that ended. */
import { z } from 'zod';
import { Cursor, count } from './parameters.ts';
import type { Routes } from './route.ts';
import { NextCursor, NOON } from './shapes.ts';

export const Run = z
  .object({
    id: z.string(),
    state: z
      .enum(['waiting', 'running', 'done', 'failed'])
      .describe('A failed run stays failed. One that waits for another attempt is `waiting`, with the failure of the last.'),
    mode: z.enum(['incremental', 'full']).describe('As it was asked for.'),
    reason: z.string().describe('`schedule`, or `demand by …`: who asked.'),
    scheduled: z.boolean(),
    promote: z
      .union([z.enum(['auto', 'ask']), z.object({ below: z.number() })])
      .describe('When readers get what it computes, as `promote` of POST /v1/generations.'),
    bringsDefinitions: z.boolean().describe('New definitions came with it.'),
    queuedAt: z.int().describe('When it was asked for, or was due, epoch ms.'),
    beganAt: z.int().nullable().describe('When its newest attempt began.'),
    endedAt: z.int().nullable(),
    attempts: z.int().describe('How often it was begun.'),
    generation: z
      .int()
      .nullable()
      .describe('The generation that it makes. Where `outcome` is `nothing_new`: the one after whose cut nothing came.'),
    outcome: z
      .enum(['published', 'already', 'held', 'overtaken', 'staged', 'nothing_new'])
      .nullable()
      .describe(
        'What became of its generation: readers got it; an earlier attempt had published it; a rollback or a staged generation keeps it from readers; somebody published meanwhile; it waits for a promotion; nothing new came, so none was made. null: it is not done.',
      ),
    counts: z
      .object({ events: z.int(), newEvents: z.int(), duplicates: z.int() })
      .nullable()
      .describe('Events of its generation, and what it added to the one before.'),
    failure: z.string().nullable().describe('Why its newest attempt failed.'),
  })
  .meta({ id: 'Run' });

const RUN = {
  id: 'run-0b9c2f4e6a55',
  state: 'done',
  mode: 'incremental',
  reason: 'demand by key ta_42d002fb160d',
  scheduled: false,
  promote: 'auto',
  bringsDefinitions: false,
  queuedAt: NOON,
  beganAt: NOON + 12,
  endedAt: NOON + 4_000,
  attempts: 1,
  generation: 7,
  outcome: 'published',
  counts: { events: 1_200, newEvents: 40, duplicates: 2 },
  failure: null,
};

const params = z.strictObject({
  id: z.string().min(1).max(128).describe('Its id, as POST /v1/generations answered it (`jobId`).'),
});

export const RUN_ROUTES = {
  runs: {
    method: 'GET',
    path: '/v1/runs',
    tag: 'generations',
    summary: 'Runs of the batch layer, newest first',
    description:
      'Those that wait, the one under way, and the newest 200 that ended well and 200 that failed. A scheduled run that found nothing new is not listed: `/v1/status` says when the last one looked.',
    scope: 'read',
    query: z.strictObject({ limit: count(1_000).default(50).describe('Runs of a page.'), cursor: Cursor.optional() }),
    answer: z.object({ runs: z.array(Run).describe('Newest first.'), nextCursor: NextCursor }),
    example: { asked: { limit: '1' }, answer: { runs: [RUN], nextCursor: null } },
  },
  run: {
    method: 'GET',
    path: '/v1/runs/{id}',
    tag: 'generations',
    summary: 'One run of the batch layer',
    scope: 'read',
    params,
    answer: Run,
    refusals: [404],
    example: { asked: { id: RUN.id }, answer: RUN },
  },
} as const satisfies Routes;
