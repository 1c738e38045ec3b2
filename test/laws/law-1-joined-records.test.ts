/** A replay that lets DuckDB join the lines of users leaves what a replay leaves that looks at each line. */
import { createGeneration } from '@tributary/archive/generations';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { Definitions } from '@tributary/model/definitions';
import { type Event, lineTs } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import type { Commit } from '@tributary/store/speed-store';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { withErasures } from '@tributary/testkit/inputs/generate-erasures';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import { recallingLog } from '../../services/speed/src/read/recall.ts';
import { createRig, type Rig } from '../faults/archiver-rig.ts';

const PARTITIONS = 2;
/** An event may come two hours late, and windows are of six: so far back records take what comes. */
const FILE = { ...SMALL_DEFINITIONS, signalRetention: { days: 1 / 24, perUser: 20 } };
const DEFINITIONS = definitionsOf(FILE);
const USERS = ['ana', 'Björk', '用户', 'a:{b} c', '😀', 'zoë@example.org'];
const KEPT_MS = 8 * HOUR_MS;
const NAMES = VIEWS.map(({ name }) => name);

interface Replay {
  readonly rig: Rig;
  readonly oldest: number;
  readonly isJoined: boolean;
  readonly mostRows?: number;
  readonly trimRecordLength?: number;
  /** Commits fail, some once they were made. */
  readonly isFlaky?: boolean;
}

/** Into an empty store, until nothing comes. `lengths`: of what was joined, by user. */
async function replayed({ rig, oldest, isJoined, mostRows = 1_000, trimRecordLength = 1e9, isFlaky = false }: Replay) {
  const store = createMemoryStore({ partitions: PARTITIONS });
  const commits: Commit[] = [];
  let joined = 0;
  const lengths = new Map<string, number>();
  const given = new Set<string>();
  const entries = openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity, memoryLimit: '256MB', mostRows });
  const archive: typeof entries = {
    ...entries,
    async after(...asked) {
      const found = await entries.after(...asked);
      for (const entry of found ?? []) {
        // What was read ahead may be asked for again.
        if (entry.joined === undefined || given.has(`${entry.partition} ${entry.position}`)) continue;
        given.add(`${entry.partition} ${entry.position}`);
        joined += entry.joined.lines;
        for (const [user, text] of entry.joined.appends) lengths.set(user, (lengths.get(user) ?? 0) + text.length);
      }
      return found;
    },
  };
  const speed = store.speed();
  const worker: ReturnType<typeof createSpeedWorker> = createSpeedWorker({
    log: recallingLog(rig.log, archive, {
      onFailed: (partition, error) => expect.fail(`partition ${partition}: ${error.message}`),
      ...(isJoined && { joinRules: (partition) => worker.joinRules(partition) }),
    }),
    store: {
      ...speed,
      async commit(commit) {
        commits.push(commit);
        if (isFlaky && commits.length % 3 === 1) throw new Error('lost before it came');
        const outcome = await speed.commit(commit);
        if (isFlaky && commits.length % 3 === 2) throw new Error('its reply is lost');
        return outcome;
      },
    },
    definitions: DEFINITIONS,
    partitions: [0, 1],
    ...{ sha256Hex, digestOf: sha256Hex, oldestRead: async () => oldest },
    commitId: () => `c${Math.random()}`,
    limits: { maxEntries: 3, waitMs: 0, trimRecordLength },
    onReset: (partition, why) => expect(isFlaky, `partition ${partition} was reset: ${why}`).toBe(true),
  });
  for (let idle = 0; idle < 3; ) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
  await worker.settle();
  return { store, commits, joined, lengths };
}

async function cut(rig: Rig, definitions: Definitions): Promise<number> {
  const { generation } = await createGeneration(rig.dataDir, pendingGeneration(definitions));
  const body = JSON.stringify({ generation, definitions: definitions.json });
  for (let partition = 0; partition < PARTITIONS; partition++) await rig.log.append(partition, { kind: 'barrier', body });
  return generation;
}

