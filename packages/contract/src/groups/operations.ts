/** How far each partition is. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { ComputationSeen } from '../shapes/computation.ts';
import { Completeness } from '../shapes/meta.ts';
import type { Routes } from '../shapes/route.ts';

const Partition = z
  .object({
    partition: z.int(),
    position: z.string().nullable().describe('Where the last log entry stands whose effects are stored.'),
    logEnd: z.string().nullable().describe('Where the newest log entry stands; null: none, or the log cannot be asked.'),
    behind: z.boolean().nullable().describe('Entries wait to be read; null: unknown.'),
    logTime: z.int().nullable(),
    lagMs: z.int().nullable().describe('Age of the log time; heartbeats move it when the partition idles.'),
    generation: z.int().nullable().describe('Deltas are being added under this generation.'),
  })
  .meta({ id: 'PartitionStatus' });

const DefinitionsInForce = z
  .object({
    version: z.string(),
    source: z.enum(['run', 'file', 'built-in']).nullable().describe('What brought them; null: a version that did not record it.'),
    reason: z.string().nullable().describe('Why the run that brought them was started: `schedule`, `demand by …`.'),
    since: z.int().nullable().describe('When that run began, epoch ms.'),
    fileDiffers: z
      .array(z.string())
      .nullable()
      .describe(
        'Keys for which the file of definitions says otherwise, as the newest generation that was ever published found it; null: no file is known.',
      ),
  })
  .meta({ id: 'DefinitionsInForce' });

export const StatusAnswer = z.object({
  partitions: z.array(Partition),
  generation: z.object({
    current: z.int().nullable().describe('What readers should get.'),
    served: z.int().nullable().describe('What this process serves.'),
    sequence: z.int().nullable(),
    failure: z.string().nullable(),
  }),
  lastRun: z
    .object({
      at: z.int().describe('When its generation was computed, or when it looked, epoch ms.'),
      generation: z.int().describe('What it computed, or after which nothing new came.'),
      nothingNew: z.boolean().describe('It made no generation, because nothing came that it would add.'),
    })
    .nullable()
    .describe('The newest run of the batch layer that ended well; null: none did, or the data folder does not answer.'),
  pending: z.int(),
  ...Completeness,
  computations: z
    .array(ComputationSeen)
    .nullable()
    .describe('Computations beside the platform that are registered, by name; null: it is not known.'),
  definitions: z.string(),
  definitionsInForce: DefinitionsInForce.nullable().describe(
    'Those of the current generation; null: none yet, or it cannot be read.',
  ),
});

export const OPERATION_ROUTES = {
  status: {
    method: 'GET',
    path: '/v1/status',
    tag: 'operations',
    summary: 'How far both layers are',
    scope: 'read',
    answer: StatusAnswer,
    example: {
      asked: {},
      answer: {
        partitions: [
          {
            partition: 0,
            position: '1795176000000-0',
            logEnd: '1795176000000-0',
            behind: false,
            logTime: NOON,
            lagMs: 12,
            generation: 7,
          },
        ],
        generation: { current: 7, served: 7, sequence: 9, failure: null },
        lastRun: { at: NOON, generation: 7, nothingNew: true },
        pending: 0,
        complete: true,
        reasons: [],
        warnings: [],
        computations: [{ name: 'coViewed', version: '1', state: 'RUNNING', lagMs: 0, reportedAt: NOON }],
        definitions: '9f3c52c1a0be',
        definitionsInForce: {
          version: '9f3c52c1a0be',
          source: 'run',
          reason: 'demand by key ta_admin',
          since: NOON,
          fileDiffers: ['attribution.channels', 'conversions'],
        },
      },
    },
  },
} as const satisfies Routes;
