/** Runs of the batch layer: those that wait, the one under way, and those that ended. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { Cursor, count, Why } from '../shapes/parameters.ts';
import { PRIORITIES } from '../shapes/priority.ts';
import type { Routes } from '../shapes/route.ts';

const Progress = z.object({
  stage: z
    .enum(['cutting', 'computing', 'publishing'])
    .describe('It waits until the archive is closed at its barriers; it computes; it publishes and compares.'),
  rows: z.int().nullable().describe('Archived events that it reads; null: not known yet.'),
  percent: z
    .int()
    .nullable()
    .describe(
      'How far it is, 0 to 99: of the time that earlier runs of its mode took with as many rows, or of its shards where several processes compute it. null: neither is known.',
    ),
  remainingMs: z
    .int()
    .nullable()
    .describe(
      'How long it still takes, by earlier runs; 0 where it takes longer than they did. null: fewer than three are known.',
    ),
  shards: z.object({ done: z.int(), total: z.int() }).nullable().describe('Where several processes compute it.'),
});

export const Run = z
  .object({
    id: z.string(),
    state: z
      .enum(['waiting', 'running', 'done', 'failed', 'cancelled'])
      .describe(
        'A failed run stays failed. One that waits for another attempt is `waiting`, with the failure of the last. A cancelled one will not publish, though its work may end a moment later.',
      ),
    mode: z.enum(['incremental', 'full']).describe('As it was asked for.'),
    reason: z.string().describe('`schedule`, or `demand by …`: who asked.'),
    scheduled: z.boolean(),
    promote: z
      .union([z.enum(['auto', 'ask']), z.object({ below: z.number() })])
      .describe('When readers get what it computes, as `promote` of POST /v1/generations.'),
    priority: z.enum(PRIORITIES).describe('Those of a higher one that wait begin first.'),
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
    stagedBecause: z
      .enum(['asked', 'moves_more', 'not_compared', 'engine_defect'])
      .nullable()
      .describe(
        'Why its generation waits for somebody: `promote` asks for it; more moves than it may; it could not be compared; or rows differ for no known reason, which is a defect of the platform. null: it does not wait.',
      ),
    counts: z
      .object({ events: z.int(), newEvents: z.int(), duplicates: z.int() })
      .nullable()
      .describe('Events of its generation, and what it added to the one before.'),
    failure: z.string().nullable().describe('Why its newest attempt failed.'),
    cancelled: z
      .object({ by: z.string(), why: z.string().nullable(), at: z.int() })
      .nullable()
      .describe('Who cancelled it, why and when, epoch ms.'),
    joinedBy: z
      .array(z.string())
      .describe(
        'Who else asked for it before it began, the newest 20: they are without it where it is cancelled. Empty once it ended otherwise.',
      ),
    progress: Progress.nullable().describe('How far it is; null: it is not under way, or does not say yet.'),
  })
  .meta({ id: 'Run' });

const RUN = {
  id: 'run-0b9c2f4e6a55',
  state: 'done',
  mode: 'incremental',
  reason: 'demand by key ta_42d002fb160d',
  scheduled: false,
  promote: 'auto',
  priority: 'normal',
  bringsDefinitions: false,
  queuedAt: NOON,
  beganAt: NOON + 12,
  endedAt: NOON + 4_000,
  attempts: 1,
  generation: 7,
  outcome: 'published',
  stagedBecause: null,
  counts: { events: 1_200, newEvents: 40, duplicates: 2 },
  failure: null,
  cancelled: null,
  joinedBy: [],
  progress: null,
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
  retryRun: {
    method: 'POST',
    path: '/v1/runs/{id}/retry',
    tag: 'generations',
    summary: 'Ask again for what a run asked for that failed or was cancelled',
    description:
      'A new run of the same mode, with the same promotion and the definitions that came with it, also where others came into force since. Attempts that fail for what may pass are made by themselves; a scheduled run comes again by itself too.',
    scope: 'admin',
    params,
    status: 202,
    answer: z.object({
      jobId: z.string().describe('The new run.'),
      joined: z.boolean().describe('It was asked for before and has not begun: the same run serves for both.'),
    }),
    refusals: [404, 409],
    example: { asked: { id: 'run-0b9c2f4e6a55' }, answer: { jobId: 'run-5c31d07e92aa', joined: false } },
  },
  cancelRun: {
    method: 'POST',
    path: '/v1/runs/{id}/cancel',
    tag: 'generations',
    summary: 'Cancel a run that waits or is under way',
    description:
      'From the answer on it will not publish, and what it made is removed. A run that ended, or that is publishing, cannot be cancelled any more: 409 says so. Asked twice, done once.',
    scope: 'admin',
    params,
    body: z.strictObject({ why: Why }),
    answer: Run,
    refusals: [404, 409],
    example: {
      asked: { id: RUN.id, why: 'the wrong file' },
      answer: {
        ...RUN,
        state: 'cancelled',
        outcome: null,
        counts: null,
        endedAt: null,
        cancelled: { by: 'key ta_42d002fb160d', why: 'the wrong file', at: NOON + 900 },
      },
    },
  },
} as const satisfies Routes;
