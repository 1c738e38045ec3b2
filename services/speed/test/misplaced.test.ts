/** Events in partitions that are not their users': another producer's partitioner put them there. */
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import type { Commit } from '@tributary/store/speed-store';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createMemoryLog, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../src/pipeline.ts';

const PARTITIONS = 3;
const TS = 1_794_650_000_000;
const EVENTS: readonly Event[] = Array.from({ length: 60 }, (_, i) => ({
  ts: TS + i,
  type: 'click',
  id: `e${i}`,
  userId: `u${i % 11}`,
  receivedAt: TS + i,
  source: 'test',
}));

function createWorld() {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const resets: string[] = [];
  let moved = 0;
  let commits = 0;
  let clockMs = 0;
  return {
    log,
    resets,
    /** `lives`: asked before each commit; a worker that is dead never hears of it again. */
    worker(lives: (commit: Commit) => boolean = () => true, own: MemoryLog = log) {
      const speed = store.speed();
      return createSpeedWorker({
        log: own,
        store: { ...speed, commit: (commit) => (lives(commit) ? speed.commit(commit) : new Promise(() => {})) },
        definitions: definitionsOf(SMALL_DEFINITIONS),
        partitions: Array.from({ length: PARTITIONS }, (_, partition) => partition),
        sha256Hex,
        digestOf: sha256Hex,
        commitId: () => `c${++commits}`,
        limits: { maxEntries: 4, waitMs: 0 },
        now: () => (clockMs += 1_000),
        onReset: (_, why) => resets.push(String(why)),
        onCommitted: ({ misplaced }) => (moved += misplaced.length),
      });
    },
    /** As the metric has it. */
    moved: () => moved,
    async counted(): Promise<number> {
      const deltas = await store.serving().deltas(['activity'], 0);
      return deltas
        .flatMap(({ rows }) => [...(rows.get('activity')?.values() ?? [])])
        .reduce((sum, [events]) => sum + Number(events), 0);
    },
    dead: async () => (await store.serving().deadLetters.page(1_000)).letters,
    appended: async () => (await log.ends()).reduce((sum, end) => sum + Number(end ?? 0), 0),
  };
}

/** Without a key, or by another partitioner: some happen to lie right. */
async function appendAnywhere({ log }: Pick<ReturnType<typeof createWorld>, 'log'>): Promise<number> {
  let misplaced = 0;
  for (const [i, event] of EVENTS.entries()) {
    const partition = i % PARTITIONS;
    if (partitionOf(event.userId as string, PARTITIONS) !== partition) misplaced++;
    await log.append(partition, { kind: 'events', body: encodeEvent(event) });
  }
  return misplaced;
}

async function run(worker: ReturnType<ReturnType<typeof createWorld>['worker']>, turns = 60): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await worker.runOnce();
  await worker.settle();
}

test('laws 1 and 6: an event in the partition of another user is appended to its own, and counts there, once', async () => {
  const world = createWorld();
  expect(await appendAnywhere(world)).toBeGreaterThan(30);
  await run(world.worker());
  expect(await world.counted()).toBe(EVENTS.length);
  expect(await world.dead()).toEqual([]);
});

test('law 3: a worker that dies between the append and the commit leaves a copy, which counts as one', async () => {
  const world = createWorld();
  const misplaced = await appendAnywhere(world);
  let left = 0;
  for (const life of [1, 2, 3, 5, 8]) {
    left = life;
    // Its commits never come: the next worker finds the copies, and the originals again.
    const dying = world.worker(() => left-- > 0);
    for (let turn = 0; turn < 6; turn++) await Promise.race([dying.runOnce(), new Promise((resolve) => setImmediate(resolve))]);
  }
  await run(world.worker());
  expect(await world.counted()).toBe(EVENTS.length);
  expect(await world.appended()).toBeGreaterThan(EVENTS.length + misplaced);
});

test('law 6: while the log refuses them the partition stays before them, and goes on once it takes them', async () => {
  const world = createWorld();
  await appendAnywhere(world);
  let refuses = true;
  const own: MemoryLog = {
    ...world.log,
    append: async (...record) => {
      if (refuses) throw new TributaryError('log_unavailable', 'an append was refused (error 29)');
      return world.log.append(...record);
    },
  };
  const worker = world.worker(undefined, own);
  await run(worker, 10);
  expect(await world.counted()).toBeLessThan(EVENTS.length);
  expect(world.resets[0]).toMatch(
    /events of other partitions could not be appended there: .*error 29.*right to write to the log/,
  );
  refuses = false;
  await run(worker);
  expect(await world.counted()).toBe(EVENTS.length);
});

