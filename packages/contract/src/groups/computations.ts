/** Computations beside the platform: registered, and how far each is. */
import { z } from 'zod';
import { NOON } from '../shapes/answer-fields.ts';
import { ComputationSeen } from '../shapes/computation.ts';
import type { Routes } from '../shapes/route.ts';
import { OUTPUT_KINDS } from './stream.ts';

export const MOST_COMPUTATIONS = 50;

const Name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'be a letter, then at most 63 letters, digits and "_"')
  .describe('Its name: its events have it as properties.computation.');
const DefinedName = z.string().min(1).max(64);
const Version = z
  .string()
  .regex(/^[!-~]{1,64}$/, 'be 1 to 64 characters of ASCII without spaces')
  .describe('Changes with what is computed: its events have it as properties.version.');

const Computation = ComputationSeen.extend({
  reads: z.object({ kinds: z.array(z.string()), signals: z.array(z.string()) }),
  writes: z.object({ fields: z.array(z.string()) }),
  mostLagMs: z.int(),
  by: z.string(),
  at: z.int().describe('When it was registered, epoch ms.'),
}).meta({ id: 'Computation' });

const EXAMPLE = {
  name: 'coViewed',
  version: '1',
  state: 'RUNNING',
  lagMs: 0,
  reportedAt: NOON - 2_000,
  reads: { kinds: ['event.enriched'], signals: ['lastItems'] },
  writes: { fields: ['items'] },
  mostLagMs: 60_000,
  by: 'key ta_42d002fb160d',
  at: NOON - 86_400_000,
};
const params = z.strictObject({ name: Name });

export const COMPUTATION_ROUTES = {
  computations: {
    method: 'GET',
    path: '/v1/computations',
    tag: 'users',
    summary: 'Computations that are registered, and how far each is',
    scope: 'read',
    answer: z.object({ computations: z.array(Computation).describe('By name.') }),
    example: { asked: {}, answer: { computations: [EXAMPLE] } },
  },
  registerComputation: {
    method: 'POST',
    path: '/v1/computations',
    tag: 'users',
    summary: 'Register a computation, whatever was registered under its name',
    description: `A program that reads outputs and signals, and writes events of the type "computed" back. Answers with values of signals that name its fields say then how far it is. At most ${MOST_COMPUTATIONS}.`,
    scope: 'admin',
    body: z.strictObject({
      name: Name,
      version: Version,
      reads: z
        .strictObject({
          kinds: z.array(z.enum(OUTPUT_KINDS)).max(OUTPUT_KINDS.length).default([]).describe('Lines of the stream; none: all.'),
          signals: z.array(DefinedName).max(200).default([]).describe('Names of signals, sessions and segments in force.'),
        })
        .prefault({})
        .describe('What it reads.'),
      writes: z
        .strictObject({
          fields: z.array(DefinedName).min(1).max(100).describe('Names under "fields" of the definitions in force.'),
        })
        .describe('What of its events definitions read.'),
      mostLagMs: z
        .int()
        .min(1_000)
        .max(86_400_000)
        .default(60_000)
        .describe('For how long it may say nothing, and a line may wait for it, ms.'),
    }),
    answer: z.object({ computation: Computation }),
    refusals: [409],
    example: {
      asked: { name: 'coViewed', version: '1', reads: EXAMPLE.reads, writes: EXAMPLE.writes },
      answer: { computation: { ...EXAMPLE, state: 'NOT_STARTED', lagMs: null, reportedAt: null, at: NOON } },
    },
  },
  reportProgress: {
    method: 'POST',
    path: '/v1/computations/{name}/progress',
    tag: 'users',
    summary: 'Say how far a computation is',
    description: 'For the computation itself, with the key that it sends its events with: at least once in `mostLagMs`.',
    scope: 'server',
    params,
    body: z.strictObject({
      version: Version,
      after: z
        .string()
        .min(1)
        .max(16_384)
        .describe('The id of an event of the stream: the events of all lines up to it are in the log.'),
    }),
    answer: z.object({ computation: ComputationSeen }),
    refusals: [404, 409],
    example: {
      asked: { name: 'coViewed', version: '1', after: '5b1e3c9a.15-10.2s7f9x4b-0' },
      answer: { computation: { name: 'coViewed', version: '1', state: 'RUNNING', lagMs: 0, reportedAt: NOON } },
    },
  },
  removeComputation: {
    method: 'DELETE',
    path: '/v1/computations/{name}',
    tag: 'users',
    summary: 'Remove a computation from the list',
    description: 'What it wrote stays. Its reports are refused from then on.',
    scope: 'admin',
    params,
    refusals: [404],
    answer: z.object({ removed: z.string() }),
    example: { asked: { name: 'coViewed' }, answer: { removed: 'coViewed' } },
  },
} as const satisfies Routes;