/** An archive of four generations, of which readers take the last two, and some events behind it; the log has lost what is archived. */
async function archived(
  seed: number,
  definitions: readonly Definitions[],
  also: (events: readonly Event[]) => readonly Event[] = (events) => events,
): Promise<{ rig: Rig; oldest: number }> {
  const random = createRandom(seed);
  const rig = await createRig(PARTITIONS);
  const shape = { events: 240, users: 6, lateChance: 0.15, duplicateChance: 0.1 };
  const events = also(generateEvents(random, shape, DEFINITIONS));
  const parts = [0, 1, 2, 3, 4].map((part) => events.slice(part * 48, (part + 1) * 48));
  let generation = 0;
  for (const [i, part] of parts.entries()) {
    for (let from = 0; from < part.length; from += 9) await rig.append(part.slice(from, from + 9));
    const own = definitions[i];
    if (own !== undefined) generation = await cut(rig, own);
  }
  const { store } = await replayed({ rig, oldest: 0, isJoined: false });
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000, segmentRows: random.pick([7, 20, 1_000]) },
    speedPosition: async (partition) => (await store.speed().loadState(partition))?.position ?? null,
  });
  for (let round = 0; round < 20; round++) {
    rig.nowMs += 10_000;
    await archiver.turn();
  }
  expect((await rig.log.starts()).every((start) => start !== null)).toBe(true);
  await rig.append(parts[4] as Event[]);
  return { rig, oldest: generation - 1 };
}

async function recordsOf(store: MemoryStore): Promise<string[]> {
  const asked = USERS.flatMap((userKey) => [0, 1].map((partition) => ({ partition, userKey })));
  return (await store.serving().records(asked, 1e9)).map((record) => String(record ?? ''));
}

/** Its lines that are not past what records keep by now: when older ones go, a trim decides. */
async function linesKept(store: MemoryStore): Promise<string[][]> {
  const logTimeMs = Math.max(...(await store.serving().states()).map((state) => state?.logTimeMs ?? 0));
  return (await recordsOf(store)).map((record) =>
    record.split('\n').filter((line) => line !== '' && lineTs(line) > logTimeMs - KEPT_MS),
  );
}

/** Log time by where a commit was made. */
function logTimes(commits: readonly Commit[]): Map<string, number> {
  return new Map(commits.map(({ partition, next }) => [`${partition} ${next.position}`, next.logTimeMs]));
}

async function statesOf(store: MemoryStore) {
  const states = await store.serving().states();
  return states.map((state) => state && { ...state, commitId: '' });
}

async function expectSameRows(store: MemoryStore, other: MemoryStore, generation: number): Promise<void> {
  const [ours, theirs] = [await store.serving().deltas(NAMES, generation), await other.serving().deltas(NAMES, generation)];
  for (const [partition, { rows, pending, overflowed }] of ours.entries()) {
    expect(differences(rows, theirs[partition]?.rows ?? new Map())).toEqual([]);
    expect({ pending, overflowed }).toEqual({ pending: theirs[partition]?.pending, overflowed: theirs[partition]?.overflowed });
  }
}

const SHORTER = definitionsOf({
  ...FILE,
  touches: { ...FILE.touches, click: { windowDays: 0.125, defaultChannel: 'direct' } },
});

test.each([
  { seed: 1, of: [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS] },
  { seed: 2, of: [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS] },
  { seed: 3, of: [SHORTER, DEFINITIONS, SHORTER, DEFINITIONS] },
  { seed: 4, of: [DEFINITIONS, SHORTER, DEFINITIONS, DEFINITIONS] },
])('laws 1 and 3: joined records are those of a replay line by line, to the last byte: seed $seed', async ({ seed, of }) => {
  const { rig, oldest } = await archived(seed, of);
  try {
    const lineByLine = await replayed({ rig, oldest, isJoined: false });
    expect(lineByLine.joined).toBe(0);
    for (const mostRows of [1, 13, 1_000]) {
      const joined = await replayed({ rig, oldest, isJoined: true, mostRows });
      expect(joined.joined).toBeGreaterThan(10);
      expect(await recordsOf(joined.store)).toEqual(await recordsOf(lineByLine.store));
      expect(await statesOf(joined.store)).toEqual(await statesOf(lineByLine.store));
      const [ours, theirs] = [logTimes(joined.commits), logTimes(lineByLine.commits)];
      const both = [...ours.keys()].filter((place) => theirs.has(place));
      expect(both.length).toBeGreaterThan(5);
      expect(both.map((place) => ours.get(place))).toEqual(both.map((place) => theirs.get(place)));
      await expectSameRows(joined.store, lineByLine.store, oldest);
    }
  } finally {
    await rig.close();
  }
});

