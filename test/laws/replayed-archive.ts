/** Replays of an archive that the log has lost, by a worker that lets DuckDB join the lines of users and by one that looks at each line. */
import { namesIn } from '@tributary/archive/durable';
import { createGeneration } from '@tributary/archive/generations';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { type Event, lineTs } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import type { Commit } from '@tributary/store/speed-store';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryStore, type MemoryStore } from '@tributary/testkit/memory/memory-store';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, expect } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import { recallingLog } from '../../services/speed/src/read/recall.ts';
import { copyOf, createRig, type Rig } from '../faults/archiver-rig.ts';

export const PARTITIONS = 2;
/** An event may come two hours late, and windows are of six: so far back records take what comes. */
export const FILE = { ...SMALL_DEFINITIONS, signalRetention: { days: 1 / 24, perUser: 20 } };
export const DEFINITIONS = definitionsOf(FILE);
const USERS = ['ana', 'Björk', '用户', 'a:{b} c', '😀', 'zoë@example.org', 'anna', 'bert', 'carl', 'dora'];
export const KEPT_MS = 8 * HOUR_MS;
const NAMES = VIEWS.map(({ name }) => name);

interface Replay {
  readonly rig: Rig;
  readonly oldest: number;
  readonly isJoined: boolean;
  readonly mostRows?: number;
  readonly trimRecordLength?: number;
  /** Commits fail, some once they were made. */
  readonly isFlaky?: boolean;
  /** Commits to which more lines are joined are not answered in time, though every other one is made. */
  readonly mostJoined?: number;
  /** What a worker before this one left. */
  readonly store?: MemoryStore;
  /** It dies once it has made this number of commits. */
  readonly mostCommits?: number;
  /** Rows before its beginning that it passes over at once. */
  readonly mostPassed?: number;
}

/** UTF-16 units of the records of a store, by user. */
const recordLengths = new WeakMap<MemoryStore, Map<string, number>>();

/** How long the records are after a commit, of those users to whom it appends. */
function lengthsAfter(store: MemoryStore, { appends, joined = new Map(), rewrites }: Commit): ReadonlyMap<string, number> {
  const lengths = recordLengths.get(store) ?? new Map<string, number>();
  recordLengths.set(store, lengths);
  for (const [user, text] of [...appends, ...joined]) lengths.set(user, (lengths.get(user) ?? 0) + String(text).length);
  for (const [user, record] of rewrites) lengths.set(user, record.length);
  return lengths;
}

function linesJoined({ joined = new Map() }: Commit): number {
  return [...joined.values()].reduce((sum, text) => sum + String(text).split('\n').length - 1, 0);
}

/**
 * Until nothing comes. `joined`: lines, `lengths`: of them, by user; `apart`: lines that the archive gave otherwise, in entries of the log; `sessions`: of
 * DuckDB, the most that were open at once; `waits`: how often the archive gave nothing yet; `late`: commits that were not answered in time; `long`: whose records are longer than what is never trimmed, once something was joined to them.
 */
export async function replayed({ rig, oldest, isJoined, mostRows = 1_000, mostPassed, ...others }: Replay) {
  const { trimRecordLength = 1e9, isFlaky = false, mostJoined, mostCommits = Number.POSITIVE_INFINITY } = others;
  const { store = createMemoryStore({ partitions: PARTITIONS }) } = others;
  const commits: Commit[] = [];
  let [joined, apart, sessions, waits, late] = [0, 0, 0, 0, 0];
  const lengths = new Map<string, number>();
  const long: string[] = [];
  /** To whose records something is joined, by the place of the commit. */
  const appended = new Map<string, readonly string[]>();
  const given = new Set<string>();
  const { dataDir, log } = rig;
  const bounds = { mostRows, ...(mostPassed !== undefined && { mostPassed }) };
  const entries = openArchivedEntries({ dataDir, logIdentity: log.identity, ...bounds });
  const archive: typeof entries = {
    ...entries,
    async after(...asked) {
      const found = await entries.after(...asked);
      sessions = Math.max(sessions, (await namesIn(dataPath(dataDir, 'staging', 'speed'))).length);
      if (found?.length === 0) waits++;
      for (const entry of found ?? []) {
        if (entry.joined === undefined) apart += entry.lineNumbers?.length ?? 0;
        // What was read ahead may be asked for again.
        if (entry.joined === undefined || given.has(`${entry.partition} ${entry.position}`)) continue;
        given.add(`${entry.partition} ${entry.position}`);
        joined += entry.joined.lines;
        appended.set(`${entry.partition} ${entry.position}`, [...entry.joined.appends.keys()]);
        for (const [user, text] of entry.joined.appends) lengths.set(user, (lengths.get(user) ?? 0) + String(text).length);
      }
      return found;
    },
  };
  const speed = store.speed();
  const worker: ReturnType<typeof createSpeedWorker> = createSpeedWorker({
    log: recallingLog(log, archive, {
      onFailed: (partition, error) => expect.fail(`partition ${partition}: ${error.message}`),
      ...(isJoined && { joinRules: (partition) => worker.joinRules(partition) }),
    }),
    store: {
      ...speed,
      async commit(commit) {
        commits.push(commit);
        if (isFlaky && commits.length % 3 === 1) throw new Error('lost before it came');
        const isLate = linesJoined(commit) > (mostJoined ?? Number.POSITIVE_INFINITY);
        if (isLate && late++ % 3 < 2) throw new TributaryError('store_unavailable', 'no answer in time');
        const outcome = await speed.commit(commit);
        if (outcome === 'committed') {
          const after = lengthsAfter(store, commit);
          const own = appended.get(`${commit.partition} ${commit.next.position}`) ?? [];
          long.push(...own.filter((user) => (after.get(user) ?? 0) > trimRecordLength));
        }
        if (isLate) throw new TributaryError('store_unavailable', 'the answer came late');
        if (isFlaky && commits.length % 3 === 2) throw new Error('its reply is lost');
        return outcome;
      },
    },
    definitions: DEFINITIONS,
    partitions: [0, 1],
    ...{ sha256Hex, digestOf: sha256Hex, oldestRead: async () => oldest },
    commitId: () => `c${Math.random()}`,
    limits: { maxEntries: 3, waitMs: 0, trimRecordLength },
    onReset: (partition, why) =>
      expect(isFlaky || mostJoined !== undefined, `partition ${partition} was reset: ${why}`).toBe(true),
  });
  for (let idle = 0; idle < 3 && commits.length < mostCommits; ) idle = (await worker.runOnce()) === 0 ? idle + 1 : 0;
  await worker.settle();
  await entries.close?.();
  return { store, commits, joined, lengths, apart, sessions, waits, late, long };
}

