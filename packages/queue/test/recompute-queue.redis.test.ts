/** The queue on a real Redis: once, one at a time, and back into the queue when its worker goes. */

import { once } from 'node:events';
import { TributaryError } from '@tributary/model/errors';
import { queuePrefix } from '@tributary/queue/jobs';
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import type { JobAttempt } from '@tributary/queue/recompute-worker';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import { MOST_JOINED, MOST_WAITING } from '@tributary/queue/run-records';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { untilAborted } from '@tributary/testkit/until-aborted';
import type { Redis } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';

const rig = createQueueRig();
let redis: Redis;
let queue: RecomputeQueue;

beforeEach(() => {
  redis = rig.connect();
  queue = openRecomputeQueue(redis, rig.namespace);
  rig.stopAfter(() => queue.close());
});

const failures: string[] = [];
const cancelled: unknown[] = [];
async function startWorker(handle: (attempt: JobAttempt) => Promise<unknown>, lockMs = 1_000) {
  const worker = await startRecomputeWorker({
    redis: rig.connect(),
    namespace: rig.namespace,
    handle,
    isTransient: (error) => error instanceof TributaryError && error.code === 'log_unavailable',
    onError: () => {},
    onCancelled: async (begun, { by, why }) => void cancelled.push([begun, by, why]),
    onFailed: (_, error, final) => failures.push(`${final ? 'final' : 'transient'}: ${error.message}`),
    lockMs,
    now: Date.now,
  });
  rig.stopAfter(() => worker.stop());
  return worker;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a run that was asked for reaches the worker with its parameters, and its result can be looked up', async () => {
  const seen: JobAttempt[] = [];
  await startWorker(async (attempt) => {
    seen.push(attempt);
    return { generation: 7 };
  });
  const { jobId } = await queue.requestRun({ mode: 'full', definitions: '{"a":1}', by: 'ana' });
  expect(jobId).not.toContain(':');
  await until(async () => (await queue.status(jobId))?.state === 'completed', 'the job');
  expect(seen[0]?.data).toEqual({
    action: 'run',
    mode: 'full',
    reason: 'demand by ana',
    scheduled: false,
    definitions: '{"a":1}',
    begun: null,
  });
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed', result: { generation: 7 } });
  expect(await queue.status('unknown')).toBeNull();
});

test('the list has runs in every state, newest first; a failed one stays failed, and a scheduled one that found nothing is left out', async () => {
  const hold = Promise.withResolvers<void>();
  const counts = { events: 5, newEvents: 2, duplicates: 1 };
  await startWorker(async ({ data, remember }) => {
    if (data.scheduled) return { generation: 1, published: 'nothing_new', counts };
    if (data.reason.endsWith('wrong')) throw new TributaryError('archive_corrupt', 'bad file');
    await remember({ generation: 8, sequence: 3 });
    if (data.mode === 'full') await hold.promise;
    return { generation: 8, published: 'staged', counts };
  });
  const wrong = await queue.requestRun({ mode: 'incremental', by: 'wrong' });
  const staged = await queue.requestRun({ mode: 'incremental', by: 'ana', promotion: 'ask', definitions: '{}' });
  await until(async () => (await queue.run(staged.jobId))?.state === 'done', 'the staged run');
  await queue.schedules.seed(60_000, Date.now());
  await until(async () => (await queue.counts())['delayed'] === 1, 'the scheduled run');
  const full = await queue.requestRun({ mode: 'full', by: 'ben' });
  await until(async () => (await queue.run(full.jobId))?.generation === 8, 'the full run');
  const waits = await queue.requestRun({ mode: 'full', by: 'ann' });

  const runs = await queue.runs();
  expect(runs.map(({ id }) => id)).toEqual([waits, full, staged, wrong].map(({ jobId }) => jobId));
  expect(runs).toMatchObject([
    { state: 'waiting', beganAt: null, attempts: 0, generation: null },
    { state: 'running', mode: 'full', reason: 'demand by ben', endedAt: null, attempts: 1, generation: 8, outcome: null },
    { state: 'done', promotion: 'ask', bringsDefinitions: true, generation: 8, outcome: 'staged', counts, failure: null },
    { state: 'failed', failure: 'bad file', outcome: null },
  ]);
  expect(await queue.run(wrong.jobId)).toEqual(runs[3]);
  expect(await queue.run('unknown')).toBeNull();
  hold.resolve();
});

