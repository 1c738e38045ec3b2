/** Store, log and archive that are not of one history: noticed, reported, and repaired from the archive as far as it reaches. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGeneration } from '@tributary/archive/generations';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { EventLog } from '@tributary/log/port';
import { HOUR_MS } from '@tributary/model/time';
import { cutsApart } from '@tributary/serving/freshness/cut-apart';
import { holesInHistory } from '@tributary/serving/freshness/one-history';
import type { StoredState } from '@tributary/store/speed-store';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import { type RecallOptions, recallingLog } from '../../services/speed/src/read/recall.ts';
import { createRig, type Rig, someEvents } from '../faults/archiver-rig.ts';

const PARTITIONS = 2;
const definitions = definitionsOf(SMALL_DEFINITIONS);
const state = (position: string, generation: number) => ({
  position,
  generation,
  logIdentity: 'log',
  logTimeMs: 0,
  definitions: definitions.json,
});
let rig: Rig;

beforeEach(async () => {
  rig = await createRig(PARTITIONS);
});
afterEach(() => rig.close());

async function catchUp(store: MemoryStore, log: EventLog, maxEntries = 7, rounds = Infinity): Promise<void> {
  let commits = 0;
  const worker = createSpeedWorker({
    log,
    store: store.speed(),
    definitions,
    partitions: [0, 1],
    sha256Hex,
    digestOf: sha256Hex,
    commitId: () => `${Math.random()}:${++commits}`,
    limits: { maxEntries, waitMs: 0 },
    onReset: (partition, why) => {
      throw new Error(`partition ${partition} was reset: ${why}`);
    },
  });
  // What was read ahead of a barrier is read again: a round without entries is not the end.
  for (let idle = 0, round = 0; idle < 3 && round < rounds; round++) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
  await worker.settle();
}

/** Reads the archive where the log no longer reaches. */
const recalling = (options: RecallOptions = {}) =>
  recallingLog(rig.log, openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity }), {
    onFailed: (partition, error) => expect.fail(`partition ${partition}: ${error.message}`),
    ...options,
  });

/** All that was appended is archived, and all that `store` has is trimmed. */
async function archive(store: MemoryStore): Promise<void> {
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 },
    speedPosition: async (partition) => (await store.speed().loadState(partition))?.position ?? null,
  });
  for (let round = 0; round < 4; round++) {
    rig.nowMs += 10_000;
    await archiver.turn();
  }
}

/** As the coordinator: a manifest, then its barriers. */
async function cut(): Promise<number> {
  const { generation } = await createGeneration(rig.dataDir, pendingGeneration(definitions));
  for (let partition = 0; partition < PARTITIONS; partition++)
    await rig.log.append(partition, { kind: 'barrier', body: JSON.stringify({ generation, definitions: definitions.json }) });
  return generation;
}

/** What readers get of two stores, for every generation that may be served, and of the users' records. */
async function expectSame(store: MemoryStore, other: MemoryStore, generation: number): Promise<void> {
  const names = VIEWS.map(({ name }) => name);
  const [ours, theirs] = [await store.serving().deltas(names, generation), await other.serving().deltas(names, generation)];
  for (const [partition, answer] of ours.entries()) {
    expect(differences(answer.rows, theirs[partition]?.rows ?? new Map())).toEqual([]);
    expect(answer.state).toMatchObject({
      position: theirs[partition]?.state?.position,
      generation: theirs[partition]?.state?.generation,
    });
  }
  const users = Array.from({ length: 17 }, (_, i) => [0, 1].map((partition) => ({ partition, userKey: `user-${i}` }))).flat();
  expect(await store.serving().records(users, 1e9)).toEqual(await other.serving().records(users, 1e9));
}

function textsOf(...asked: Parameters<typeof holesInHistory>): string[] {
  return holesInHistory(...asked).map(({ text }) => text);
}

