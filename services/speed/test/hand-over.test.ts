/** Partitions move between workers at any moment: laws 1 and 3 hold, whatever two of them believe at the same time. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import { type Event, encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import type { SpeedStore } from '@tributary/store/speed-store';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { createMemoryDisk, createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker, type SpeedWorker } from '../src/pipeline.ts';

const PARTITIONS = 4;
const WORKERS = ['ada', 'ben', 'cyd'];
const definitions = definitionsOf(SMALL_DEFINITIONS);

interface Worker {
  readonly name: string;
  assigned: ReadonlySet<number>;
  /** While it sleeps, nothing of it goes on: as under SIGSTOP. */
  asleep: Promise<void>;
  fences: number;
  readonly worker: SpeedWorker;
}

interface Parts {
  readonly log: (turn: () => Promise<void>) => EventLog;
  readonly store: (turn: () => Promise<void>) => SpeedStore;
}

function createWorker(name: string, random: Random, { log, store }: Parts, now?: () => number): Worker {
  let commits = 0;
  // Everything that reaches outside takes its time, so that workers overlap in every way.
  const turn = async () => {
    for (let i = random.below(4); i > 0; i--) await nextTurn();
    await own.asleep;
  };
  const own: Worker = {
    name,
    assigned: new Set(),
    asleep: Promise.resolve(),
    fences: 0,
    worker: createSpeedWorker({
      log: log(turn),
      store: store(turn),
      definitions,
      partitions: () => own.assigned,
      sha256Hex,
      digestOf: sha256Hex,
      commitId: () => `${name}:${++commits}`,
      limits: { maxEntries: random.between(1, 3), waitMs: 0, longBatchEvents: random.pick([0, 2_000]) },
      ...(now && { now }),
      onReset: (_, why) => {
        if (why === 'fenced') own.fences++;
      },
    }),
  };
  return own;
}

async function append(log: EventLog, events: readonly Event[]): Promise<void> {
  for (const [partition, own] of Map.groupBy(events, (event) => partitionOf(userKeyOf(event), PARTITIONS)))
    await log.append(partition, { kind: 'events', body: own.map(encodeEvent).join('\n') });
}

async function stored(store: MemoryStore): Promise<RowsByView> {
  const rows: RowsByView = new Map();
  const names = VIEWS.map(({ name }) => name);
  for (const partition of await store.serving().deltas(names, 0)) addRowsByView(rows, partition.rows);
  return rows;
}

async function isDone(log: EventLog, store: MemoryStore): Promise<boolean> {
  const ends = await log.ends();
  const states = await store.serving().states();
  return ends.every((end, partition) => end === (states[partition]?.position ?? null));
}

/** Everyone gets what is left to it; now and then a partition has two owners, or none. */
function assign(random: Random, workers: readonly Worker[]): void {
  const sets = workers.map(() => new Set<number>());
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (let owners = random.pick([0, 1, 1, 1, 1, 2]); owners > 0; owners--) random.pick(sets).add(partition);
  }
  for (const [i, worker] of workers.entries()) worker.assigned = sets[i] as ReadonlySet<number>;
}

async function run(seed: number): Promise<{ fences: number; wrong: string[] }> {
  const random = createRandom(seed);
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions: PARTITIONS, disk });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const parts: Parts = {
    log: (turn) => createMemoryLog({ partitions: PARTITIONS, disk, turn }),
    store: (turn) => store.speed(turn),
  };
  const workers = WORKERS.map((name) => createWorker(name, random, parts));
  const events = generateEvents(random, { events: 120, users: 6, lateChance: 0, duplicateChance: 0.1 }, definitions);
  let done = false;
  const turning = workers.map(async ({ worker }) => {
    while (!done) {
      await worker.runOnce();
      await nextTurn();
    }
    await worker.settle();
  });
  const failed = Promise.all(turning);
  failed.catch(() => {});
  const driving = drive();

  async function drive(): Promise<void> {
    for (let at = 0; at < events.length; ) {
      const count = random.between(1, 6);
      await append(log, events.slice(at, at + count));
      at += count;
      if (random.chance(0.5)) assign(random, workers);
      if (random.chance(0.2)) await trim();
      if (random.chance(0.2)) sleepAWhile(random.pick(workers), random.between(1, 60));
      for (let i = random.below(12); i > 0; i--) await nextTurn();
    }
    for (const [i, worker] of workers.entries())
      worker.assigned = new Set(Array.from({ length: PARTITIONS }, (_, p) => p).filter((p) => p % workers.length === i));
    for (let turns = 0; !(await isDone(log, store)); turns++) {
      if (turns > 20_000) throw new Error('the workers do not get to the end');
      await nextTurn();
    }
  }

  /** As the archiver does behind the speed layer: who stands further back meets a log that is no more. */
  async function trim(): Promise<void> {
    for (const [partition, state] of (await store.serving().states()).entries())
      if (state !== null && state.position !== null) await log.trim(partition, state.position);
  }

  function sleepAWhile(worker: Worker, turns: number): void {
    worker.asleep = (async () => {
      for (let i = 0; i < turns; i++) await nextTurn();
    })();
  }

  await Promise.race([driving, failed]);
  done = true;
  await failed;
  await driving;
  return {
    fences: workers.reduce((sum, { fences }) => sum + fences, 0),
    wrong: differences(await stored(store), naive(events, definitions)),
  };
}