test('runs that wait are bounded, and the refusal says what to look at', async () => {
  const others = Array.from({ length: MOST_WAITING }, (_, i) => `{"latenessDays":${i}}`);
  await Promise.all(others.map((definitions) => queue.requestRun({ mode: 'incremental', by: 'ana', definitions })));
  await expect(queue.requestRun({ mode: 'incremental', by: 'ana' })).rejects.toMatchObject({
    code: 'conflict',
    message: `runs that wait must be fewer than ${MOST_WAITING} (got ${MOST_WAITING}). See "tributary batch runs", and whether the recompute role runs`,
  });
  expect(await queue.runs()).toHaveLength(MOST_WAITING);
});

test('a run says who else asked for it while it waits, is under way or is cancelled, each once, and the newest 20', async () => {
  const ask = (by: string) => queue.requestRun({ mode: 'full', by });
  const { jobId } = await ask('ana');
  expect((await queue.run(jobId))?.joinedBy).toBeUndefined();
  for (const by of ['ben', 'ana', 'ben', 'ann']) expect(await ask(by)).toEqual({ jobId, joined: true });
  expect((await queue.run(jobId))?.joinedBy).toEqual(['ben', 'ann']);
  for (let i = 0; i < 25; i++) await ask(`other ${i}`);
  expect((await queue.runs())[0]?.joinedBy).toHaveLength(MOST_JOINED);
  const stopped = await queue.cancel(jobId, SAID);
  expect([stopped?.state, stopped?.joinedBy?.at(-1)]).toEqual(['cancelled', 'other 24']);
  await startWorker(async () => ({ generation: 1, published: 'published' }));
  const next = await ask('ana');
  await until(async () => (await queue.run(next.jobId))?.state === 'done', 'the next run');
  expect(await queue.run(next.jobId)).not.toHaveProperty('joinedBy');
});

test('what a run asked for that was cancelled or failed is asked for again, as a new run; one that waits is not', async () => {
  const { jobId } = await queue.requestRun({ mode: 'full', definitions: '{"a":1}', promotion: 'ask', by: 'ana' });
  expect(await queue.retry(jobId, 'ben')).toMatchObject({ run: { state: 'waiting' }, asked: null });
  expect(await queue.retry('run-unknown', 'ben')).toBeNull();
  await queue.cancel(jobId, SAID);
  const again = await queue.retry(jobId, 'ben');
  expect(again).toMatchObject({ run: { state: 'cancelled' }, asked: { joined: false } });
  // Asked twice, because the first answer was lost: one run.
  expect((await queue.retry(jobId, 'ben'))?.asked).toEqual({ jobId: again?.asked?.jobId, joined: true });
  const seen: JobAttempt['data'][] = [];
  await startWorker(async ({ data }) => {
    seen.push(data);
    throw new Error('a file is damaged');
  });
  const id = again?.asked?.jobId ?? '';
  await until(async () => (await queue.run(id))?.state === 'failed', 'the failure');
  expect(seen).toMatchObject([{ mode: 'full', definitions: '{"a":1}', promotion: 'ask', reason: 'demand by ben', begun: null }]);
  expect(await queue.retry(id, 'ana')).toMatchObject({ run: { state: 'failed' }, asked: { joined: false } });
});

test('a run that is asked for twice before it begins is one; another one in between, one under way or one that was cancelled is not joined', async () => {
  const full = () => queue.requestRun({ mode: 'full', by: 'ana' });
  const first = await full();
  expect(first.joined).toBe(false);
  expect(await queue.requestRun({ mode: 'full', by: 'ben' })).toEqual({ jobId: first.jobId, joined: true });
  // It would take back what this one brings, if it came after it.
  const brings = await queue.requestRun({ mode: 'full', by: 'ana', definitions: '{}' });
  const after = await full();
  expect([brings.joined, after.joined, after.jobId === first.jobId]).toEqual([false, false, false]);
  expect((await queue.requestRun({ mode: 'full', by: 'ana', promotion: 'ask' })).joined).toBe(false);
  const last = await full();
  await queue.cancel(last.jobId, SAID);
  const again = await full();
  expect([last.joined, again.joined]).toEqual([false, false]);
  const hold = Promise.withResolvers<void>();
  await startWorker(async () => {
    await hold.promise;
    return { generation: 1, published: 'published' };
  });
  await until(async () => (await queue.run(first.jobId))?.state === 'running', 'the first run');
  expect(await full()).toEqual({ jobId: again.jobId, joined: true });
  hold.resolve();
  await until(async () => (await queue.run(again.jobId))?.state === 'done', 'the last run');
  const begins = await full();
  expect(begins.joined).toBe(false);
});