test('law 7: a partition without a state is a hole where the log has lost its beginning, and none where it has not', () => {
  const [hole] = holesInHistory([null, null], { starts: [null, '5'], ends: ['9', '9'], knownThen: null }, null);
  expect(hole).toMatchObject({ reason: 'other_history', partition: 1 });
  expect(textsOf([null, null], { starts: [null, '5'], ends: ['9', '9'], knownThen: null }, null)).toEqual([
    expect.stringMatching(/partition 1.*begins after 5/),
  ]);
});

test('law 7: a state from before the beginning of the log is a hole, one at it or after it is none', () => {
  const log = { starts: ['5', '5', '5'], ends: ['9', '9', '9'], knownThen: null };
  const holes = textsOf([state('4', 0), state('5', 0), state('6', 0)], log, null);
  expect(holes).toEqual([expect.stringMatching(/partition 0.*stands at 4.*begins after 5/)]);
});

test('law 7: a state past the cut that counts under an older generation is a hole, before the cut it is none', () => {
  const states = [state('6', 1), state('5', 1), state('4', 1), state('6', 2), state('6', 3)];
  const holes = textsOf(states, null, { generation: 2, cut: ['5', '5', '5', '5', '5'] });
  expect(holes.map((hole) => hole.slice(0, 11))).toEqual(['partition 0', 'partition 1']);
});

test('law 7: a state whose barrier lay elsewhere than the cut is a hole, and so is one that lacks it', () => {
  const states = ['5', '4', '6', undefined].map((at) => {
    const barriers = new Map([[3, '8'], ...(at === undefined ? [] : [[2, at] as const])]);
    return { ...state('9', 3), barriers };
  });
  const generation = { generation: 2, cut: ['5', '5', '5', '5'] };
  expect(cutsApart(states, generation)).toEqual([
    expect.stringMatching(
      /^partition 1: generation 2 was cut at 5, and the deltas since at 4: .* twice\. .*`tributary batch run`/,
    ),
    expect.stringMatching(/^partition 2: generation 2 was cut at 5, and the deltas since at 6: .* in neither\. /),
    expect.stringMatching(
      /^partition 3: generation 2 was cut at 5, and nothing says .*: Redis was emptied since, or an older version .* read the barrier\. Exact again once a newer/,
    ),
  ]);
  // Before the barrier nothing was added that could count twice.
  expect(cutsApart(states, { generation: 3, cut: ['8', '8', '8', '8'] })).toEqual([]);
  expect(cutsApart([state('4', 1), null], generation)).toEqual([]);
  expect(cutsApart(states, null)).toEqual([]);
});

test('law 7: a log that ends before the cut of the generation is a hole, read or not; one at the cut is none', () => {
  const log = { starts: [null, null, null, null], ends: ['4', null, '5', '6'], knownThen: 2 };
  const states = [state('4', 1), null, state('5', 2), state('6', 2)];
  const generation = { generation: 2, cut: ['5', '5', '5', '5'] };
  expect(textsOf(states, log, generation)).toEqual([
    expect.stringMatching(/^partition 0: the log ends at 4, and generation 2 was cut at 5/),
    expect.stringMatching(/^partition 1: the log has no entry, and generation 2 was cut at 5/),
  ]);
  expect(textsOf(states, log, null)).toEqual([]);
  // A state that is ahead of the log reads nothing that is written until the log has passed it.
  expect(textsOf([state('6', 2)], log, generation)).toHaveLength(1);
  // The log was asked while only older generations were known: this one may have been cut since.
  expect(textsOf(states, { ...log, knownThen: 1 }, generation)).toEqual([]);
  expect(textsOf(states, { ...log, knownThen: null }, generation)).toEqual([]);
});

