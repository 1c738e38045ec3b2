/** Whether this process lives and may be given work, and its metrics: the only routes without a key. */
import { remembered } from '@tributary/runtime/http/remembered';
import { fromStore } from '@tributary/serving/from-store';
import { takeSnapshot } from '@tributary/serving/snapshot';
import type { ApiContext, Routes } from '../context.ts';

export const routes: Routes = (context) => (app, _options, done) => {
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
      return { ok: false, detail: `store, log and archive are not of one history: ${notOneHistory[0]?.text}${disk}` };
    const lags = missing.length === 0 ? '' : `; incomplete: ${missing[0]?.text}`;
    const note = notes[0] === undefined ? '' : `; ${notes[0].text}`;
    return { ok: true, detail: `generation ${served} is served${older}${lags}${note}${disk}` };
  } catch (cause) {
    // The look itself may have heard of a generation, and tried to load it.
    const { failure: newest } = generations.current();
    const newer = newest === null ? '' : `; the current generation cannot be loaded: ${newest}`;
    return { ok: false, detail: `no report can be given: ${(cause as Error).message}${newer}${disk}` };
  }
}