test('law 6: while one partition takes no appends, the others get theirs once, however often the worker tries', async () => {
  const world = createWorld();
  const misplaced = await appendAnywhere(world);
  let refuses = true;
  let written = 0;
  const own: MemoryLog = {
    ...world.log,
    append: async (partition, record) => {
      if (refuses && partition === 0) throw new TributaryError('log_unavailable', 'the leader of partition 0 is down');
      written += record.body.split('\n').length;
      return world.log.append(partition, record);
    },
  };
  const worker = world.worker(undefined, own);
  await run(worker, 40);
  expect(world.resets.length).toBeGreaterThan(5);
  const once = written;
  await run(worker, 40);
  expect(written).toBe(once);
  refuses = false;
  await run(worker);
  expect(await world.counted()).toBe(EVENTS.length);
  expect(written).toBe(misplaced);
});

test('law 7: an event that is larger than what the log takes is a dead letter, and those beside it count', async () => {
  const world = createWorld();
  await appendAnywhere(world);
  const large: Event = { ...(EVENTS[0] as Event), id: 'large', properties: { x: 'y'.repeat(3_000) } };
  const elsewhere = (partitionOf(large.userId as string, PARTITIONS) + 1) % PARTITIONS;
  await world.log.append(elsewhere, { kind: 'events', body: encodeEvent(large) });
  const own: MemoryLog = {
    ...world.log,
    append: async (partition, record) => {
      if (record.body.length > 1_000) throw new TributaryError('body_too_large', 'the topic takes 1000');
      return world.log.append(partition, record);
    },
  };
  await run(world.worker(undefined, own));
  expect(await world.counted()).toBe(EVENTS.length);
  const dead = await world.dead();
  expect(dead).toMatchObject([{ partition: elsewhere, code: 'undecodable_record' }]);
  expect(dead[0]?.message).toMatch(/larger than what the log takes/);
});

/** `count` events of one user in one entry, which lies in another partition. */
async function appendTogether(
  { log }: Pick<ReturnType<typeof createWorld>, 'log'>,
  count: number,
  properties: (i: number) => { readonly x: string },
) {
  const events = Array.from({ length: count }, (_, i) => ({ ...(EVENTS[0] as Event), id: `t${i}`, properties: properties(i) }));
  const elsewhere = (partitionOf('u0', PARTITIONS) + 1) % PARTITIONS;
  await log.append(elsewhere, { kind: 'events', body: events.map(encodeEvent).join('\n') });
}

test('law 6: of an entry with events that are too large for the log all others count, wherever they stand in it', async () => {
  const world = createWorld();
  await appendTogether(world, 9, (i) => ({ x: 'y'.repeat(i === 2 || i === 7 ? 3_000 : 1) }));
  const own: MemoryLog = {
    ...world.log,
    append: async (partition, record) => {
      if (record.body.length > 1_000) throw new TributaryError('body_too_large', 'the topic takes 1000');
      return world.log.append(partition, record);
    },
  };
  await run(world.worker(undefined, own), 10);
  expect(await world.counted()).toBe(7);
  expect(world.moved()).toBe(7);
  expect((await world.dead()).map(({ at }) => at.split('.')[1])).toEqual(['7', '2']);
});

test.each([
  ['many', 2_500, 1],
  ['large ones', 40, 30_000],
])('law 7: events of other partitions are appended in entries that a reader can hold: %s', async (_, count, size) => {
  const world = createWorld();
  await appendTogether(world, count, () => ({ x: 'y'.repeat(size) }));
  const bodies: string[] = [];
  const own: MemoryLog = {
    ...world.log,
    append: async (partition, record) => {
      bodies.push(record.body);
      return world.log.append(partition, record);
    },
  };
  await run(world.worker(undefined, own), 30);
  expect(await world.counted()).toBe(count);
  expect(bodies.flatMap((body) => body.split('\n'))).toHaveLength(count);
  expect(Math.max(...bodies.map((body) => body.split('\n').length))).toBeLessThanOrEqual(1_000);
  expect(Math.max(...bodies.map((body) => body.length))).toBeLessThan(257 * 1_024);
});
