/** Which of the runs that wait begins first, on a real Redis. */
import { openRecomputeQueue, type RecomputeQueue } from '@tributary/queue/recompute-queue';
import { startRecomputeWorker } from '@tributary/queue/recompute-worker';
import { createQueueRig } from '@tributary/testkit/servers/queue-rig';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';
import { QUEUE, queuePrefix, type RunJob } from '../src/jobs.ts';

const rig = createQueueRig();
let redis: Redis;
let queue: RecomputeQueue;

beforeEach(() => {
  redis = rig.connect();
  queue = openRecomputeQueue(redis, rig.namespace);
  rig.stopAfter(() => queue.close());
});

/** Runs all that wait; resolves with who asked for them, in the order in which they began. */
async function workedOff(): Promise<string[]> {
  const seen: string[] = [];
  const worker = await startRecomputeWorker({
    redis: rig.connect(),
    namespace: rig.namespace,
    isTransient: () => false,
    onError: () => {},
    onFailed: () => {},
    now: Date.now,
    handle: async ({ data }) => {
      seen.push(data.reason.replace('demand by ', ''));
      if (data.reason.endsWith('wrong')) throw new Error('a file is damaged');
      return { generation: 1, published: 'published' };
    },
  });
  rig.stopAfter(() => worker.stop());
  await expect
    .poll(async () => (await queue.runs()).every(({ state }) => state === 'done' || state === 'failed'), { timeout: 60_000 })
    .toBe(true);
  return seen;
}

test('runs begin by priority, then as they were asked for; equal ones that would follow each other are one, with the higher priority', async () => {
  const ask = async (by: string, priority?: 'high' | 'normal' | 'low', definitions?: string) =>
    queue.requestRun({ mode: 'full', by, ...(priority && { priority }), ...(definitions && { definitions }) });
  const low = await ask('low', 'low');
  await ask('brings', undefined, '{}');
  // An equal run of a higher priority would begin before what the one that waits begins behind: it is another one.
  const high = await ask('high', 'high');
  expect([low.joined, high.joined]).toEqual([false, false]);
  await expect(ask('x', 'high', '{"a":1}')).rejects.toMatchObject({
    code: 'invalid_query',
    message: expect.stringMatching(/^priority must be normal where definitions come with the run \(got "high"\)/),
  });
  expect(await ask('joins', 'low')).toEqual({ jobId: low.jobId, joined: true });
  expect(await ask('raises')).toEqual({ jobId: low.jobId, joined: true });
  expect((await queue.run(low.jobId))?.priority).toBe('normal');
  const last = await queue.requestRun({ mode: 'incremental', priority: 'low', by: 'last' });
  expect(await ask('joins', 'low')).toMatchObject({ joined: false });
  expect(await queue.requestRun({ mode: 'incremental', by: 'raises' })).toEqual({ jobId: last.jobId, joined: true });
  const failed = await queue.requestRun({ mode: 'incremental', promotion: 'ask', priority: 'high', by: 'wrong' });
  expect(await workedOff()).toEqual(['high', 'wrong', 'brings', 'low', 'last', 'joins']);
  const again = await queue.retry(failed.jobId, 'ana');
  expect((await queue.run(again?.asked?.jobId ?? ''))?.priority).toBe('high');
});

test('jobs and schedules of an earlier version, which have no priority, go before others once and get one', async () => {
  const bull = new Queue<RunJob>(QUEUE, { connection: redis, prefix: queuePrefix(rig.namespace) });
  rig.stopAfter(() => bull.close());
  const earlier: RunJob = {
    action: 'run',
    mode: 'full',
    reason: 'demand by earlier',
    scheduled: false,
    definitions: null,
    begun: null,
  };
  await bull.add('run', earlier, { jobId: 'run-earlier' });
  expect(await queue.requestRun({ mode: 'full', priority: 'low', by: 'joins' })).toEqual({ jobId: 'run-earlier', joined: true });
  expect(await queue.run('run-earlier')).toMatchObject({ state: 'waiting', priority: 'normal', joinedBy: ['joins'] });
  await queue.requestRun({ mode: 'incremental', priority: 'high', by: 'high' });
  expect(await workedOff()).toEqual(['earlier', 'high']);
  await queue.schedules.seed(60_000, Date.now());
  const scheduler = await bull.getJobScheduler('default');
  const { priority, ...opts } = scheduler?.template?.opts ?? {};
  await bull.upsertJobScheduler('default', { every: 60_000 }, { name: 'run', data: scheduler?.template?.data as RunJob, opts });
  expect((await bull.getJobScheduler('default'))?.template?.opts?.priority).toBeUndefined();
  await queue.schedules.follow(60_000, Date.now());
  expect((await bull.getJobScheduler('default'))?.template?.opts?.priority).toBe(priority);
  expect(priority).toBeGreaterThan(0);
});