test('laws 1 and 3: partitions that move, with two owners or none for a while, sleepers and a trimmed log: each event counts once', async () => {
  let fences = 0;
  for (let seed = 1; seed <= 150; seed++) {
    const outcome = await run(seed);
    expect(outcome.wrong, `seed ${seed}`).toEqual([]);
    fences += outcome.fences;
  }
  expect(fences, 'they did meet').toBeGreaterThan(150);
});

/** Both believe in owning everything, for 60 s of a clock that runs beside the turns. */
async function quarrel(clock: 'with clock' | 'without clock'): Promise<{ fences: number; wrong: string[] }> {
  const random = createRandom(7);
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions: PARTITIONS, disk });
  const store = createMemoryStore({ partitions: PARTITIONS });
  let nowMs = 0;
  const parts: Parts = {
    log: (turn) => createMemoryLog({ partitions: PARTITIONS, disk, turn }),
    store: (turn) => store.speed(turn),
  };
  const now = clock === 'with clock' ? () => nowMs : undefined;
  const workers = ['ada', 'ben'].map((name) => createWorker(name, random, parts, now));
  for (const worker of workers) worker.assigned = new Set(Array.from({ length: PARTITIONS }, (_, p) => p));
  const events = generateEvents(random, { events: 600, users: 6, lateChance: 0, duplicateChance: 0 }, definitions);
  let done = false;
  const turning = workers.map(async ({ worker }) => {
    while (!done) {
      await worker.runOnce();
      await nextTurn();
    }
    await worker.settle();
  });
  for (const event of events) {
    await append(log, [event]);
    for (let i = 0; i < 10; i++) await nextTurn();
    nowMs += 100;
  }
  for (let turns = 0; !(await isDone(log, store)) && turns < 5_000; turns++) {
    await nextTurn();
    nowMs += 1;
  }
  done = true;
  await Promise.all(turning);
  const fences = workers.reduce((sum, worker) => sum + worker.fences, 0);
  return { fences, wrong: differences(await stored(store), naive(events, definitions)) };
}

test('two workers that both believe in owning everything do not storm: the fenced one steps back, and all is counted once', async () => {
  const stubborn = await quarrel('without clock');
  const polite = await quarrel('with clock');
  expect([stubborn.wrong, polite.wrong]).toEqual([[], []]);
  expect(stubborn.fences).toBeGreaterThan(100);
  expect(polite.fences).toBeLessThan(stubborn.fences / 2);
});

test('a partition that is no longer assigned is read no more, and one that is comes with the state of its last owner', async () => {
  const random = createRandom(1);
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions: PARTITIONS, disk });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const parts: Parts = { log: () => log, store: (turn) => store.speed(turn) };
  const [ada, ben] = ['ada', 'ben'].map((name) => createWorker(name, random, parts)) as [Worker, Worker];
  const everything = async ({ worker }: Worker) => {
    while ((await worker.runOnce()) > 0);
    await worker.settle();
  };
  const events = generateEvents(random, { events: 40, users: 6, lateChance: 0, duplicateChance: 0 }, definitions);
  ada.assigned = new Set([0, 1, 2, 3]);
  await append(log, events.slice(0, 20));
  await everything(ada);
  expect(ada.worker.progress().map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
  ada.assigned = new Set([0]);
  ben.assigned = new Set([1, 2, 3]);
  await append(log, events.slice(20));
  await everything(ada);
  expect(ada.worker.progress().map(({ partition }) => partition)).toEqual([0]);
  expect(await isDone(log, store)).toBe(false);
  await everything(ben);
  expect(await isDone(log, store)).toBe(true);
  expect([ada.fences, ben.fences]).toEqual([0, 0]);
  expect(differences(await stored(store), naive(events, definitions))).toEqual([]);
});

test('law 7: a hole in the log is an error at every read and never passed over, though others may have gone on', async () => {
  const disk = createMemoryDisk();
  const log = createMemoryLog({ partitions: PARTITIONS, disk });
  const store = createMemoryStore({ partitions: PARTITIONS });
  const ada = createWorker('ada', createRandom(1), { log: () => log, store: (turn) => store.speed(turn) });
  ada.assigned = new Set([0]);
  const [event] = generateEvents(createRandom(1), { events: 1, users: 1, lateChance: 0, duplicateChance: 0 }, definitions);
  const body = encodeEvent(event as Event);
  await log.append(0, { kind: 'events', body });
  while ((await ada.worker.runOnce()) > 0);
  await log.append(0, { kind: 'events', body });
  const unread = await log.append(0, { kind: 'events', body });
  await log.trim(0, unread);
  const stands = ada.worker.progress();
  for (let turn = 0; turn < 3; turn++) await expect(ada.worker.runOnce()).rejects.toMatchObject({ code: 'position_expired' });
  expect(ada.worker.progress()).toEqual(stands);
});
