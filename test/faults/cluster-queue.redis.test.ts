/** The queue of runs on a Redis Cluster: all its keys in one slot, and it goes on when the node that holds them fails. */
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisCluster, startRedisCluster } from '@tributary/testkit/servers/redis-cluster';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const NAMESPACE = 'queued';
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

/** A queue and one worker of it; gives the reasons of the runs that it took, in order. */
async function start(): Promise<string[]> {
  const taken: string[] = [];
  queue = openRecomputeQueue(await connect(), NAMESPACE);
  cleanups.push(() => queue.close());
  const worker = await startRecomputeWorker({
    redis: await connect(),
    namespace: NAMESPACE,
    handle: async ({ data }) => {
      if (data.action === 'run') taken.push(data.reason);
      return { generation: taken.length };
    },
    isTransient: () => true,
    onError: () => {},
    onFailed: () => {},
    lockMs: 1_000,
    now: Date.now,
  });
  cleanups.push(() => worker.stop());
  return taken;
}

async function completed(jobId: string): Promise<void> {
  await expect.poll(async () => (await queue.status(jobId).catch(() => null))?.state).toBe('completed');
}

test('runs are taken once each, in order, and their results can be looked up', async () => {
  const taken = await start();
  // Equal ones would be one.
  const demandBy = (by: string) => queue.requestRun({ mode: 'incremental', by, definitions: JSON.stringify({ by }) });
  const jobs = await Promise.all(['a', 'b', 'c', 'd'].map(demandBy));
  for (const { jobId } of jobs) await completed(jobId);
  expect(taken).toEqual(['a', 'b', 'c', 'd'].map((by) => `demand by ${by}`));
  await queue.schedules.seed(300, Date.now());
  await expect.poll(() => taken.filter((reason) => reason === 'schedule').length).toBeGreaterThan(1);
  await queue.schedules.seed(0, Date.now());
  const keys = await Promise.all(cluster.nodes.filter(({ copies }) => copies === null).map(({ admin }) => admin.dbsize()));
  expect(
    keys.filter((count) => count > 0),
    'one node holds the queue',
  ).toHaveLength(1);
});

test('the node that holds the queue is killed: its replica takes over, and runs go on', async () => {
  const taken = await start();
  const before = await queue.requestRun({ mode: 'incremental', by: 'before' });
  await completed(before.jobId);
  const master = await cluster.masterOf(`{${NAMESPACE}:queue}`);
  await master.server.kill();
  let jobId = '';
  await expect
    .poll(async () => {
      jobId = (await queue.requestRun({ mode: 'incremental', by: 'after' }).catch(() => ({ jobId: '' }))).jobId;
      return jobId;
    })
    .not.toBe('');
  await completed(jobId);
  expect(taken.at(-1)).toBe('demand by after');
});
