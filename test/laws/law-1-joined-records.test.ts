/** A replay that lets DuckDB join the lines of users leaves what a replay leaves that looks at each line. */
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { namesIn } from '@tributary/archive/durable';
import { writeRetired } from '@tributary/archive/retention/retired';
import { readSegments } from '@tributary/archive/segments';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import type { PartitionState } from '@tributary/store/speed-store';
import { definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { withErasures } from '@tributary/testkit/inputs/generate-erasures';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { expect, test } from 'vitest';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import { openArchivedEntries } from '../../services/speed/src/read/archived-entries.ts';
import { type AppliedUpTo, piecesJoined } from '../../services/speed/src/read/archived-pieces.ts';
import {
  archived,
  DEFINITIONS,
  expectSameRows,
  FILE,
  KEPT_MS,
  linesKept,
  logTimes,
  PARTITIONS,
  recordsOf,
  replayed,
  statesOf,
} from './replayed-archive.ts';

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

test.each([
  { seed: 1, mostPassed: 1_000, of: [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS] },
  { seed: 2, mostPassed: 1, of: [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS] },
  { seed: 3, mostPassed: 20, of: [SHORTER, DEFINITIONS, SHORTER, DEFINITIONS] },
])(
  'laws 1 and 3: a worker that comes back joins what is left, and leaves what a replay line by line leaves: seed $seed',
  async ({ seed, mostPassed, of }) => {
    const { rig, oldest } = await archived(seed, of);
    try {
      const lineByLine = await replayed({ rig, oldest, isJoined: false });
      const whole = await replayed({ rig, oldest, isJoined: true, mostRows: 1 });
      let waits = 0;
      for (const mostCommits of [3, 11]) {
        const died = await replayed({ rig, oldest, isJoined: true, mostRows: 1, mostCommits });
        const back = await replayed({ rig, oldest, isJoined: true, mostRows: 1, mostPassed, store: died.store });
        expect(back.apart).toBe(whole.apart);
        expect(back.joined).toBeGreaterThan(10);
        expect(back.sessions).toBe(1);
        waits += back.waits;
        expect(await recordsOf(back.store)).toEqual(await recordsOf(lineByLine.store));
        expect(await statesOf(back.store)).toEqual(await statesOf(lineByLine.store));
        await expectSameRows(back.store, lineByLine.store, oldest);
      }
      expect(waits > 0).toBe(mostPassed < 1_000);
    } finally {
      await rig.close();
    }
  },
);

test('laws 1 and 3: joined records are those of a replay line by line where commits fail, and what was joined is asked for again', async () => {
  const { rig, oldest } = await archived(7, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  try {
    const lineByLine = await replayed({ rig, oldest, isJoined: false });
    const calm = await replayed({ rig, oldest, isJoined: true, mostRows: 1 });
    const flaky = await replayed({ rig, oldest, isJoined: true, mostRows: 1, mostPassed: 1, isFlaky: true });
    expect(flaky.joined).toBe(calm.joined);
    // What was given is given again: nothing has to be passed over.
    expect(flaky.waits).toBe(0);
    expect(await recordsOf(flaky.store)).toEqual(await recordsOf(lineByLine.store));
    await expectSameRows(flaky.store, lineByLine.store, oldest);
  } finally {
    await rig.close();
  }
});

test('laws 1 and 3: what was not answered in time is joined in smaller commits, until Redis takes them', async () => {
  const { rig, oldest } = await archived(7, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  try {
    const lineByLine = await replayed({ rig, oldest, isJoined: false });
    const mostJoined = 9;
    const calm = await replayed({ rig, oldest, isJoined: true, mostRows: 40 });
    expect(calm.late).toBe(0);
    const busy = await replayed({ rig, oldest, isJoined: true, mostRows: 40, mostJoined });
    // A partition needs three at most, for all, a half and a quarter: what follows is smaller, behind a barrier too.
    expect(busy.late).toBeGreaterThan(0);
    expect(busy.late).toBeLessThanOrEqual(6);
    expect(busy.commits.length).toBeGreaterThan(calm.commits.length + busy.late);
    expect(await recordsOf(busy.store)).toEqual(await recordsOf(lineByLine.store));
    expect(await statesOf(busy.store)).toEqual(await statesOf(lineByLine.store));
    await expectSameRows(busy.store, lineByLine.store, oldest);
  } finally {
    await rig.close();
  }
});

test.each([5, 6, 8])('laws 1 and 3: joined records are trimmed where a replay line by line trims them: seed %i', async (seed) => {
  const { rig, oldest } = await archived(seed, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  try {
    const trimRecordLength = 1_000;
    const lineByLine = await replayed({ rig, oldest, isJoined: false, trimRecordLength });
    expect(lineByLine.long).toEqual([]);
    const joined = await replayed({ rig, oldest, isJoined: true, mostRows: 1, trimRecordLength });
    expect(joined.joined).toBeGreaterThan(3);
    expect(joined.long).toEqual([]);
    expect(await linesKept(joined.store)).toEqual(await linesKept(lineByLine.store));
    await expectSameRows(joined.store, lineByLine.store, oldest);
    const died = await replayed({ rig, oldest, isJoined: true, mostRows: 1, trimRecordLength, mostCommits: 15 });
    const back = await replayed({ rig, oldest, isJoined: true, mostRows: 1, trimRecordLength, store: died.store });
    expect(back.long).toEqual([]);
    expect(await linesKept(back.store)).toEqual(await linesKept(lineByLine.store));
  } finally {
    await rig.close();
  }
});

test('law 1: a worker that comes back joins nothing where its records may have what was retired from the archive', async () => {
  const { rig, oldest } = await archived(1, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  const retire = (before: number) =>
    writeRetired(rig.dataDir, {
      before,
      upTo: [],
      replaced: [],
      replacing: [],
      soFar: { files: 0, rows: 0, bytes: 0 },
      outcomes: [],
    });
  try {
    const died = await replayed({ rig, oldest, isJoined: true, mostRows: 1, mostCommits: 6 });
    const [state] = await died.store.serving().states();
    const { logTimeMs, keptMs = Number.NaN } = state as PartitionState;
    await retire(logTimeMs - keptMs + 1);
    const copies = [0, 1].map((partition) => died.store.snapshot(partition));
    const back = await replayed({ rig, oldest, isJoined: true, mostRows: 1, store: died.store });
    await retire(logTimeMs - keptMs);
    for (const [partition, copy] of copies.entries()) died.store.restore(partition, copy);
    const again = await replayed({ rig, oldest, isJoined: true, mostRows: 1, store: died.store });
    expect(back.apart).toBeGreaterThan(again.apart);
    expect(again.joined).toBeGreaterThan(0);
  } finally {
    await rig.close();
  }
});

test('one session of DuckDB is open at a time, whichever partition is asked for', async () => {
  const { rig, oldest } = await archived(2, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  const entries = openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity, mostRows: 1 });
  const starts = await rig.log.starts();
  const bounds = { keptMs: KEPT_MS, untrimmedLength: 1e9, partitions: PARTITIONS };
  const places: AppliedUpTo[] = starts.map(() => ({ position: null, logTimeMs: 0 }));
  const given = starts.map(() => 0);
  try {
    expect(oldest).toBeGreaterThan(1);
    for (let round = 0; round < 4; round++)
      for (const [partition, applied] of places.entries()) {
        const joining = { ...bounds, start: String(starts[partition]), applied };
        // With one that is read line by line in between.
        if (round === 2) await entries.after(partition, null);
        const found = (await entries.after(partition, applied.position, joining)) ?? [];
        given[partition] = (given[partition] ?? 0) + found.filter((entry) => entry.joined !== undefined).length;
        const last = found.at(-1);
        if (last !== undefined)
          places[partition] = { position: last.position, logTimeMs: Math.max(applied.logTimeMs, last.joined?.logTimeMs ?? 0) };
        expect((await namesIn(dataPath(rig.dataDir, 'staging', 'speed'))).length).toBeLessThanOrEqual(1);
      }
    expect(given).toEqual([4, 4]);
  } finally {
    await entries.close?.();
    await rig.close();
  }
});

/** Whether a statement reads lines of those who are apart, which is done while the next piece is prepared. */
const OF_APART = /^SELECT count\(\*\)::INTEGER AS rows FROM/;

test('laws 1 and 3: lines are read of their own piece, also where the next one was made before', async () => {
  const { rig } = await archived(1, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  const { dataDir } = rig;
  const start = String((await rig.log.starts())[0]);
  const openSession = () => openDuckDb({ memoryLimit: '128MiB', threads: 1, tempDir: join(dataDir, 'staging', 'slow') });
  async function entries(mostRows: number, isSlow: boolean) {
    let next = Promise.withResolvers<void>();
    let waits = 0;
    const slow = (session: DuckDb): DuckDb => ({
      ...session,
      async run(sql) {
        if (sql.startsWith('INSERT INTO seen')) next = Promise.withResolvers();
        await session.run(sql);
        if (/^CREATE OR REPLACE TABLE (held|piece)_/.test(sql)) next.resolve();
      },
      async rows(sql) {
        if (OF_APART.test(sql)) waits++;
        if (OF_APART.test(sql)) await next.promise;
        return session.rows(sql);
      },
    });
    const pieces = piecesJoined(
      0,
      { keptMs: KEPT_MS, untrimmedLength: 1e9, partitions: PARTITIONS, start, applied: { position: null, logTimeMs: 0 } },
      {
        ...{ dataDir, mostRows, isPartly: async () => false, retiredBefore: async () => null },
        openSession: async () => (isSlow ? slow(await openSession()) : openSession()),
        async segmentAfter(partition, position) {
          const segments = await readSegments(dataDir, partition);
          const found = segments.find(({ rows, upTo }) => rows > 0 && (position === null || upTo > position)) ?? null;
          // No piece is made behind it.
          if (found === null) next.resolve();
          return found;
        },
        endOf: async ({ partition, upTo }) => ({ partition, position: upTo, kind: 'heartbeat', body: '', appendedMs: 0 }),
      },
    );
    const given: object[] = [];
    for await (const some of pieces)
      for (const { position, joined } of some)
        given.push({ position, ...joined, appends: [...(joined?.appends ?? [])].map((each) => each.map(String)) });
    return { given, waits };
  }
  try {
    // Several segments are a piece, or parts of one.
    for (const mostRows of [13, 5]) {
      const { given, waits } = await entries(mostRows, true);
      expect(waits).toBeGreaterThan(3);
      expect(given).toEqual((await entries(mostRows, false)).given);
    }
  } finally {
    await rig.close();
  }
});

test('law 8: a worker that comes back goes on with log time from where it stood', async () => {
  const { rig } = await archived(2, [DEFINITIONS, DEFINITIONS, DEFINITIONS, DEFINITIONS]);
  const entries = openArchivedEntries({ dataDir: rig.dataDir, logIdentity: rig.log.identity, mostRows: 1 });
  const start = String((await rig.log.starts())[0]);
  const joining = { keptMs: KEPT_MS, untrimmedLength: 1e9, partitions: PARTITIONS, start };
  try {
    const [first] = (await entries.after(0, null, { ...joining, applied: { position: null, logTimeMs: 0 } })) ?? [];
    expect(first?.joined?.lines).toBe(3);
    await entries.close?.();
    const position = first?.position ?? null;
    const logTimeMs = (first?.joined?.logTimeMs ?? 0) + 365 * DAY_MS;
    const [next] = (await entries.after(0, position, { ...joining, applied: { position, logTimeMs } })) ?? [];
    // All of it is too old for records by then.
    expect(next?.joined).toMatchObject({ lines: 0, logTimeMs });
  } finally {
    await entries.close?.();
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
