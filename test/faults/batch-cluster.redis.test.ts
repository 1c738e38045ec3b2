/** Shards of a run on a Redis Cluster: parent and children in one slot, every worker counted, and a node that fails costs nothing. */
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import type { ShardJob } from '@tributary/queue/shard-queue';
import { startShardWorker } from '@tributary/queue/shard-worker';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisCluster, startRedisCluster } from '@tributary/testkit/servers/redis-cluster';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const NAMESPACE = 'sharded';
const SHARDS = 12;
const PLAN = 'b'.repeat(16);
let cluster: RedisCluster;
let queue: RecomputeQueue;
const cleanups: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster({ replicasPerMaster: 1 });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => cluster?.stop());

async function connect(): Promise<Redis> {
  const connection = connectRedis(cluster.url, 'queue', () => {});
  cleanups.push(() => connection.disconnect());
  await whenReady(connection, 10_000);
  return connection;
}

/** Two workers of shards and one of runs. As in the data folder, what is done stays done: a shard worked on twice counts once. */
async function start(workMs: number) {
  const seen = { slots: [] as number[], done: new Set<string>(), generation: 0 };
  const common = { namespace: NAMESPACE, onError: () => {}, onFailed: () => {}, lockMs: 1_000, now: Date.now };
  queue = openRecomputeQueue(await connect(), NAMESPACE);
  cleanups.push(() => queue.close());
  for (let i = 0; i < 2; i++) {
    const worker = await startShardWorker({
      ...common,
      redis: await connect(),
      version: 'v1',
      concurrency: 1,
      mayRetry: () => true,
      handle: async ({ generation, number }) => {
        await new Promise((resolve) => setTimeout(resolve, workMs));
        seen.done.add(`${generation}-${number}`);
      },
    });
    cleanups.push(() => worker.stop());
  }
  const runs = await startRecomputeWorker({
    ...common,
    redis: await connect(),
    shards: { version: 'v1', slotsPerProcess: 1 },
    isTransient: () => true,
    handle: async ({ shards: flow, signal }) => {
      seen.slots.push((await flow?.slots()) ?? -1);
      const open = (): ShardJob[] =>
        Array.from({ length: SHARDS }, (_, number) => ({ generation: seen.generation, plan: PLAN, number })).filter(
          ({ generation, number }) => !seen.done.has(`${generation}-${number}`),
        );
      await flow?.work(open(), () => {}, signal);
      return { left: open().length };
    },
  });
  cleanups.push(() => runs.stop());
  return seen;
}

async function result(jobId: string): Promise<unknown> {
  await expect.poll(async () => (await queue.status(jobId).catch(() => null))?.state, { timeout: 60_000 }).toBe('completed');
  return (await queue.status(jobId))?.result;
}

test('every shard is worked on, over both workers, and the run ends', async () => {
  const seen = await start(20);
  seen.generation = 1;
  const { jobId } = await queue.requestRun({ mode: 'full', by: 'test' });
  expect(await result(jobId)).toEqual({ left: 0 });
  expect(seen.slots).toEqual([2]);
  expect(seen.done.size).toBe(SHARDS);
});

test('the node that holds the queue is killed while shards are worked on: its replica takes over, and the run ends', async () => {
  const seen = await start(300);
  seen.generation = 2;
  const { jobId } = await queue.requestRun({ mode: 'full', by: 'test' });
  await expect.poll(() => seen.done.size).toBeGreaterThan(1);
  const master = await cluster.masterOf(`{${NAMESPACE}:queue}`);
  await master.server.kill();
  expect(await result(jobId)).toEqual({ left: 0 });
  expect(seen.done.size).toBe(SHARDS);
});
