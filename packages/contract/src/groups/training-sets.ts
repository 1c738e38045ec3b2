/** Training sets: what definitions said of users at instants of the past, computed by the batch layer as one Parquet file. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { BodyInstant, UserId } from '../shapes/parameters.ts';
import type { Routes } from '../shapes/route.ts';
import { MAX_SIGNALS } from './signal-values.ts';

export const MAX_ROWS = 10_000;

const Id = z
  .string()
  .regex(/^set-[0-9a-z]{8,9}-[0-9a-f]{8}$/, 'be the id of a training set, such as set-mwb5i8cg-42d002fb')
  .describe('As the answer to the request has it.');

const TrainingSet = z
  .object({
    id: z.string(),
    state: z
      .enum(['waiting', 'running', 'done', 'failed', 'cancelled'])
      .describe('One is computed at a time, with questions to the archive. `failure` says why one failed.'),
    signals: z.array(z.string()).nullable().describe('null: all definitions of the generation.'),
    knowledge: z.enum(['event', 'served']),
    rows: z.object({ asked: z.int(), done: z.int().describe('To the last thousand while it runs.') }),
    byStatus: z
      .record(z.string(), z.int())
      .describe(
        'How many rows are READY, AFTER_CUT (the instant lies after the cut), TOO_MANY_EVENTS (of that user more are within reach than are read) and RETIRED (events within reach may have been retired from the archive).',
      ),
    askedAt: z.int(),
    by: z.string(),
    generation: z.int().nullable().describe('Events up to the cut of this generation count; null: it is not computed yet.'),
    cut: z.int().nullable().describe('When that one was cut, epoch ms.'),
    versions: z.record(z.string(), z.string()).describe('Versions of the definitions, by name.'),
    warnings: z
      .array(z.string())
      .describe(
        'What its rows lack: where keys of one person are joined, messages between them that were in flight at the cut. Empty: nothing is known to be missing.',
      ),
    bytes: z.int().nullable().describe('Bytes of the file at /v1/training-sets/{id}/file; null: it is not there yet.'),
    sha256: z.string().nullable(),
    tookMs: z.int().nullable(),
    expiresAt: z.int().describe('When it is removed. Epoch ms.'),
    failure: z.string().nullable(),
  })
  .meta({ id: 'TrainingSet' });

/** Opaque; one that no log writes would be compared with those of events as a text. */
const POSITION = /^\d[\d-]{0,63}$/;

const AskBody = z
  .strictObject({
    rows: z
      .array(
        z.strictObject({
          user: UserId,
          instant: BodyInstant.describe('Events before it count.'),
          label: z
            .union([z.string().max(1_024), z.number(), z.boolean()])
            .nullish()
            .describe('Stands in the file as text.'),
          position: z
            .string()
            .regex(POSITION, 'be the position that an answer of /v1/signals/values names')
            .nullish()
            .describe('With served: as the answer names it. Absent: events count that were received before the instant.'),
        }),
      )
      .min(1)
      .max(MAX_ROWS),
    signals: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(MAX_SIGNALS)
      .optional()
      .describe('Names of signals, sessions and segments of the generation that readers get; absent: all.'),
    knowledge: z
      .enum(['event', 'served'])
      .default('event')
      .describe(
        'event: all events that happened before the instant. served: of these only the ones that were known when the API answered, so that values are those that it gave.',
      ),
  })
  .superRefine(({ rows, knowledge }, found) => {
    const at = knowledge === 'served' ? -1 : rows.findIndex(({ position }) => position != null);
    if (at >= 0)
      found.addIssue({
        code: 'custom',
        path: ['rows', at, 'position'],
        message: 'be left out, or asked with "knowledge": "served"',
      });
  });

const SET = {
  id: 'set-mwb5i8cg-42d002fb',
  state: 'done',
  signals: ['views1h'],
  knowledge: 'event',
  rows: { asked: 1, done: 1 },
  byStatus: { READY: 1 },
  askedAt: NOON,
  by: 'key ta_42d002fb160d',
  generation: 7,
  cut: NOON - 60_000,
  versions: { views1h: '5b1e3c9a0f27' },
  warnings: [],
  bytes: 1_180,
  sha256: '0'.repeat(64),
  tookMs: 900,
  expiresAt: NOON + 86_400_000,
  failure: null,
};
const ONE = {
  tag: 'users',
  path: '/v1/training-sets/{id}',
  params: z.strictObject({ id: Id }),
  refusals: [404],
  answer: z.object({ trainingSet: TrainingSet }),
} as const;

export const TRAINING_SET_ROUTES = {
  trainingSets: {
    method: 'GET',
    path: '/v1/training-sets',
    tag: 'users',
    summary: 'All training sets that are kept, newest first',
    scope: 'read',
    answer: z.object({ trainingSets: z.array(TrainingSet) }),
    example: { asked: {}, answer: { trainingSets: [SET] } },
  },
  makeTrainingSet: {
    method: 'POST',
    path: '/v1/training-sets',
    tag: 'users',
    summary: 'Compute what definitions said of users at instants of the past',
    description:
      'Answers at once; follow it at /v1/training-sets/{id}, then read the Parquet file at /v1/training-sets/{id}/file. At most 8 are kept, for a day.',
    scope: 'admin',
    body: AskBody,
    status: 202,
    answer: z.object({ trainingSet: TrainingSet }),
    refusals: [409],
    example: {
      asked: { rows: [{ user: 'ada', instant: NOON - 3_600_000, label: true }], signals: ['views1h'] },
      answer: {
        trainingSet: {
          ...SET,
          state: 'waiting',
          rows: { asked: 1, done: 0 },
          byStatus: {},
          versions: {},
          ...{ generation: null, cut: null, bytes: null, sha256: null, tookMs: null },
        },
      },
    },
  },
  trainingSet: {
    ...ONE,
    method: 'GET',
    scope: 'read',
    summary: 'One training set, and how far it is',
    example: { asked: { id: SET.id }, answer: { trainingSet: SET } },
  },
  dropTrainingSet: {
    ...ONE,
    method: 'DELETE',
    scope: 'admin',
    summary: 'Cancel a training set, or give up its file',
    example: { asked: { id: SET.id }, answer: { trainingSet: { ...SET, state: 'cancelled' } } },
  },
} as const satisfies Routes;