test('laws 1 and 7: an emptied store beside a trimmed log is rebuilt from the archive, as if it had never been lost', async () => {
  const before = createMemoryStore({ partitions: PARTITIONS });
  await rig.append(someEvents(60));
  const generation = await cut();
  await rig.append(someEvents(60, 60));
  // A segment that ends with a heartbeat, and one whose record is not an event.
  for (const partition of [0, 1]) {
    await rig.log.append(partition, { kind: 'events', body: 'no event' });
    await rig.log.append(partition, { kind: 'heartbeat', body: '{"receivedAt":1}' });
  }
  await catchUp(before, rig.log);
  await archive(before);
  expect((await rig.log.starts()).every((start) => start !== null)).toBe(true);
  await rig.append(someEvents(30, 120));
  await catchUp(before, rig.log);
  for (const maxEntries of [1, 7, 500]) {
    const emptied = createMemoryStore({ partitions: PARTITIONS });
    await catchUp(emptied, recalling(), maxEntries);
    await expectSame(emptied, before, generation);
  }
});

test('laws 1 and 7: a store and a log that were put back to an older copy read from the archive what they lost', async () => {
  const store = createMemoryStore({ partitions: PARTITIONS });
  await rig.append(someEvents(30));
  const generation = await cut();
  await rig.append(someEvents(30, 30));
  await catchUp(store, rig.log);
  const copies = copyOfLog();
  const states = await Promise.all([0, 1].map((partition) => store.speed().loadState(partition)));
  const whole = createMemoryStore({ partitions: PARTITIONS });
  await rig.append(someEvents(30, 60));
  await archive(createMemoryStore({ partitions: PARTITIONS }));
  await catchUp(whole, recalling());
  putBack(copies);
  expect(await store.speed().loadState(0)).toEqual(states[0]);
  await rig.append(someEvents(10, 90));
  await catchUp(store, recalling());
  await catchUp(whole, rig.log);
  await expectSame(store, whole, generation);
});

/** The copy is put back, and collectors go on before anybody looks. */
function putBack(copies: readonly { readonly entries: readonly unknown[]; readonly written: number }[]): void {
  for (const [partition, { entries, written }] of copies.entries())
    Object.assign(rig.disk.partitions[partition] as object, { entries, written: written + 1_000 });
}

const copyOfLog = () => rig.disk.partitions.map(({ entries, written }) => ({ entries: [...entries], written }));

test.each([
  ['spooled', 1],
  ['spooled', 3],
  ['archived', 3],
])(
  'laws 1 and 7: what a log lost while its archiver lives (%s, reads of %i) is archived, and the log begins after it',
  async (where, maxEntries) => {
    const store = createMemoryStore({ partitions: PARTITIONS });
    const whole = createMemoryStore({ partitions: PARTITIONS });
    await rig.append(someEvents(60));
    const generation = await cut();
    await catchUp(store, rig.log);
    await catchUp(whole, rig.log);
    const reported: number[] = [];
    const archiver = await rig.start({
      limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000, maxEntries },
      onLostTail: (partition) => reported.push(partition),
    });
    const rounds = async () => {
      for (let round = 0; round < 60; round++) await archiver.turn();
    };
    await rounds();
    const copies = copyOfLog();
    await rig.append(someEvents(40, 60));
    await catchUp(whole, rig.log);
    await rounds();
    if (where === 'archived') rig.nowMs += 10_000;
    await archiver.turn();
    expect(archiver.spools().every(({ rows }) => rows > 0)).toBe(where === 'spooled');
    putBack(copies);
    await rig.append(someEvents(30, 100));
    await rounds();
    expect(reported.sort()).toEqual([0, 1]);
    rig.nowMs += 10_000;
    await archiver.turn();
    await catchUp(store, recalling());
    await catchUp(whole, rig.log);
    await expectSame(store, whole, generation);
  },
);

