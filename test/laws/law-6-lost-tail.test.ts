/** The log is put back to an older copy of itself: what was acknowledged after the copy is in the spools of the archivers that live, and nowhere else. */
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { type Archiver, type ArchiverOptions, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { cutToSpooled, fillSpool, type Spool } from '@tributary/archiver/spool';
import { stagingFolder } from '@tributary/archiver/sweep';
import { TributaryError } from '@tributary/model/errors';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archivedRows, createRig, type Rig, someEvents } from '../faults/archiver-rig.ts';

const ALL = new Set([0, 1]);
const FULL = () => Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
let rig: Rig;

beforeEach(async () => {
  rig = await createRig(2);
});
afterEach(() => rig.close());

/** Spools e0…e19, which the log has, and e20…e59, which it no longer has; then collectors go on with e60…e79. */
async function lose(changes: Partial<ArchiverOptions>): Promise<Archiver> {
  const archiver = await rig.start({ limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0 }, ...changes });
  await rig.append(someEvents(20));
  await archiver.turn();
  const copies = rig.disk.partitions.map(({ entries, written }) => ({ entries: [...entries], written: written + 1_000 }));
  await rig.append(someEvents(40, 20));
  await archiver.turn();
  for (const [partition, copy] of copies.entries()) Object.assign(rig.disk.partitions[partition] as object, copy);
  await rig.append(someEvents(20, 60));
  return archiver;
}

async function rounds(archiver: Archiver): Promise<void> {
  for (let round = 0; round < 4; round++) {
    rig.nowMs += DEFAULT_LIMITS.maxAgeMs;
    await archiver.turn();
  }
}

async function expectArchived(): Promise<void> {
  const ids = (await archivedRows(rig, 'id, partition, position, entry_index')).map((row) => String(row['id']));
  expect(ids.sort()).toEqual(
    someEvents(80)
      .map(({ id }) => id)
      .sort(),
  );
  // A reader before these positions is sent to the archive.
  expect(await rig.log.starts()).toEqual(await Promise.all([0, 1].map(async (p) => (await rig.segments(p))[0]?.upTo)));
}

test('laws 6 and 7: what the log lost is kept while the lease ran out, and archived once it holds again', async () => {
  let assigned: ReadonlySet<number> | null = ALL;
  const archiver = await lose({ assigned: () => assigned });
  assigned = null;
  await archiver.turn();
  expect(archiver.spools().map(({ rows }) => rows > 0)).toEqual([true, true]);
  expect([await rig.segments(0), await rig.segments(1)]).toEqual([[], []]);
  assigned = ALL;
  await rounds(archiver);
  await expectArchived();
});

test('laws 6 and 7: an archiver that is given other partitions archives first what the log lost', async () => {
  let assigned: ReadonlySet<number> = ALL;
  const archiver = await lose({ assigned: () => assigned });
  assigned = new Set();
  await archiver.turn();
  expect([(await rig.segments(0)).length, (await rig.segments(1)).length]).toEqual([1, 1]);
  await archiver.turn();
  expect(archiver.spools()).toEqual([]);
  // Its successor had no way to know of them.
  await rounds(await rig.start());
  await expectArchived();
});

test('laws 6 and 7: a spool is not given up while the log cannot be asked', async () => {
  let assigned: ReadonlySet<number> = ALL;
  let away = false;
  const log = {
    ...rig.log,
    read: (...asked: Parameters<typeof rig.log.read>) =>
      away ? Promise.reject(new TributaryError('log_unavailable', 'away')) : rig.log.read(...asked),
  };
  const archiver = await lose({ log, assigned: () => assigned });
  [away, assigned] = [true, new Set()];
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'log_unavailable' });
  [away, assigned] = [false, ALL];
  await rounds(archiver);
  await expectArchived();
});

test.each(['openSession', 'afterCopy', 'beforeManifest', 'afterManifest'])(
  'laws 6 and 7: what the log lost is archived also when the first try failed (%s)',
  async (step) => {
    let left = 2;
    const failOnce = (at: string) => {
      if (at === step && left-- > 0) throw FULL();
    };
    const archiver = await lose({
      hook: failOnce,
      async openSession() {
        failOnce('openSession');
        return openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(stagingFolder(rig.dataDir, 'a1'), 'duckdb') });
      },
    });
    await expect(archiver.turn()).rejects.toThrow('ENOSPC');
    await archiver.turn().catch(() => {});
    await rounds(archiver);
    await expectArchived();
  },
);

test('law 6: a spool whose file is cut off is reported, and reading the log goes on', async () => {
  const archiver = await lose({
    hook(step) {
      if (step === 'afterCopy') throw FULL();
    },
  });
  await expect(archiver.turn()).rejects.toThrow('ENOSPC');
  await truncate(archiver.spools()[0]?.rowsPath as string, 100);
  await expect(archiver.turn()).rejects.toThrow(/^partition 0: \d+ rows that the log no longer has .* are lost$/);
  expect(archiver.spools().map(({ partition }) => partition)).toEqual([1]);
});

test('law 6: a write that failed halfway leaves a spool that is archived as it was before', async () => {
  const archiver = await rig.start();
  await rig.append(someEvents(20));
  await archiver.turn();
  const [spool] = archiver.spools();
  const { upTo, bytes } = spool as Spool;
  const broken = { ...(spool as Spool), deadPath: rig.dataDir };
  const entries = [
    ...(await rig.log.read(new Map([[0, null]]), { maxEntries: 1, waitMs: 0 })),
    { partition: 0, position: '9', kind: 'events', body: 'no event', appendedMs: 0 } as const,
  ];
  await expect(fillSpool(broken, entries, 2, { rows: 1e6, bytes: 1e6 }, 0)).rejects.toThrow('EISDIR');
  expect(broken).toMatchObject({ upTo, bytes });
  expect(await cutToSpooled(spool as Spool)).toBe(true);
  rig.nowMs += DEFAULT_LIMITS.maxAgeMs;
  await archiver.turn();
  expect(await archivedRows(rig, 'id, partition, position, entry_index')).toHaveLength(20);
});

test('laws 6 and 7: rows that the log lost, of a segment that another archiver wrote first, are reported', async () => {
  const reported: number[] = [];
  const other = await rig.start();
  const archiver = await lose({ onFenced: (_partition, _number, lostRows) => reported.push(lostRows) });
  await other.turn();
  rig.nowMs += DEFAULT_LIMITS.maxAgeMs;
  await other.turn();
  await archiver.turn();
  expect(reported).toHaveLength(2);
  expect(reported[0] as number).toBeGreaterThan(0);
  expect((reported[0] as number) + (reported[1] as number)).toBe(60);
});