const SAID = { by: 'ana', why: 'the wrong file', at: 5 };

test('law 7: a run that is cancelled under way is aborted at once and cleared up behind, and the next one goes on', async () => {
  cancelled.length = 0;
  const aborted = Promise.withResolvers<void>();
  await startWorker(async ({ data, remember, signal }) => {
    if (data.mode === 'full') return { generation: 4, published: 'published' };
    await remember({ generation: 3, sequence: 2 });
    await untilAborted(signal);
    aborted.resolve();
    return null;
  });
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'ben' });
  await until(async () => (await queue.run(jobId))?.generation === 3, 'the run');
  const next = await queue.requestRun({ mode: 'full', by: 'ben' });
  expect(await queue.cancel(jobId, SAID)).toMatchObject({ state: 'cancelled', cancelled: SAID });
  await until(async () => (await queue.run(next.jobId))?.state === 'done', 'the next run');
  expect(cancelled).toEqual([[{ generation: 3, sequence: 2 }, 'ana', 'the wrong file']]);
  expect(await queue.run(jobId)).toMatchObject({
    state: 'cancelled',
    generation: 3,
    outcome: null,
    failure: null,
    cancelled: SAID,
  });
  // Twice the same, and who cancelled first stays.
  expect(await queue.cancel(jobId, { ...SAID, by: 'ben' })).toMatchObject({ state: 'cancelled', cancelled: SAID });
  expect(await queue.cancel('unknown', SAID)).toBeNull();
});

test('law 3: a run that waits is cancelled before a worker takes it, and is never begun', async () => {
  let begun = 0;
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'ben' });
  expect(await queue.cancel(jobId, SAID)).toMatchObject({ state: 'cancelled', attempts: 0 });
  await startWorker(async () => begun++);
  await until(async () => (await queue.run(jobId))?.endedAt !== null, 'the worker');
  expect(begun).toBe(0);
  expect(await queue.run(jobId)).toMatchObject({ state: 'cancelled', cancelled: SAID });
});

/** One run is cancelled before its end, one after it; of the others either may be. */
const CERTAIN = ['cancelled', 'done'];

test('law 3: a cancel that races with the end of a run either stops it or came too late, and both say the same', async () => {
  const ended: string[] = [];
  let answered = Promise.withResolvers<void>();
  await startWorker(async ({ id, end, data }) => {
    const when = data.reason.split(' ').at(-1) as string;
    if (when === 'cancelled') await answered.promise;
    if (!CERTAIN.includes(when)) await new Promise((resolve) => setTimeout(resolve, Number(when)));
    await end();
    ended.push(id);
    if (when === 'done') await answered.promise;
    return { generation: 1, published: 'published' };
  });
  const fates: (string | undefined)[] = [];
  for (const [i, when] of [...CERTAIN, ...Array.from({ length: 24 }, (_, n) => n % 8)].entries()) {
    answered = Promise.withResolvers();
    const { jobId } = await queue.requestRun({ mode: 'incremental', by: `after ${when}` });
    await until(async () => (await queue.run(jobId))?.state !== 'waiting', 'the run');
    if (when === 'done') await until(async () => ended.includes(jobId), 'its last step');
    await new Promise((resolve) => setTimeout(resolve, i % 3));
    const answer = (await queue.cancel(jobId, SAID))?.state;
    answered.resolve();
    await until(async () => (await queue.run(jobId))?.endedAt !== null, 'its end');
    const state = (await queue.run(jobId))?.state;
    fates.push(state);
    expect(answer === 'cancelled', `${answer}, then ${state}`).toBe(state === 'cancelled');
    expect(ended.includes(jobId)).toBe(state === 'done');
  }
  expect(fates.slice(0, CERTAIN.length)).toEqual(CERTAIN);
});