test('laws 1 and 7: what a log lost of a segment is missed before anything follows it, also by a worker that had not come so far', async () => {
  const [store, whole] = [createMemoryStore({ partitions: PARTITIONS }), createMemoryStore({ partitions: PARTITIONS })];
  const reported: number[] = [];
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 },
    onLostTail: (partition) => reported.push(partition),
  });
  const log = recalling();
  await rig.append(someEvents(40));
  await catchUp(store, log);
  const copies = copyOfLog();
  await rig.append(someEvents(40, 40));
  await catchUp(whole, rig.log);
  await archiver.turn();
  putBack(copies);
  rig.nowMs += 10_000;
  await archiver.turn();
  expect(reported.sort()).toEqual([0, 1]);
  await rig.append(someEvents(30, 80));
  await expect(catchUp(store, log)).rejects.toMatchObject({ code: 'position_expired' });
  await catchUp(store, log);
  await catchUp(whole, rig.log);
  await expectSame(store, whole, 0);
});

test('laws 1 and 7: a worker that comes before the archiver to a log that was put back does not read over what was lost', async () => {
  const [store, whole] = [createMemoryStore({ partitions: PARTITIONS }), createMemoryStore({ partitions: PARTITIONS })];
  const archiver = await rig.start({ limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 } });
  const reported: string[] = [];
  let nowMs = 0;
  const log = recalling({ now: () => nowMs, onFailed: (partition, error) => reported.push(`${partition} ${error.message}`) });
  await rig.append(someEvents(40));
  await catchUp(store, log);
  const [copies, stored] = [copyOfLog(), [0, 1].map((partition) => store.snapshot(partition))];
  const positions = () => Promise.all([0, 1].map(async (partition) => (await store.speed().loadState(partition))?.position));
  const before = await positions();
  await rig.append(someEvents(40, 40));
  await catchUp(store, log);
  await catchUp(whole, rig.log);
  await archiver.turn();
  putBack(copies);
  for (const partition of [0, 1]) store.restore(partition, stored[partition]);
  await rig.append(someEvents(30, 80));
  await catchUp(store, log);
  expect(reported.map((line) => line.slice(0, 1)).sort()).toEqual(['0', '1']);
  expect(reported[0]).toMatch(/no longer has the entry at \d+, which was read/);
  expect(await positions()).toEqual(before);
  await archiver.turn();
  await archiver.turn();
  nowMs += 10_000;
  await catchUp(store, log);
  await catchUp(whole, rig.log);
  await expectSame(store, whole, 0);
});

test('law 7: a worker does not wait for ever for what was read and is neither in the log nor in the archive', async () => {
  const store = createMemoryStore({ partitions: PARTITIONS });
  let nowMs = 0;
  const log = recalling({ now: () => nowMs, onFailed: () => {} });
  await rig.append(someEvents(40));
  await catchUp(store, log);
  const [copies, stored] = [copyOfLog(), [0, 1].map((partition) => store.snapshot(partition))];
  await rig.append(someEvents(40, 40));
  await catchUp(store, log);
  putBack(copies);
  for (const partition of [0, 1]) store.restore(partition, stored[partition]);
  await rig.append(someEvents(30, 80));
  const ends = await rig.log.ends();
  const positions = () => Promise.all([0, 1].map(async (partition) => (await store.speed().loadState(partition))?.position));
  const before = [...(await positions())];
  for (const waitedMs of [0, 30_000, 59_999]) {
    nowMs = waitedMs;
    await catchUp(store, log);
    expect(await positions()).toEqual(before);
  }
  nowMs = 62_000;
  await catchUp(store, log);
  expect(await positions()).toEqual(ends);
});

test('law 7: a gap between archive and log is reported and never skipped, and the other partitions go on', async () => {
  const store = createMemoryStore({ partitions: PARTITIONS });
  await rig.append(someEvents(30));
  await catchUp(store, rig.log);
  await archive(store);
  await rig.append(someEvents(30, 30));
  const end = (await rig.log.ends())[0] as string;
  await rig.append(someEvents(30, 60));
  await rig.log.trim(0, end);
  await rig.log.trim(1, (await rig.segments(1)).at(-1)?.upTo as string);
  const emptied = createMemoryStore({ partitions: PARTITIONS });
  const reported: string[] = [];
  await catchUp(emptied, recalling({ onFailed: (partition, error) => reported.push(`${partition} ${error.message}`) }));
  expect(new Set(reported)).toEqual(new Set([expect.stringMatching(/^0 .*what lay in between is gone$/)]));
  const [gap, whole] = await Promise.all([0, 1].map((partition) => emptied.speed().loadState(partition)));
  expect(gap?.position).toBe((await rig.segments(0)).at(-1)?.upTo);
  expect(whole?.position).toBe((await rig.log.ends())[1]);
});

