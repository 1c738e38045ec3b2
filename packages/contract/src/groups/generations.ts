/** Generations and their reconciliations: what was computed, what readers get, and going back and forth between them. */
import { z } from 'zod';
import { NextCursor, NOON } from '../shapes/answer-fields.ts';
import { Cursor, count, GenerationNumber, Why } from '../shapes/parameters.ts';
import { PRIORITIES } from '../shapes/priority.ts';
import type { Routes } from '../shapes/route.ts';
import { RECONCILIATION_EXAMPLE, Reconciliation } from './reconciliation.ts';

const Mode = z.enum(['incremental', 'full']);

export const Generation = z
  .object({
    generation: z.int(),
    state: z.string(),
    mode: Mode,
    base: z.int().nullable(),
    reason: z.string(),
    createdAt: z.int().describe('The cut, epoch ms.'),
    computedAt: z.int().nullable(),
    definitionsVersion: z.string(),
    counts: z.object({
      events: z.int(),
      newEvents: z.int(),
      duplicates: z.int(),
      corrected: z
        .record(z.string(), z.int())
        .optional()
        .describe('How many of all events each correction applies to, by its name. Absent: the definitions correct nothing.'),
      recounted: z
        .int()
        .optional()
        .describe('Events of its base that count otherwise than there. Absent: both correct events alike, or it has no base.'),
    }),
    current: z.boolean().describe('Readers get this one.'),
    staged: z
      .boolean()
      .describe('It waits for somebody who promotes or discards it; until then only `layer=staged` answers from it.'),
    published: z.boolean().describe('One of the publications that are kept names it: a rollback may go back to it.'),
    failure: z.string().optional(),
  })
  .meta({ id: 'Generation' });

const Publication = z
  .object({
    sequence: z.int(),
    generation: z.int(),
    action: z.enum(['publish', 'rollback']),
    held: z.boolean().describe('Scheduled runs do not publish until somebody publishes by hand.'),
    at: z.int(),
    by: z.string(),
    why: z.string().optional().describe('What its author wrote about it.'),
    engineDefectRows: z
      .int()
      .optional()
      .describe('Rows of its reconciliation that differ for no known reason: it was published by hand in spite of them.'),
    notCompared: z
      .literal(true)
      .optional()
      .describe(
        'It was published by hand, for the first time, though its reconciliation is missing, damaged or failed, or compares it with another generation than readers had.',
      ),
    discarded: z.int().optional().describe('The staged generation that was given up; readers went on with `generation`.'),
  })
  .meta({ id: 'Publication' });

export const GenerationsAnswer = z.object({
  generations: z.array(Generation).describe('Newest first.'),
  publication: Publication.nullable(),
  nextCursor: NextCursor,
});
export const GenerationAnswer = z.object({
  ...Generation.shape,
  cutPositions: z.array(z.string()).describe('Position of the barrier in each partition.'),
  definitions: z.unknown(),
  views: z.record(
    z.string(),
    z.object({
      rows: z.int().describe('All its files together; rows of one key add up.'),
      bytes: z.int().describe('A file with rows of several small views is counted for each of them.'),
      sha256: z.string().describe('Digest of its file; where it has several, of their digests one after the other.'),
    }),
  ),
});
export const PublicationsAnswer = z.object({
  publications: z.array(Publication).describe('Newest first.'),
  nextCursor: NextCursor,
});
export const PublishedAnswer = z.object({ publication: Publication });

export const ReconciliationAnswer = z.object({ generation: z.int(), reconciliation: Reconciliation });
export const ReconciliationsAnswer = z.object({
  reconciliations: z.array(z.object(ReconciliationAnswer.shape)).describe('Newest first.'),
  nextCursor: NextCursor,
});

const params = z.strictObject({ generation: GenerationNumber.describe('Its number, from 1.') });

/** Definitions are checked by the model's own parser; here only their size is. */
const RunBody = z.strictObject({
  mode: Mode.default('incremental'),
  definitions: z.record(z.string(), z.unknown()).optional().describe('New definitions, in force from this generation on.'),
  promote: z
    .union([z.enum(['auto', 'ask']), z.strictObject({ below: z.number().gt(0).lt(1) })])
    .default('auto')
    .describe(
      'When readers get it. auto: as soon as it is computed; ask: when somebody promotes it; below: by itself, if at most this part of every sum of every view moves to other rows, comes or goes (0.005 for half a percent), else when somebody promotes it. Definitions cannot be staged: they hold from the cut on.',
    ),
  priority: z
    .enum(PRIORITIES)
    .default('normal')
    .describe(
      'Which of the runs that wait begins first; of one priority the one that was asked for first. Scheduled runs are normal. The one under way is not stopped. Runs that bring definitions must be normal.',
    ),
});

const MoveBody = z.strictObject({
  comparedWith: z
    .int()
    .min(0)
    .optional()
    .describe(
      'The generation that readers must have now, as its reconciliation has it; refused with 409 where they have another one.',
    ),
  why: Why,
});

