/** An archiver over a folder that is not the log's: not mounted, unmounted while it runs, or of another platform. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesIn } from '@tributary/archive/durable';
import { archivedUpTo, segmentPath } from '@tributary/archive/segments';
import { type ArchiverOptions, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { createRig, placesInArchive, placesInLog, type Rig, someEvents } from '../faults/archiver-rig.ts';

const PARTITIONS = 2;
const limits = { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxAgeMs: 1_000 };
let rig: Rig;

beforeEach(async () => {
  rig = await createRig(PARTITIONS);
});
afterEach(() => rig.close());

/** As a mount point is before anything is mounted there. */
async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-mount-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The speed layer is behind: nothing of it may be trimmed. */
const archiveOnly = (changes: Partial<ArchiverOptions> = {}) => archive({ speedPosition: async () => null, ...changes });

/** Everything is read by the speed layer too: what is archived may be trimmed. */
async function archive(changes: Partial<ArchiverOptions> = {}): Promise<void> {
  const archiver = await rig.start({
    limits,
    speedPosition: async (partition) => (await rig.log.ends())[partition] ?? null,
    ...changes,
  });
  for (let round = 0; round < 3; round++) {
    rig.nowMs += 10_000;
    await archiver.turn();
  }
}

test('law 6: an archiver over an empty folder beside a trimmed log and an emptied Redis archives nothing and trims nothing', async () => {
  await rig.append(someEvents(30));
  await archive();
  expect((await rig.log.starts()).every((start) => start !== null)).toBe(true);
  await rig.append(someEvents(30, 30));
  const waiting = await placesInLog(rig);
  const unmounted = await emptyFolder();
  rig.claims = createMemoryArchiveClaims();
  await expect(archive({ dataDir: unmounted })).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`the archive in ${unmounted} has no segment of it`),
  });
  expect((await archivedUpTo(unmounted, 0)).last).toBeNull();
  expect(await placesInLog(rig)).toEqual(waiting);
  // Mounted again, it goes on as if nothing had been.
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test.each(['archive', 'archive/segments'])(
  'law 6: where %s is unmounted while the archiver runs no segment comes, and the log keeps its entries',
  async (mount) => {
    const archiver = await rig.start({ limits, speedPosition: async (partition) => (await rig.log.ends())[partition] ?? null });
    await rig.append(someEvents(30));
    await archiver.turn();
    rig.nowMs += 10_000;
    await archiver.turn();
    await rig.append(someEvents(30, 30));
    const waiting = await placesInLog(rig);
    await archiver.turn();
    rig.nowMs += 10_000;
    const elsewhere = `${rig.dataDir}-elsewhere`;
    // It may be a mount of its own: the spools are still there.
    await rename(join(rig.dataDir, mount), elsewhere);
    await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
    await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
    expect(await namesIn(join(rig.dataDir, mount))).toEqual([]);
    expect(await placesInLog(rig)).toEqual(waiting);
    await rename(elsewhere, join(rig.dataDir, mount));
    await archive();
    expect(await placesInArchive(rig)).toHaveLength(60);
  },
);

test('law 6: where the folder loses its newest segments while the next one is written, that one is not written, and no hole stays', async () => {
  const lost: true[] = [];
  const archiver = await rig.start({
    limits,
    speedPosition: async () => null,
    async hook(step) {
      if (step !== 'afterRename' || lost.pop() === undefined) return;
      for (let partition = 0; partition < PARTITIONS; partition++) await rm(segmentPath(rig.dataDir, partition, 0));
    },
  });
  const turn = async () => {
    rig.nowMs += 10_000;
    await archiver.turn();
  };
  await rig.append(someEvents(30));
  for (let round = 0; round < 2; round++) await turn();
  await rig.append(someEvents(30, 30));
  await turn();
  lost.push(true);
  await expect(turn()).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining('its newest one is -1'),
  });
  await archiveOnly();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test.each([true, false])(
  'law 6: where the mount fails and the store is emptied while the archiver runs, nothing is claimed for the folder below (trimmed: %s)',
  async (isTrimmed) => {
    // The store is emptied under the connection that the archiver has.
    const claims = { of: (log: string) => rig.claims.of(log), claim: (log: string, own: string) => rig.claims.claim(log, own) };
    const speedPosition = async (partition: number) => (isTrimmed ? ((await rig.log.ends())[partition] ?? null) : null);
    const archiver = await rig.start({ limits, claims, speedPosition });
    const turn = async () => {
      rig.nowMs += 10_000;
      await archiver.turn();
    };
    await rig.append(someEvents(30));
    for (let round = 0; round < 3; round++) await turn();
    expect((await rig.log.starts()).every((start) => (start !== null) === isTrimmed)).toBe(true);
    await rig.append(someEvents(30, 30));
    const waiting = await placesInLog(rig);
    const elsewhere = `${rig.dataDir}-elsewhere`;
    await rename(join(rig.dataDir, 'archive'), elsewhere);
    rig.claims = createMemoryArchiveClaims();
    await turn();
    for (let round = 0; round < 3; round++) await expect(turn()).rejects.toMatchObject({ code: 'history_mismatch' });
    expect(await rig.claims.of(rig.log.identity)).toBeNull();
    expect(await namesIn(join(rig.dataDir, 'archive'))).toEqual([]);
    expect(await placesInLog(rig)).toEqual(waiting);
    await rm(join(rig.dataDir, 'archive'), { recursive: true, force: true });
    await rename(elsewhere, join(rig.dataDir, 'archive'));
    await turn();
    await archive();
    expect(await placesInArchive(rig)).toHaveLength(60);
  },
);

