/** Shards on a real Redis: a run's children over many workers, retried when one dies, whatever becomes of the parent. */
import { TributaryError } from '@tributary/model/errors';
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import type { JobAttempt } from '@tributary/queue/recompute-worker';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import type { ShardJob } from '@tributary/queue/shard-queue';
import { startShardWorker } from '@tributary/queue/shard-worker';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { untilAborted } from '@tributary/testkit/until-aborted';
import type { Redis } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';

const PLAN = 'a'.repeat(16);
const rig = createQueueRig();
let queue: RecomputeQueue;

beforeEach(() => {
  queue = openRecomputeQueue(rig.connect(), rig.namespace);
  rig.stopAfter(() => queue.close());
});

const shards = (count: number, generation = 1): ShardJob[] =>
  Array.from({ length: count }, (_, number) => ({ generation, plan: PLAN, number }));

/** `lockMs`: on a machine that others keep busy, what holds a lock of a second may lose it, and is worked on once more. */
async function startRuns(handle: (attempt: JobAttempt) => Promise<unknown>, version = 'v1', lockMs = 1_000) {
  const worker = await startRecomputeWorker({
    redis: rig.connect(),
    namespace: rig.namespace,
    handle,
    isTransient: (error) => error instanceof TributaryError && error.code === 'log_unavailable',
    onError: () => {},
    onFailed: () => {},
    shards: { version, slotsPerProcess: 2 },
    lockMs,
    now: Date.now,
  });
  rig.stopAfter(() => worker.stop());
  return worker;
}

