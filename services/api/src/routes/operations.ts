/** Running it: how far each partition is, and whether this process may be given work. */
import { OPERATION_ROUTES, type StatusAnswer } from '@tributary/contract/operations';
import { remembered } from '@tributary/runtime/http/remembered';
import { fromStore } from '@tributary/serving/from-store';
import { takeSnapshot } from '@tributary/serving/snapshot';
import type { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { definitionsInForce } from '../definitions-in-force.ts';
import { serve } from '../http/serve.ts';

export const operationRoutes: Routes = (context) => (app, _options, done) => {
  serve(app, OPERATION_ROUTES.status, () => statusOf(context));
  done();
};

async function statusOf(context: ApiContext): Promise<z.output<typeof StatusAnswer>> {
  const { deps, generations } = context;
  const snapshot = await takeSnapshot(context, [], 'merged');
  const states = await fromStore(deps.store.states());
  const ends = await deps.logReach.ends().catch((cause: unknown) => {
    deps.onWarning('the log did not say where it ends', cause);
    return null;
  });
  const current = await currentManifest(context);
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
    definitionsInForce: current === null ? null : definitionsInForce(current.manifest, current.publication.fileSeen),
  };
}

/** The manifest of the published generation; null also where the data folder does not answer: the rest of the status stands without it. */
async function currentManifest({ deps }: ApiContext) {
  try {
    const publication = await deps.source.publication();
    return publication === null ? null : { publication, manifest: await deps.source.manifest(publication.generation) };
  } catch (cause) {
    deps.onWarning('the current generation did not say which definitions it has', cause);
    return null;
  }
}

/** The only routes without a key. */
export const healthRoutes: Routes = (context) => (app, _options, done) => {
  const { deps } = context;
  const open = { config: { scope: 'open' as const }, logLevel: 'silent' as const };
  app.get('/livez', { ...open }, async () => ({ ok: true }));
  // Anybody may ask, as often as they like: Redis and the collection of all metrics are asked once a second.
  const { openAnswersMs } = deps.limits;
  const monotonic = () => performance.now();
  const readiness = remembered(() => readinessOf(context), openAnswersMs, monotonic);
  // One buffer for all: unread copies cost no memory, so it needs no share of the unread answers.
  const metrics = remembered(async () => Buffer.from(await deps.metrics.metrics()), openAnswersMs, monotonic);
  app.get('/readyz', { ...open }, async (_request, reply) => {
    const { ok, detail } = await readiness();
    return reply.code(ok ? 200 : 503).send({ ok, detail });
  });
  app.get('/metrics', { ...open }, async (_request, reply) => reply.type(deps.metrics.contentType).send(await metrics()));
  done();
};

/** Ready while reports can be given. One that lags is still better than none: that is reported, not refused. */
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
    // A generation in memory is not an answer yet: its deltas may be retired.
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
