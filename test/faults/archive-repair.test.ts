/** `archive repair` from a second copy of an archive that a real archiver wrote: it is as it was, or what is left is named. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { fetchManifests } from '@tributary/archive/backup/fetch';
import { sendBackup } from '@tributary/archive/backup/send';
import { mergeBlock } from '@tributary/archive/blocks';
import type { SegmentManifest } from '@tributary/archive/layout';
import { demandCopy, type Repair, repairFrom } from '@tributary/archive/repair/repair';
import { BLOCK_SEGMENTS, blockPath, segmentPath } from '@tributary/archive/segments';
import { memoryObjects } from '@tributary/testkit/memory/memory-objects';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, placesInArchive, placesInLog, type Rig, someEvents, withSession } from './archiver-rig.ts';

let rig: Rig;
let copy: string;
beforeEach(async () => {
  rig = await createRig();
  copy = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
});
afterEach(async () => {
  await rig.close();
  await rm(copy, { recursive: true, force: true });
});

const look = (dataDir = rig.dataDir) => auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } });

let attempts = 0;
async function repair(changes: Partial<Parameters<typeof repairFrom>[1]> = {}): Promise<Repair> {
  const ports = { dataDir: rig.dataDir, from: copy, nowMs: Date.now(), attempt: `a${++attempts}`, dryRun: false };
  return repairFrom(await look(), { ...ports, ...changes });
}

async function archive(segments = 3, from = 0): Promise<void> {
  const archiver = await rig.start();
  for (let i = from; i < from + segments; i++) {
    await rig.append(someEvents(30, i * 30));
    await rig.log.append(0, { kind: 'events', body: 'not an event' });
    await rig.barrier(i + 1);
    await archiver.turn();
  }
}

const takeCopy = () => cp(rig.dataDir, copy, { recursive: true });
const pathOf = (path: string) => join(rig.dataDir, path);

/** What is there below a folder, with its bytes. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => lstatSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), 'base64')]));
}

async function expectWhole(): Promise<void> {
  expect(await look()).toMatchObject({ ok: true, faults: [] });
  expect(await placesInArchive(rig)).toEqual((await placesInLog(rig)).filter((place) => !dead.has(place)));
  expect(contentOf(join(rig.dataDir, 'archive'))).toEqual(contentOf(join(copy, 'archive')));
}
let dead: ReadonlySet<string>;

async function archivedAndCopied(): Promise<readonly SegmentManifest[]> {
  await archive();
  await takeCopy();
  const whole = new Set(await placesInArchive(rig));
  dead = new Set((await placesInLog(rig)).filter((place) => !whole.has(place)));
  expect(dead.size).toBe(3);
  return rig.segments(0);
}

const fileOf = ({ files: [file] }: SegmentManifest): string => file?.path ?? '';

const DAMAGE: readonly [name: string, damage: (segment: SegmentManifest) => Promise<void>, aside: boolean][] = [
  [
    'all files of a segment gone',
    async ({ files }) => {
      for (const { path } of files) await rm(pathOf(path));
    },
    false,
  ],
  [
    'a flipped bit',
    async (segment) => writeFile(pathOf(fileOf(segment)), flipped(await readFile(pathOf(fileOf(segment))))),
    true,
  ],
  ['half a file', async (segment) => truncate(pathOf(fileOf(segment)), 100), true],
  ['a folder in its place', async (segment) => replace(fileOf(segment), (path) => mkdir(path)), false],
  ['a link to itself in its place', async (segment) => replace(fileOf(segment), (path) => symlink(path, path)), false],
  ['the records that were not events gone', async ({ dead: file }) => rm(pathOf(file?.path ?? '')), false],
  ['half a manifest', async ({ number }) => truncate(segmentPath(rig.dataDir, 0, number), 30), true],
  ['a manifest gone', async ({ number }) => rm(segmentPath(rig.dataDir, 0, number)), false],
  [
    'a manifest and its files gone',
    async ({ number, files }) => {
      await rm(segmentPath(rig.dataDir, 0, number));
      for (const { path } of files) await rm(pathOf(path));
    },
    false,
  ],
  ['all manifests of a partition gone', async () => rm(join(segmentPath(rig.dataDir, 0, 0), '..'), { recursive: true }), false],
  [
    'the archive gone, but for one partition',
    async () => {
      await rm(pathOf('archive/events'), { recursive: true });
      for (const partition of [0, 1]) await rm(join(segmentPath(rig.dataDir, partition, 0), '..'), { recursive: true });
    },
    false,
  ],
];

function flipped(bytes: Buffer): Buffer {
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
  return bytes;
}

async function replace(path: string, by: (path: string) => Promise<unknown>): Promise<void> {
  await rm(pathOf(path));
  await by(pathOf(path));
}

test.each(DAMAGE)('law 6: what was damaged is as it was, from a second copy: %s', async (_, damage, aside) => {
  const [, segment] = await archivedAndCopied();
  if (segment === undefined) throw new Error('three segments were archived');
  await damage(segment);
  const before = contentOf(rig.dataDir);
  const planned = await repair({ dryRun: true });
  expect(contentOf(rig.dataDir)).toEqual(before);
  const { repaired, left } = await repair();
  expect(left).toEqual([]);
  expect([...planned.repaired].sort()).toEqual([...repaired].sort());
  expect(repaired.length).toBeGreaterThan(0);
  await expectWhole();
  expect(readdirSync(pathOf('staging')).filter((name) => name.startsWith('repair-'))).toEqual([]);
  if (aside) expect(readdirSync(pathOf('quarantine'))).toHaveLength(1);
  expect(await repair()).toEqual({ repaired: [], left: [] });
});

test('law 7: bytes that do not fit the manifest are never linked in, and are named', async () => {
  const [, segment] = await archivedAndCopied();
  const path = fileOf(segment as SegmentManifest);
  await rm(pathOf(path));
  await writeFile(join(copy, path), flipped(await readFile(join(copy, path))));
  for (const dryRun of [true, false]) {
    const { repaired, left } = await repair({ dryRun });
    expect(repaired).toEqual([]);
    expect(left).toEqual([{ path, detail: expect.stringContaining('in the second copy it has') }]);
  }
  expect(readdirSync(join(pathOf(path), '..'))).not.toContain(path.slice(path.lastIndexOf('/') + 1));
  await rm(join(copy, path));
  expect((await repair()).left).toEqual([{ path, detail: 'in the second copy it is missing' }]);
});

test('law 7: a manifest whose files the copy lacks, or that does not fit between its neighbours, stays out', async () => {
  const [, segment] = await archivedAndCopied();
  const { number, files } = segment as SegmentManifest;
  await rm(segmentPath(rig.dataDir, 0, number));
  await rm(pathOf(files[0]?.path ?? ''));
  await rm(join(copy, files[0]?.path ?? ''));
  expect((await repair()).repaired).toEqual([]);
  await cp(segmentPath(copy, 0, number), segmentPath(copy, 0, number + 9));
  for (const changes of [{ after: 'elsewhere' }, { upTo: 'elsewhere' }, { logIdentity: 'another' }]) {
    await writeFile(segmentPath(copy, 0, number), JSON.stringify({ ...segment, files: [], rows: 0, ...changes }));
    const { repaired, left } = await repair();
    expect([repaired, left.length]).toEqual([[], 1]);
  }
  expect((await look()).counts.gap).toBe(1);
});

test('law 6: what the archive lost at its end comes back as far as the copy reaches, and the archiver goes on there', async () => {
  await archivedAndCopied();
  for (const number of [1, 2]) await rm(segmentPath(rig.dataDir, 0, number));
  const { repaired, left } = await repair();
  expect(left).toEqual([]);
  expect(repaired).toEqual([1, 2].map((number) => segmentPath('', 0, number)));
  await archive(1, 3);
  expect(await look()).toMatchObject({ ok: true, faults: [], partitions: [{ lastSegment: 3 }, {}, {}] });
});

test('law 3: a repair that was ended between any two files goes on where it was', async () => {
  await archivedAndCopied();
  await rm(pathOf('archive/events'), { recursive: true });
  await rm(segmentPath(rig.dataDir, 1, 1));
  let rounds = 0;
  for (let isDone = false; !isDone; rounds++) {
    const controller = new AbortController();
    let seen = 0;
    const onFile = () => {
      if (++seen === 3 + rounds) controller.abort(new Error('ended'));
    };
    isDone = await repair({ signal: controller.signal, onFile }).then(
      ({ repaired }) => repaired.length === 0,
      () => false,
    );
    if (rounds > 60) throw new Error('it does not come to an end');
  }
  expect(rounds).toBeGreaterThan(3);
  await expectWhole();
});

test('law 3: of archivers and two repairs that write at once each number counts once', async () => {
  await archivedAndCopied();
  for (let partition = 0; partition < 3; partition++) await rm(segmentPath(rig.dataDir, partition, 2));
  const archiver = await rig.start();
  await Promise.all([archiver.turn(), repair(), repair()]);
  await archiver.turn().catch(() => {});
  await archiver.turn();
  expect(await look()).toMatchObject({ ok: true });
  expect(await placesInArchive(rig)).toEqual((await placesInLog(rig)).filter((place) => !dead.has(place)));
});

test('law 6: the copy has merged what is missing here, or has not merged it yet', async () => {
  await rig.close();
  rig = await createRig(1);
  await archive(BLOCK_SEGMENTS + 1);
  const places = await placesInArchive(rig);
  await takeCopy();
  const older = `${copy}-older`;
  await cp(copy, older, { recursive: true });
  await withSession((session) => mergeBlock(session, copy, { partition: 0, first: 0 }, 'b1', join(copy, 'staging/b1')));
  for (const number of [5, 6]) {
    await rm(segmentPath(rig.dataDir, 0, number));
    await rm(segmentPath(copy, 0, number));
  }
  expect((await repair()).left).toEqual([]);
  expect(await look()).toMatchObject({ ok: true, partitions: [{ manifests: 2 }] });
  expect(await placesInArchive(rig)).toEqual(places);
  // A block that is damaged, and a copy from before it.
  await truncate(blockPath(rig.dataDir, 0, 0), 10);
  expect(await repair({ from: older })).toMatchObject({ left: [] });
  expect(await look()).toMatchObject({ ok: true, partitions: [{ manifests: BLOCK_SEGMENTS + 1 }] });
  expect(await placesInArchive(rig)).toEqual(places);
  await rm(older, { recursive: true });
});

test('law 7: a backup in an object store gives manifests and the files that are missing, and no others; one that it lost is named', async () => {
  const segments = await archivedAndCopied();
  const store = memoryObjects();
  const ports = { store, sleep: async () => {} };
  await sendBackup({ ...ports, folder: copy });
  const [first, second] = segments.flatMap(({ files }) => files).map(({ path }) => path) as [string, string];
  for (const path of [first, second]) await rm(pathOf(path));
  const away = await mkdtemp(join(tmpdir(), 'tributary-fetched-'));
  try {
    const read: string[] = [];
    const onFile = (path: string) => void read.push(path);
    const part = await fetchManifests({ ...ports, folder: away, onFile });
    const rows = () => [...contentOf(away).keys()].filter((name) => !name.endsWith('.json'));
    expect(rows()).toEqual([]);
    store.objects.delete(
      `files/${createHash('sha256')
        .update(await readFile(join(copy, second)))
        .digest('hex')}`,
    );
    expect(await repair({ from: away, part, dryRun: true })).toMatchObject({ repaired: [first] });
    expect(await repair({ from: away, part })).toMatchObject({
      repaired: [first],
      left: [{ path: second, detail: expect.stringContaining(`${second} is missing`) }],
    });
    expect(read.filter((name) => !name.endsWith('.json'))).toEqual([first, second, first, second]);
    expect(rows()).toEqual([]);
    await sendBackup({ ...ports, folder: copy }).catch(() => {});
    expect(await repair({ from: away, part })).toMatchObject({ repaired: [second], left: [] });
    await expectWhole();
  } finally {
    await rm(away, { recursive: true, force: true });
  }
});

test('a copy of another platform, the folder itself and a folder without an archive are refused before anything is read', async () => {
  await archivedAndCopied();
  await expect(demandCopy(rig.dataDir, copy)).resolves.toBeUndefined();
  await symlink(rig.dataDir, join(copy, 'same'));
  for (const [from, why] of [
    [rig.dataDir, 'it is this folder'],
    [join(copy, 'same'), 'it is this folder'],
    [join(copy, 'nowhere'), 'it does not exist'],
    [join(copy, 'archive'), 'nothing is in archive/segments'],
  ] as const)
    await expect(demandCopy(rig.dataDir, from)).rejects.toMatchObject({
      code: 'invalid_query',
      message: expect.stringContaining(why),
    });
  await writeFile(join(copy, 'archive/identity.json'), '{"identity":"other"}');
  await expect(demandCopy(rig.dataDir, copy)).rejects.toThrow('its archive is other');
  await writeFile(join(copy, 'log.json'), '{"identity":"of others"}');
  await expect(demandCopy(rig.dataDir, copy)).rejects.toThrow('it is of the log of others');
});