test('laws 1 and 3: joined records are those of a replay line by line where commits fail, and what was joined is asked for again', async () => {
  const { rig, oldest } = await archived(7, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  try {
    const lineByLine = await replayed({ rig, oldest, isJoined: false });
    const [calm, flaky] = [false, true].map((isFlaky) => replayed({ rig, oldest, isJoined: true, mostRows: 1, isFlaky }));
    expect((await flaky)?.joined).toBe((await calm)?.joined);
    expect(await recordsOf((await flaky)?.store as MemoryStore)).toEqual(await recordsOf(lineByLine.store));
    await expectSameRows((await flaky)?.store as MemoryStore, lineByLine.store, oldest);
  } finally {
    await rig.close();
  }
});

test('laws 1 and 3: joined records are trimmed where a replay line by line trims them', async () => {
  const { rig, oldest } = await archived(5, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  try {
    const trimRecordLength = 1_000;
    const lineByLine = await replayed({ rig, oldest, isJoined: false, trimRecordLength });
    const joined = await replayed({ rig, oldest, isJoined: true, mostRows: 1, trimRecordLength });
    expect(joined.joined).toBeGreaterThan(10);
    expect(Math.max(...joined.lengths.values())).toBeLessThanOrEqual(trimRecordLength);
    expect(await linesKept(joined.store)).toEqual(await linesKept(lineByLine.store));
    await expectSameRows(joined.store, lineByLine.store, oldest);
  } finally {
    await rig.close();
  }
});

test('law 9: who is erased in what is joined is erased, and what follows is read line by line', async () => {
  const erasing = (events: readonly Event[]) => withErasures(events, 1);
  const { rig, oldest } = await archived(6, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS], erasing);
  try {
    const lineByLine = await replayed({ rig, oldest, isJoined: false });
    const joined = await replayed({ rig, oldest, isJoined: true });
    expect(joined.joined).toBeGreaterThan(0);
    expect(await recordsOf(joined.store)).toEqual(await recordsOf(lineByLine.store));
    expect(await statesOf(joined.store)).toEqual(await statesOf(lineByLine.store));
    await expectSameRows(joined.store, lineByLine.store, oldest);
  } finally {
    await rig.close();
  }
});

test.each([
  { what: 'nothing looks at events', more: {}, oldest: 2, isJoined: true },
  { what: 'something is counted', more: {}, oldest: 0, isJoined: false },
  {
    what: 'keys are joined',
    more: { identity: { days: 30 }, signalRetention: { days: 90, perUser: 20 } },
    oldest: 2,
    isJoined: false,
  },
  {
    what: 'members of segments are followed',
    more: { segments: { clicking: { enter: 'type == "click"', ttl: '1h' } } },
    oldest: 2,
    isJoined: false,
  },
])('law 1: records are joined only where nothing looks at each event: $what', async ({ more, oldest, isJoined }) => {
  const worker = createSpeedWorker({
    ...{ log: createMemoryLog({ partitions: 1 }), store: createMemoryStore({ partitions: 1 }).speed(), partitions: [0] },
    ...{ definitions: definitionsOf({ ...FILE, ...more }), sha256Hex, digestOf: sha256Hex, commitId: () => 'c' },
    ...{ oldestRead: async () => oldest, limits: { waitMs: 0 } },
  });
  expect(worker.joinRules(0)).toBeUndefined();
  await worker.runOnce();
  expect(worker.joinRules(0) !== null).toBe(isJoined);
});