async function cut(rig: Rig, definitions: Definitions): Promise<number> {
  const { generation } = await createGeneration(rig.dataDir, pendingGeneration(definitions));
  const body = JSON.stringify({ generation, definitions: definitions.json });
  for (let partition = 0; partition < PARTITIONS; partition++) await rig.log.append(partition, { kind: 'barrier', body });
  return generation;
}

interface Archived {
  readonly rig: Rig;
  readonly oldest: number;
}

/** As `archived`, for the tests of a file, some of which begin alike: what they begin with is made once, and each has a copy. */
export function archivedOnce(): (seed: number, definitions: readonly Definitions[]) => Promise<Archived> {
  const made = new Map<string, Promise<Archived>>();
  afterAll(async () => {
    for (const { rig } of await Promise.all(made.values())) await rig.close();
  });
  return async (seed, definitions) => {
    const name = JSON.stringify([seed, definitions.map(({ json }) => json)]);
    const first = made.get(name) ?? archived(seed, definitions);
    made.set(name, first);
    const { rig, oldest } = await first;
    return { rig: await copyOf(rig), oldest };
  };
}

/** An archive of four generations, of which readers take the last two, and some events behind it; the log has lost what is archived. */
export async function archived(
  seed: number,
  definitions: readonly Definitions[],
  also: (events: readonly Event[]) => readonly Event[] = (events) => events,
): Promise<Archived> {
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

export async function recordsOf(store: MemoryStore): Promise<string[]> {
  const asked = USERS.flatMap((userKey) => [0, 1].map((partition) => ({ partition, userKey })));
  return (await store.serving().records(asked, 1e9)).map((record) => String(record ?? ''));
}

/** Its lines that are not past what records keep by now: when older ones go, a trim decides. */
export async function linesKept(store: MemoryStore): Promise<string[][]> {
  const logTimeMs = Math.max(...(await store.serving().states()).map((state) => state?.logTimeMs ?? 0));
  return (await recordsOf(store)).map((record) =>
    record.split('\n').filter((line) => line !== '' && lineTs(line) > logTimeMs - KEPT_MS),
  );
}

/** Log time by where a commit was made. */
export function logTimes(commits: readonly Commit[]): Map<string, number> {
  return new Map(commits.map(({ partition, next }) => [`${partition} ${next.position}`, next.logTimeMs]));
}

export async function statesOf(store: MemoryStore) {
  const states = await store.serving().states();
  // Logs of different tests have names of their own.
  return states.map((state) => state && { ...state, commitId: '', logIdentity: '' });
}

export async function expectSameRows(store: MemoryStore, other: MemoryStore, generation: number): Promise<void> {
  const [ours, theirs] = [await store.serving().deltas(NAMES, generation), await other.serving().deltas(NAMES, generation)];
  for (const [partition, { rows, pending, overflowed }] of ours.entries()) {
    expect(differences(rows, theirs[partition]?.rows ?? new Map())).toEqual([]);
    expect({ pending, overflowed }).toEqual({ pending: theirs[partition]?.pending, overflowed: theirs[partition]?.overflowed });
  }
}