test('whether a run may end is remembered for longer than a job is; of one that found nothing new, of which there are many, for an hour', async () => {
  const idle = [undefined, { isIdle: true }];
  await startWorker(async ({ id, end }) => end(idle.shift()).then(() => id));
  const left: number[] = [];
  for (const by of ['ben', 'ana']) {
    const { jobId } = await queue.requestRun({ mode: 'incremental', by });
    await until(async () => (await queue.run(jobId))?.endedAt !== null, 'its end');
    left.push(await redis.pttl(`${queuePrefix(rig.namespace)}:fate:${jobId}`));
  }
  const hour = 3_600_000;
  expect(left.map((ms) => ms > 0 && ms <= hour)).toEqual([false, true]);
  expect(left[0]).toBeGreaterThan(29 * 24 * hour);
});

test('law 3: a worker that dies before it cleared up behind a cancel leaves that to the next one', async () => {
  cancelled.length = 0;
  const stuck = await startRecomputeWorker({
    redis: rig.connect(),
    namespace: rig.namespace,
    handle: async ({ remember, signal }) => {
      await remember({ generation: 6, sequence: 1 });
      await untilAborted(signal);
    },
    // As one that was killed: it never comes back.
    onCancelled: () => new Promise(() => {}),
    isTransient: () => false,
    onError: () => {},
    onFailed: () => {},
    lockMs: 600,
    now: Date.now,
  });
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'ben' });
  await until(async () => (await queue.run(jobId))?.generation === 6, 'the run');
  await queue.cancel(jobId, SAID);
  const keys = async () => redis.keys(`*${jobId}:lock`);
  await until(async () => (await keys()).length === 1, 'its lock');
  await startWorker(async () => 'never', 600);
  const steal = setInterval(() => void keys().then((locks) => (locks.length > 0 ? redis.del(...locks) : 0)), 50);
  await until(() => cancelled.length > 0, 'the next worker');
  clearInterval(steal);
  expect(cancelled[0]).toEqual([{ generation: 6, sequence: 1 }, 'ana', 'the wrong file']);
  void stuck;
});

test('one run at a time over two workers', async () => {
  let running = 0;
  let most = 0;
  const handle = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 50));
    running--;
  };
  await startWorker(handle);
  await startWorker(handle);
  const jobs = await Promise.all(Array.from({ length: 6 }, () => queue.requestRun({ mode: 'incremental', by: 'ana' })));
  await until(async () => {
    const states = await Promise.all(jobs.map(async ({ jobId }) => (await queue.status(jobId))?.state));
    return states.every((state) => state === 'completed');
  }, 'all six');
  expect(most).toBe(1);
});

test('a schedule runs, does not double when set again, and ends with 0', async () => {
  let runs = 0;
  await startWorker(async ({ data }) => {
    if (data.action === 'run' && data.scheduled) runs++;
  });
  await queue.schedules.seed(200, Date.now());
  await queue.schedules.seed(200, Date.now());
  await until(() => runs >= 3, 'three scheduled runs');
  await queue.schedules.seed(0, Date.now());
  await new Promise((resolve) => setTimeout(resolve, 300));
  const ended = runs;
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(runs).toBe(ended);
});

test('law 3: what a run remembered is there for the next attempt; a transient error is tried again, another one is final', async () => {
  const attempts: unknown[] = [];
  await startWorker(async ({ data, remember, attempt }) => {
    if (data.mode === 'full') throw new TributaryError('conflict', 'no such run');
    attempts.push(data.begun);
    if (attempt > 1) throw new TributaryError('archive_corrupt', 'bad file');
    await remember({ generation: 3, sequence: 2 });
    throw new TributaryError('log_unavailable', 'away');
  });
  failures.length = 0;
  const run = await queue.requestRun({ mode: 'incremental', by: 'ana' });
  const other = await queue.requestRun({ mode: 'full', by: 'ana' });
  await until(async () => (await queue.status(run.jobId))?.state === 'failed', 'the run');
  await until(async () => (await queue.status(other.jobId))?.state === 'failed', 'the other run');
  expect(attempts).toEqual([null, { generation: 3, sequence: 2 }]);
  expect(failures.sort()).toEqual(['final: bad file', 'final: no such run', 'transient: away']);
  expect((await queue.status(run.jobId))?.failure).toContain('bad file');
});