test('law 6: an archiver of the partitions that the log dropped nothing of claims no folder without the others', async () => {
  const ofPartition = (partition: number, from: number) =>
    someEvents(60, from).filter((event) => partitionOf(userKeyOf(event), PARTITIONS) === partition);
  await rig.append(ofPartition(0, 0));
  await archive();
  const [first, second] = await rig.log.starts();
  expect([first === null, second]).toEqual([false, null]);
  await rig.append(ofPartition(1, 0));
  const waiting = await placesInLog(rig);
  rig.claims = createMemoryArchiveClaims();
  const unmounted = await emptyFolder();
  await expect(archive({ dataDir: unmounted, assigned: () => new Set([1]) })).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining('it has no archive of partition 0'),
  });
  expect([await rig.claims.of(rig.log.identity), await archiveIdentity(unmounted)]).toEqual([null, null]);
  expect(await placesInLog(rig)).toEqual(waiting);
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test('law 6: a copy that ends before the log begins, without an identity as older ones, claims nothing', async () => {
  await rig.append(someEvents(30));
  await archive();
  const old = await emptyFolder();
  await cp(rig.dataDir, old, { recursive: true });
  await rm(join(old, 'archive', 'identity.json'));
  await rig.append(someEvents(30, 30));
  await archive();
  rig.claims = createMemoryArchiveClaims();
  await expect(archive({ dataDir: old })).rejects.toMatchObject({ code: 'position_expired' });
  expect(await rig.claims.of(rig.log.identity)).toBeNull();
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test('law 6: what is archived and not trimmed yet stays in the log when the folder goes', async () => {
  await rig.append(someEvents(30));
  let isRead = false;
  const speedPosition = async (partition: number) => (isRead ? ((await rig.log.ends())[partition] ?? null) : null);
  const archiver = await rig.start({ limits, speedPosition });
  await archiver.turn();
  rig.nowMs += 10_000;
  await archiver.turn();
  expect(await placesInArchive(rig)).toHaveLength(30);
  const waiting = await placesInLog(rig);
  const elsewhere = `${rig.dataDir}-elsewhere`;
  await rename(rig.dataDir, elsewhere);
  isRead = true;
  rig.nowMs += 10_000;
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await placesInLog(rig)).toEqual(waiting);
  await rm(rig.dataDir, { recursive: true, force: true });
  await rename(elsewhere, rig.dataDir);
});

test('law 6: an archiver over an empty folder beside a log that was never trimmed archives nothing there and trims nothing', async () => {
  await rig.append(someEvents(30));
  await archiveOnly();
  await rig.append(someEvents(30, 30));
  const waiting = await placesInLog(rig);
  const unmounted = await emptyFolder();
  await expect(archive({ dataDir: unmounted })).rejects.toMatchObject({
    code: 'history_mismatch',
    message: `TRIBUTARY_DATA_DIR (--data-dir) must be the folder with the archive ${await archiveIdentity(rig.dataDir)}, which this log is archived in (got "${unmounted}": it has no archive/identity.json). Mount that folder, or restore a backup of it; where the archive is lost for good, docs/production.md says what to do ("Backup and restore").`,
  });
  expect(await readdir(unmounted)).toEqual([]);
  expect(await placesInLog(rig)).toEqual(waiting);
  await archive();
  expect(await placesInArchive(rig)).toEqual(waiting);
});

test('law 6: a folder that is unmounted before its first segment gets none', async () => {
  const archiver = await rig.start({ limits });
  await rig.append(someEvents(30));
  await archiver.turn();
  const elsewhere = `${rig.dataDir}-elsewhere`;
  await rename(join(rig.dataDir, 'archive'), elsewhere);
  rig.nowMs += 10_000;
  await expect(archiver.turn()).rejects.toMatchObject({ code: 'history_mismatch' });
  expect(await readdir(rig.dataDir)).not.toContain('archive');
  await rename(elsewhere, join(rig.dataDir, 'archive'));
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(30);
});

test('law 6: of two folders that a new log is given at the same moment one is its own; two archivers of one folder share it', async () => {
  await rig.append(someEvents(30));
  const [other, another] = [await emptyFolder(), await emptyFolder()];
  const outcomes = await Promise.allSettled([rig.dataDir, other, another].map((dataDir) => archiveOnly({ dataDir })));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toMatchObject([{ code: 'history_mismatch' }, { code: 'history_mismatch' }]);
  const archived = await Promise.all(
    [rig.dataDir, other, another].map(async (dir) => (await archivedUpTo(dir, 0)).last !== null),
  );
  expect(archived).toEqual(outcomes.map(({ status }) => status === 'fulfilled'));

  rig.claims = createMemoryArchiveClaims();
  const shared = await emptyFolder();
  await Promise.all([1, 2, 3].map(() => archiveOnly({ dataDir: shared })));
  expect((await archivedUpTo(shared, 0)).last).not.toBeNull();
});

test('law 6: a copy of the folder is as good as the folder; a new log begins with an empty one on the same Redis', async () => {
  await rig.append(someEvents(30));
  await archive();
  await rig.append(someEvents(30, 30));
  const restored = await emptyFolder();
  await cp(rig.dataDir, restored, { recursive: true });
  await archiveOnly({ dataDir: restored });
  expect((await archivedUpTo(restored, 0)).last?.number).toBe(1);

  const begun = await emptyFolder();
  const log = createMemoryLog({ partitions: PARTITIONS });
  await log.append(0, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: '{}' }) });
  const otherLog = { ...log, identity: 'a new log' };
  await archiveOnly({ dataDir: begun, log: otherLog });
  expect((await archivedUpTo(begun, 0)).last).toMatchObject({ number: 0, logIdentity: 'a new log' });
  await expect(archiveOnly({ log: otherLog })).rejects.toMatchObject({ code: 'history_mismatch' });
});

