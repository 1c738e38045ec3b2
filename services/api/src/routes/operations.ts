/** Running it: how far each partition is, what was parked, and whether this process may be given work. */
import { remembered } from '@tributary/runtime/remembered';
import { fromStore } from '@tributary/serving/from-store';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { count, PROBLEMS } from '../http/schemas.ts';

const RAW_CHARACTERS = 4_096;

export const StatusAnswer = z.object({
  partitions: z.array(
    z.object({
      partition: z.int(),
      position: z.string().nullable().describe('Of the last log entry whose effects are stored.'),
      logEnd: z.string().nullable().describe('Of the newest log entry; null: none, or the log cannot be asked.'),
      behind: z.boolean().nullable().describe('Entries wait to be read; null: unknown.'),
      logTime: z.int().nullable(),
      lagMs: z.int().nullable().describe('Age of the log time; heartbeats move it when the partition idles.'),
      generation: z.int().nullable().describe('Deltas are being added under this generation.'),
    }),
  ),
  generation: z.object({
    current: z.int().nullable().describe('What readers should get.'),
    served: z.int().nullable().describe('What this process serves.'),
    sequence: z.int().nullable(),
    failure: z.string().nullable(),
  }),
  pending: z.int(),
  complete: z.boolean(),
  warnings: z.array(z.string()),
  definitions: z.string(),
});

export const DeadLettersAnswer = z.object({
  deadLetters: z.array(
    z.object({
      partition: z.int(),
      at: z.string().describe('position.index of the record in its partition.'),
      code: z.string(),
      message: z.string(),
      raw: z.string().describe(`The record, cut to ${RAW_CHARACTERS} characters.`),
    }),
  ),
});

export const operationRoutes: Routes = (context) => (app, _options, done) => {
  const { deps } = context;
  app.get(
    '/v1/status',
    {
      schema: {
        tags: ['operations'],
        summary: 'How far both layers are',
        querystring: z.strictObject({}),
        response: { 200: StatusAnswer, ...PROBLEMS },
      },
    },
    () => statusOf(context),
  );

  app.get(
    '/v1/dead-letters',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['operations'],
        summary: 'Records that were no events, parked with the reason',
        querystring: z.strictObject({ limit: count(1_000, 100) }),
        response: { 200: DeadLettersAnswer, ...PROBLEMS },
      },
    },
    async (request) => {
      const letters = await fromStore(deps.store.deadLetters(request.query.limit));
      return { deadLetters: letters.map((letter) => ({ ...letter, raw: letter.raw.slice(0, RAW_CHARACTERS) })) };
    },
  );
  done();
};

async function statusOf(context: ApiContext): Promise<z.infer<typeof StatusAnswer>> {
  const { deps, generations } = context;
  const snapshot = await takeSnapshot(context, [], 'merged');
  const states = await fromStore(deps.store.states());
  const ends = await deps.logReach.ends().catch((cause: unknown) => {
    deps.onWarning('the log did not say where it ends', cause);
    return null;
  });
  const meta = snapshot.meta();
  const { wanted, served, failure } = generations.current();
  return {
    partitions: states.map((state, partition) => {
      const end = ends?.[partition] ?? null;
      return {
        partition,
        position: state?.position ?? null,
        logEnd: end,
        behind: ends === null ? null : end !== null && (state?.position ?? '') < end,
        logTime: state?.logTimeMs ?? null,
        lagMs: state === null ? null : Math.max(0, deps.now() - state.logTimeMs),
        generation: state?.generation ?? null,
      };
    }),
    generation: { current: wanted?.generation ?? null, served, sequence: wanted?.sequence ?? null, failure },
    pending: meta.pending,
    complete: meta.complete,
    warnings: meta.warnings,
    definitions: meta.definitions,
  };
}

/** The only routes without a key. */
export const healthRoutes: Routes = (context) => (app, _options, done) => {
  const { deps } = context;
  const open = { config: { scope: 'open' as const }, logLevel: 'silent' as const };
  app.get('/livez', { ...open, schema: { hide: true } }, async () => ({ ok: true }));
  // Anybody may ask, as often as they like: Redis and the collection of all metrics are asked once a second.
  const { openAnswersMs } = deps.limits;
  const monotonic = () => performance.now();
  const readiness = remembered(() => readinessOf(context), openAnswersMs, monotonic);
  // One buffer for all: unread copies cost no memory, so it needs no share of the unread answers.
  const metrics = remembered(async () => Buffer.from(await deps.metrics.metrics()), openAnswersMs, monotonic);
  app.get('/readyz', { ...open, schema: { hide: true } }, async (_request, reply) => {
    const { ok, detail } = await readiness();
    return reply.code(ok ? 200 : 503).send({ ok, detail });
  });
  app.get('/metrics', { ...open, schema: { hide: true } }, async (_request, reply) =>
    reply.type(deps.metrics.contentType).send(await metrics()),
  );
  done();
};

/** Ready while reports can be given. One that lags is still better than none: that is told, not refused. */
export async function readinessOf(context: ApiContext): Promise<{ ok: boolean; detail: string }> {
  const { deps, generations, board } = context;
  const keyProblem = deps.keys.problem?.(deps.now());
  if (keyProblem !== undefined) return { ok: false, detail: keyProblem };
  const { served, failure } = generations.current();
  if (served === null) return { ok: false, detail: failure ?? 'the current generation is still being loaded' };
  // Answers need no room: who only reads goes on being served as long as the store answers.
  const trouble = deps.diskTrouble?.() ?? null;
  const disk = trouble === null ? '' : `; ${trouble}`;
  try {
    await fromStore(deps.store.pointer());
    // A generation in memory is no answer yet: its deltas may be retired.
    await takeSnapshot(context, [], 'merged');
    const older = failure === null ? '' : `, not the current one: ${failure}`;
    const { missing, notOneHistory, notes } = board.health();
    if (notOneHistory.length > 0)
      return { ok: false, detail: `store, log and archive are not of one history: ${notOneHistory[0]}${disk}` };
    const lags = missing.length === 0 ? '' : `; incomplete: ${missing[0]}`;
    const note = notes[0] === undefined ? '' : `; ${notes[0]}`;
    return { ok: true, detail: `generation ${served} is served${older}${lags}${note}${disk}` };
  } catch (cause) {
    // The look itself may have heard of a generation, and tried to load it.
    const { failure: newest } = generations.current();
    const newer = newest === null ? '' : `; the current generation cannot be loaded: ${newest}`;
    return { ok: false, detail: `no report can be given: ${(cause as Error).message}${newer}${disk}` };
  }
}