test('law 7: a partition with a damaged file in its archive is reported and waits, the others are rebuilt, and it too once the file is back', async () => {
  const before = createMemoryStore({ partitions: PARTITIONS });
  await rig.append(someEvents(60));
  await catchUp(before, rig.log);
  await archive(before);
  const file = join(rig.dataDir, (await rig.segments(0))[0]?.files[0]?.path as string);
  const sound = await readFile(file);
  await writeFile(file, sound.with(20, (sound[20] as number) ^ 1));
  const emptied = createMemoryStore({ partitions: PARTITIONS });
  const reported: [number, string, number][] = [];
  let nowMs = 0;
  const log = recalling({
    now: () => nowMs,
    onFailed: (partition, error, waitMs) => reported.push([partition, error.message, waitMs]),
  });
  await catchUp(emptied, log);
  expect(reported).toEqual([[0, expect.stringContaining('.parquet'), 1_000]]);
  expect(await emptied.speed().loadState(0)).toBeNull();
  expect((await emptied.speed().loadState(1))?.position).toBe((await rig.log.ends())[1]);
  // It is tried again later and later.
  for (const waitMs of [2_000, 4_000]) {
    nowMs += waitMs;
    await catchUp(emptied, log);
    expect(reported.at(-1)?.[2]).toBe(waitMs);
  }
  await writeFile(file, sound);
  nowMs += 60_000;
  await catchUp(emptied, log);
  await expectSame(emptied, before, 0);
});

test('law 3: what the archive gives are the entries of the log, line by line', async () => {
  await rig.append(someEvents(60));
  const after = new Map([[0, null]]);
  const entries = await rig.log.read(after, { maxEntries: 1_000, waitMs: 0 });
  expect(entries.some(({ body }) => body.split('\n').length === 3)).toBe(true);
  await archive(createMemoryStore({ partitions: PARTITIONS }));
  const archived = await openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity }).after(0, null);
  expect(archived?.map(({ position, body }) => ({ position, body }))).toEqual(
    entries.map(({ position, body }) => ({ position, body })),
  );
});

test('law 7: the archive of another log is log_recreated for who reads on in it', async () => {
  await rig.append(someEvents(20));
  await archive(createMemoryStore({ partitions: PARTITIONS }));
  const other = openArchivedEntries({ dataDir: rig.dataDir, logIdentity: 'another' });
  await expect(other.after(0, null)).rejects.toMatchObject({
    code: 'log_recreated',
    message: `segment 0 of partition 0 was read from the log ${rig.log.identity}, this is another`,
  });
});

test('law 8: log time does not fall in a replay, however far apart the clocks of producers are, also for workers that die on the way', async () => {
  const before = createMemoryStore({ partitions: PARTITIONS });
  const clocks = someEvents(60).map((event, i) => ({ ...event, receivedAt: event.receivedAt - (i % 2) * 30 * HOUR_MS }));
  await rig.append(clocks);
  await catchUp(before, rig.log);
  await archive(before);
  const replayed = createMemoryStore({ partitions: PARTITIONS });
  for (let round = 0; round < 60; round++) await catchUp(replayed, recalling(), 1, 1);
  await expectSame(replayed, before, 0);
  for (const partition of [0, 1]) {
    const [{ position: _end, commitId: _of, ...again }, { position: _other, commitId: _own, ...expected }] = (await Promise.all(
      [replayed, before].map(async (one) => (await one.speed().loadState(partition)) as StoredState),
    )) as [StoredState, StoredState];
    expect(again).toEqual(expected);
    expect(again.cutTs).toBeUndefined();
  }
});