async function startShards(handle: (shard: ShardJob, signal: AbortSignal) => Promise<unknown>, version = 'v1', lockMs = 1_000) {
  const worker = await startShardWorker({
    redis: rig.connect(),
    namespace: rig.namespace,
    version,
    concurrency: 2,
    handle,
    mayRetry: (error, attempt) => attempt < 3 && !(error instanceof TributaryError && error.code === 'archive_corrupt'),
    onError: () => {},
    onFailed: () => {},
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

const run = () => queue.requestRun({ mode: 'full', by: 'test' });
const ended = (jobId: string) =>
  until(async () => ['completed', 'failed'].includes((await queue.status(jobId))?.state ?? ''), 'the end of the run');

test('every shard is worked on once, over all workers; the run sees how far they are, and so do callers of status', async () => {
  const worked: string[] = [];
  const slots: number[] = [];
  const done: number[] = [];
  const work = (worker: string) => async (shard: ShardJob) => {
    worked.push(`${worker}${shard.number}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await startShards(work('a'));
  await startShards(work('b'));
  await startRuns(async ({ shards: flow, signal }) => {
    slots.push((await flow?.slots()) ?? -1);
    await flow?.work(shards(8), (count) => done.push(count), signal);
    flow?.progress(8, 8);
    return 'merged';
  });
  const { jobId } = await run();
  await ended(jobId);
  expect(slots).toEqual([4]);
  expect(worked.map((each) => each.slice(1)).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  expect(new Set(worked.map((each) => each[0]))).toEqual(new Set(['a', 'b']));
  expect(done.at(-1)).toBe(8);
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed', result: 'merged', shards: { done: 8, total: 8 } });
});

test('a worker that stops gives its shard back; what failed on one host is tried on another', async () => {
  // Longer than the test waits for the end: what is not given back comes too late.
  const lockMs = 60_000;
  const seen: number[] = [];
  const hold = (shard: ShardJob, signal: AbortSignal) => {
    seen.push(shard.number);
    return untilAborted(signal);
  };
  const first = await startShards(hold, 'v1', lockMs);
  await startRuns(async ({ shards: flow, signal }) => flow?.work(shards(1), () => {}, signal), 'v1', lockMs);
  const { jobId } = await run();
  await until(() => seen.length === 1, 'the first attempt');
  await first.stop();
  let attempts = 0;
  const recover = async () => {
    if (++attempts < 3) throw new Error('out of memory here');
  };
  await startShards(recover, 'v1', lockMs);
  await ended(jobId);
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed' });
  expect(attempts).toBe(3);
});

test('a shard that fails for good: the run gets its code and message at once, the shards that no worker began are withdrawn', async () => {
  let began = 0;
  await startShards(async ({ number }) => {
    began++;
    if (number === 0) throw new TributaryError('archive_corrupt', 'archive/x.parquet: it differs');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  });
  const seen: unknown[] = [];
  await startRuns(async ({ shards: flow, signal }) => {
    try {
      await flow?.work(shards(20), () => {}, signal);
    } catch (error) {
      seen.push(error);
      throw error;
    }
  });
  const { jobId } = await run();
  await ended(jobId);
  expect(seen).toMatchObject([{ code: 'archive_corrupt', message: 'archive/x.parquet: it differs' }]);
  expect(await queue.status(jobId)).toMatchObject({ state: 'failed', failure: expect.stringContaining('x.parquet') });
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  expect(began).toBeLessThan(5);
});

test('a result beside open shards: the run is completed once they are gone', async () => {
  await startShards(async () => new Promise((resolve) => setTimeout(resolve, 1_000)));
  const attempts: number[] = [];
  await startRuns(async ({ shards: flow, signal, attempt }) => {
    attempts.push(attempt);
    if (attempt === 1) await flow?.work(shards(2), () => {}, AbortSignal.any([signal, AbortSignal.timeout(200)])).catch(() => {});
    return 'merged';
  });
  const { jobId } = await run();
  await ended(jobId);
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed', result: 'merged' });
  expect(attempts).toEqual([1, 2]);
});

test('law 3: a retried run meets the shards of its attempt before: none is begun twice at once, and it ends', async () => {
  const running = new Map<number, number>();
  let most = 0;
  await startShards(async ({ number }) => {
    running.set(number, (running.get(number) ?? 0) + 1);
    most = Math.max(most, running.get(number) ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 150));
    running.set(number, (running.get(number) ?? 0) - 1);
  });
  let attempts = 0;
  const handle = async ({ shards: flow, signal }: JobAttempt) => {
    attempts++;
    const working = flow?.work(shards(6), () => {}, signal);
    if (attempts > 1) return working;
    await new Promise((resolve) => setTimeout(resolve, 50));
    void working?.catch(() => {});
    // As when the process is killed: its children stay.
    first.stop().catch(() => {});
    signal.throwIfAborted();
    await untilAborted(signal);
  };
  const first = await startRuns(handle);
  const { jobId } = await run();
  await until(() => attempts === 1, 'the first attempt');
  await startRuns(handle);
  await ended(jobId);
  expect(attempts).toBe(2);
  expect(most).toBe(1);
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed' });
});

test('versions do not count each other, nor take each other`s shards; what an older one left does not hold up the run', async () => {
  const old: number[] = [];
  await startShards(async ({ number }) => void old.push(number), 'v0');
  const slots: number[] = [];
  let attempts = 0;
  const handle = async ({ shards: flow, signal }: JobAttempt) => {
    attempts++;
    slots.push((await flow?.slots()) ?? -1);
    // No worker of version v1 is there: these stay open, and the attempt ends with a transient error.
    if (attempts === 1) {
      await flow?.work(shards(2), () => {}, AbortSignal.any([signal, AbortSignal.timeout(300)])).catch(() => {});
      throw new TributaryError('log_unavailable', 'away');
    }
    return 'alone';
  };
  await startRuns(handle);
  const { jobId } = await run();
  await ended(jobId);
  expect(await queue.status(jobId)).toMatchObject({ state: 'completed', result: 'alone' });
  expect(slots).toEqual([0, 0]);
  expect(old).toEqual([]);
});

test('the same shards asked for again after they are done are worked on again', async () => {
  const seen: number[] = [];
  await startShards(async ({ number }) => void seen.push(number));
  await startRuns(async ({ shards: flow, signal }) => {
    for (let round = 0; round < 3; round++) await flow?.work(shards(2), () => {}, signal);
  });
  const { jobId } = await run();
  await ended(jobId);
  expect(seen.sort()).toEqual([0, 0, 0, 1, 1, 1]);
});

test('a Redis user that may not list clients: runs count on their own process alone', async () => {
  const admin = rig.connect();
  await admin.call('ACL', 'SETUSER', 'modest', 'on', '>secret', '~*', '&*', '+@all', '-client|list');
  const url = rig.url.replace('redis://', 'redis://modest:secret@');
  const modest = connectRedis(url, 'queue', () => {}) as Redis;
  rig.stopAfter(() => modest.disconnect());
  let slots = -1;
  const worker = await startRecomputeWorker({
    redis: modest,
    namespace: rig.namespace,
    handle: async ({ shards: flow }) => {
      slots = (await flow?.slots()) ?? -1;
    },
    isTransient: () => false,
    onError: () => {},
    onFailed: () => {},
    shards: { version: 'v1', slotsPerProcess: 1 },
    lockMs: 1_000,
    now: Date.now,
  });
  rig.stopAfter(() => worker.stop());
  const { jobId } = await run();
  await ended(jobId);
  expect(slots).toBe(1);
});