test('law 6: after the store was emptied the folder keeps its log, and no other folder takes it', async () => {
  await rig.append(someEvents(30));
  await archiveOnly();
  const identity = await archiveIdentity(rig.dataDir);
  rig.claims = createMemoryArchiveClaims();
  // Nothing new is archived.
  await archiveOnly();
  await rig.append(someEvents(30, 30));
  expect(await rig.claims.of(rig.log.identity)).toBe(identity);
  await expect(archive({ dataDir: await emptyFolder() })).rejects.toMatchObject({ code: 'history_mismatch' });
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(60);
});

test('law 6: two copies below archivers of some partitions each: one that takes over a partition is refused, and the copies can be made one again', async () => {
  await rig.append(someEvents(30));
  await archive();
  const copy = await emptyFolder();
  await cp(rig.dataDir, copy, { recursive: true });
  await rig.append(someEvents(30, 30));
  await archive({ assigned: () => new Set([0]) });
  await archive({ assigned: () => new Set([1]), dataDir: copy });
  await expect(archive()).rejects.toMatchObject({ code: 'position_expired' });
  await cp(join(copy, 'archive'), join(rig.dataDir, 'archive'), { recursive: true, force: false });
  await rig.append(someEvents(30, 60));
  await archive();
  expect(await placesInArchive(rig)).toHaveLength(90);
});

test('where the archive is lost for good, its identity in an empty folder begins it there', async () => {
  await rig.append(someEvents(30));
  await archiveOnly();
  const folder = await emptyFolder();
  await mkdir(join(folder, 'archive'));
  await writeFile(join(folder, 'archive', 'identity.json'), JSON.stringify({ identity: await archiveIdentity(rig.dataDir) }));
  await archiveOnly({ dataDir: folder });
  expect((await archivedUpTo(folder, 0)).last?.number).toBe(0);
});