const GENERATION = {
  generation: 7,
  state: 'computed',
  mode: 'incremental',
  base: 6,
  reason: 'schedule',
  createdAt: NOON,
  computedAt: NOON + 4_000,
  definitionsVersion: '9f3c52c1a0be',
  counts: { events: 1_200, newEvents: 40, duplicates: 2 },
  current: true,
  staged: false,
  published: true,
};
const PUBLICATION = {
  sequence: 9,
  generation: 7,
  action: 'publish',
  held: false,
  at: NOON + 5_000,
  by: 'key ta_42d002fb160d',
};
const RECONCILIATION = { generation: 7, reconciliation: RECONCILIATION_EXAMPLE };

const PUBLISH = {
  method: 'POST',
  tag: 'generations',
  scope: 'admin',
  params,
  body: MoveBody,
  answer: PublishedAnswer,
  refusals: [404, 409],
} as const;

export const GENERATION_ROUTES = {
  generations: {
    method: 'GET',
    path: '/v1/generations',
    tag: 'generations',
    summary: 'All generations, newest first',
    scope: 'read',
    query: z.strictObject({ limit: count(1_000).default(50).describe('Generations of a page.'), cursor: Cursor.optional() }),
    answer: GenerationsAnswer,
    example: {
      asked: { limit: '1' },
      answer: { generations: [GENERATION], publication: PUBLICATION, nextCursor: null },
    },
  },
  generation: {
    method: 'GET',
    path: '/v1/generations/{generation}',
    tag: 'generations',
    summary: 'One generation',
    scope: 'read',
    params,
    answer: GenerationAnswer,
    refusals: [404],
    example: {
      asked: { generation: '7' },
      answer: {
        ...GENERATION,
        cutPositions: ['1795176000000-0'],
        definitions: {},
        views: { credit: { rows: 12, bytes: 2_048, sha256: 'a'.repeat(64) } },
      },
    },
  },
  requestGeneration: {
    method: 'POST',
    path: '/v1/generations',
    tag: 'generations',
    summary: 'Ask for a new generation',
    description: 'Answers at once; follow it at /v1/generations.',
    scope: 'admin',
    body: RunBody,
    status: 202,
    answer: z.object({
      jobId: z.string(),
      mode: Mode,
      joined: z
        .boolean()
        .describe(
          'An equal run, the last one that was asked for, had not begun: it computes all that came by now, so no second one was asked for.',
        ),
    }),
    example: { asked: { mode: 'full' }, answer: { jobId: 'run-12', mode: 'full', joined: false } },
  },
  publishGeneration: {
    ...PUBLISH,
    path: '/v1/generations/{generation}/publish',
    summary: 'Make a computed generation the one that readers get',
    example: { asked: { generation: '7' }, answer: { publication: PUBLICATION } },
  },
  rollbackGeneration: {
    ...PUBLISH,
    path: '/v1/generations/{generation}/rollback',
    summary: 'Go back to this older generation',
    description: 'Scheduled runs do not publish until somebody publishes by hand.',
    example: {
      asked: { generation: '6' },
      answer: { publication: { ...PUBLICATION, sequence: 10, generation: 6, action: 'rollback', held: true } },
    },
  },
  discardGeneration: {
    method: 'POST',
    path: '/v1/generations/{generation}/discard',
    tag: 'generations',
    summary: 'Give a staged generation up',
    description: 'Readers keep what they have. It can never be published again, and its files go with the next run.',
    scope: 'admin',
    params,
    body: z.strictObject({ why: Why }),
    answer: PublishedAnswer,
    refusals: [404, 409],
    example: { asked: { generation: '8' }, answer: { publication: { ...PUBLICATION, sequence: 10, discarded: 8 } } },
  },
  publications: {
    method: 'GET',
    path: '/v1/publications',
    tag: 'generations',
    summary: 'Which generations readers got, since when, by whom and why, newest first',
    description: 'The newest thousand: what was published (a promotion is a publication), rolled back and discarded.',
    scope: 'read',
    query: z.strictObject({ limit: count(1_000).default(50).describe('Publications of a page.'), cursor: Cursor.optional() }),
    answer: PublicationsAnswer,
    example: { asked: { limit: '1' }, answer: { publications: [PUBLICATION], nextCursor: null } },
  },
  reconciliations: {
    method: 'GET',
    path: '/v1/reconciliations',
    tag: 'generations',
    summary: 'Real time against truth, of every generation that was compared',
    scope: 'read',
    query: z.strictObject({ limit: count(100).default(20).describe('Reconciliations of a page.'), cursor: Cursor.optional() }),
    answer: ReconciliationsAnswer,
    example: { asked: { limit: '1' }, answer: { reconciliations: [RECONCILIATION], nextCursor: null } },
  },
  reconciliation: {
    method: 'GET',
    path: '/v1/reconciliations/{generation}',
    tag: 'generations',
    summary: 'What changed for readers when this generation was published, and why',
    scope: 'read',
    params,
    answer: ReconciliationAnswer,
    refusals: [404],
    example: { asked: { generation: '7' }, answer: RECONCILIATION },
  },
} as const satisfies Routes;
