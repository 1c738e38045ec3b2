/**
 * One generation on several batch workers, real processes that die at random times. Whatever happens, each generation is that of
 * the naive computation over all events, and is published once (laws 1, 3, 5, 6).
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPublications } from '@tributary/archive/publications';
import type { Event } from '@tributary/model/event';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BatchRig, computedShards, startBatchRig, until } from './batch-rig.ts';

const SEED = Date.now() % 1_000_000;
const ROUNDS = 6;
const EVENTS = 1_200;
const DEFINITIONS = definitionsOf({});
const random = createRandom(SEED);
const everything: Event[] = [];
let rig: BatchRig;
let generations = 0;

beforeAll(async () => {
  console.log(`SEED=${SEED}`);
  rig = await startBatchRig();
});
afterAll(() => rig.close());

async function ingest(count = EVENTS): Promise<void> {
  const nowMs = Date.now();
  const events = Array.from({ length: count }, (_, i): Event => {
    const number = everything.length + i;
    const type = random.pick(['ad_click', 'ad_click', 'ad_impression', 'page', 'purchase']);
    return {
      ts: nowMs - random.below(40 * 3_600_000),
      type,
      id: `e${number}`,
      userId: `user ${random.below(200)}`,
      receivedAt: nowMs,
      source: 'test',
      ...(type !== 'purchase' && { channel: random.pick(['search', 'social', 'mail']) }),
      ...(type === 'purchase' && { value: number, currency: 'EUR' }),
    };
  });
  everything.push(...events);
  await rig.ingest([...events, ...events.slice(0, 100)]);
}

async function request(mode: 'full' | 'incremental'): Promise<string> {
  generations++;
  return (await rig.queue.requestRun({ mode, by: 'test' })).jobId;
}

/** `zombie`: the child of a worker that slept may write after the run has cleaned up; the next generation cleans up again. */
async function expectNaive(jobId: string, { zombie = false } = {}): Promise<void> {
  const status = await rig.ended(jobId);
  expect(status, `seed ${SEED}`).toMatchObject({ state: 'completed', failure: null, result: { generation: generations } });
  expect(differences(await rig.viewsOf(generations), naive(everything, DEFINITIONS)), `seed ${SEED}`).toEqual([]);
  const { counts } = await rig.manifest(generations);
  expect(counts.events).toBe(everything.length);
  const published = (await readPublications(rig.dataDir)).map(({ generation }) => generation);
  expect(published).toEqual(Array.from({ length: generations }, (_, i) => i + 1));
  const left = (await readdir(join(rig.dataDir, 'staging'))).filter((name) => name.startsWith('shards-'));
  expect(zombie ? left.filter((name) => !name.startsWith(`shards-${generations}-`)) : left).toEqual([]);
}

const alive = () => rig.workers.filter(({ process }) => process.exitCode === null && process.signalCode === null);

test('law 5: one, two and three workers give the same rows, and share the shards', async () => {
  await ingest();
  for (const count of [1, 2, 3]) {
    await rig.startWorker();
    const jobId = await request('full');
    await expectNaive(jobId);
    const { shards } = await rig.ended(jobId);
    const shares = rig.workers.map((worker) => computedShards([worker], generations).length);
    if (count === 1) {
      expect(shards).toBeNull();
      expect(shares).toEqual([0]);
      continue;
    }
    expect(shards).toEqual({ done: shards?.total, total: shards?.total });
    expect(shards?.total).toBeGreaterThanOrEqual(count);
    expect(shares.filter((share) => share > 0).length).toBeGreaterThan(1);
    expect(computedShards(rig.workers, generations).sort()).toEqual(Array.from({ length: shards?.total ?? 0 }, (_, i) => i));
  }
}, 300_000);

test(`law 3: kill -9 of any worker at random times, ${ROUNDS} generations`, async () => {
  let killedAtWork = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await ingest(1_000);
    const jobId = await request(random.chance(0.5) ? 'full' : 'incremental');
    const kills = random.between(1, 3);
    const state = async () => (await rig.manifest(generations).catch(() => undefined))?.state;
    // However long the machine takes to begin: before that there is nothing to be killed at.
    await until('the generation begins', state);
    for (let kill = 0; kill < kills; kill++) {
      await sleep(random.below(1_500));
      if ((await state()) === 'pending') killedAtWork++;
      await rig.stop(random.pick(alive()), 'SIGKILL');
      await rig.startWorker();
    }
    await expectNaive(jobId);
  }
  const attempts = rig.workers.flatMap(({ log }) => log.filter(({ msg }) => msg === 'a shard is done'));
  console.log(`seed ${SEED}: ${killedAtWork} killed while a generation was pending, ${attempts.length} shards ended`);
  expect(killedAtWork).toBeGreaterThan(0);
}, 600_000);

test('law 3: the coordinator killed when some parts are there: they are not computed again', async () => {
  await ingest();
  const jobId = await request('full');
  const began = (line: Record<string, unknown>) =>
    line['msg'] === 'a generation is computed by many' && line['generation'] === generations;
  const coordinator = await until('the coordinator', () => alive().find(({ log }) => log.some(began)));
  await until('two parts', async () => (await rig.recorded()).length >= 2);
  const recorded = (await rig.recorded()).map((name) => Number(name.slice(-4)));
  await rig.stop(coordinator, 'SIGKILL');
  await rig.startWorker();
  await expectNaive(jobId);
  const computed = computedShards(rig.workers, generations);
  // A killed worker may not have logged the last part that it recorded.
  for (const number of recorded) expect(computed.filter((each) => each === number).length).toBeLessThanOrEqual(1);
  expect(new Set(computed).size).toBe(computed.length);
}, 300_000);

test('law 3: a worker paused beyond its lock, which wakes when all is over, changes nothing', async () => {
  await ingest();
  const jobId = await request('full');
  const paused = await until('a worker at a shard that does not coordinate', async () => {
    if ((await rig.recorded()).length === 0) return undefined;
    return alive().find(
      ({ log }) => !log.some((line) => line['msg'] === 'a generation is computed by many' && line['generation'] === generations),
    );
  });
  paused.process.kill('SIGSTOP');
  await expectNaive(jobId, { zombie: true });
  paused.process.kill('SIGCONT');
  await sleep(3_000);
  expect(paused.process.exitCode).toBeNull();
  await expectNaive(jobId, { zombie: true });
  await ingest();
  await expectNaive(await request('incremental'));
}, 300_000);

test('law 6: Redis killed while shards are computed: the run goes on when it is back', async () => {
  await ingest();
  const jobId = await request('full');
  await until('a part', async () => (await rig.recorded()).length >= 1);
  await rig.redis.kill();
  await sleep(2_000);
  await rig.redis.restart();
  await expectNaive(jobId);
}, 300_000);

test('a worker that is asked to stop gives its shards back and ends with 0', async () => {
  await ingest();
  const jobId = await request('full');
  await until('a part', async () => (await rig.recorded()).length >= 1);
  const [first] = alive();
  if (first === undefined) throw new Error('no worker is alive');
  expect(await rig.stop(first, 'SIGTERM')).toBe(0);
  await expectNaive(jobId);
}, 300_000);