test('a run that completes after a transient error did not fail', async () => {
  await startWorker(async ({ attempt }) => {
    if (attempt === 1) throw new TributaryError('log_unavailable', 'away');
    return { generation: 1 };
  });
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'ana' });
  await until(async () => (await queue.status(jobId))?.state === 'completed', 'the run');
  expect(await queue.status(jobId)).toMatchObject({ failure: null, result: { generation: 1 } });
});

test('a worker that stops aborts its run, which goes on in the next worker without costing an attempt', async () => {
  const seen: string[] = [];
  const first = await startWorker(async ({ signal, remember, attempt }) => {
    await remember({ generation: 1, sequence: 0 });
    // From here on the handler notices the abort.
    seen.push(`first, attempt ${attempt}`);
    await untilAborted(signal);
  });
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'ana' });
  await until(() => seen.length === 1, 'the first worker');
  expect(first.active()).toBe(jobId);
  await first.stop();
  await startWorker(async ({ data, attempt }) => {
    seen.push(`second, attempt ${attempt}, ${JSON.stringify((data as { begun: unknown }).begun)}`);
  });
  await until(async () => (await queue.status(jobId))?.state === 'completed', 'the second worker');
  expect(seen).toEqual(['first, attempt 1', 'second, attempt 1, {"generation":1,"sequence":0}']);
});

test('law 3: a lost lock aborts the run that goes on in vain', async () => {
  let aborted = false;
  const lost = Promise.withResolvers<void>();
  await startWorker(async ({ id, signal }) => {
    // On a busy machine a lock of 400 ms may be lost, and that noticed, before it is taken away here.
    for (const key of await redis.keys(`*${id}:lock`)) await redis.del(key);
    if (!signal.aborted) await once(signal, 'abort');
    aborted = true;
    lost.resolve();
    throw new Error('aborted');
  }, 400);
  await queue.requestRun({ mode: 'incremental', by: 'ana' });
  await lost.promise;
  expect(aborted).toBe(true);
});

test('law 3: a worker stops within its time though Redis does not answer, and its run goes on in the next one', async () => {
  let begun = 0;
  const attempt = async ({ signal }: JobAttempt) => {
    begun++;
    await untilAborted(signal);
  };
  const worker = await startWorker(attempt);
  const { jobId } = await queue.requestRun({ mode: 'incremental', by: 'test' });
  await until(() => begun === 1, 'the first attempt');
  const admin = rig.connect();
  await admin.call('CLIENT', 'PAUSE', '7000');
  const first = await Promise.race([worker.stop().then(() => 'stopped'), admin.ping().then(() => 'Redis answers again')]);
  expect(first).toBe('stopped');
  await startWorker(async () => 'done');
  await until(async () => (await queue.status(jobId))?.state === 'completed', 'the next attempt');
});

test('a Redis that is away is an error after 5 s, not a wait for ever', async () => {
  const away = connectRedis('redis://127.0.0.1:9', 'queue', () => {});
  const lonely = openRecomputeQueue(away, 'away');
  await expect(lonely.requestRun({ mode: 'full', by: 'ana' })).rejects.toMatchObject({ code: 'store_unavailable' });
  away.disconnect();
});

test('law 8: of workers that see many late events at once one asks for a run, which is a scheduled one', async () => {
  const other = openRecomputeQueue(rig.connect(), rig.namespace);
  rig.stopAfter(() => other.close());
  const asked = await Promise.all([queue, other, queue].map((one) => one.requestForPending(5_000)));
  expect(asked.filter(Boolean)).toHaveLength(1);
  const runs = await queue.runs();
  expect(runs).toMatchObject([{ state: 'waiting', scheduled: true, reason: 'schedule, as 5000 late events were pending' }]);
  expect(await other.requestForPending(6_000)).toBe(false);
});
