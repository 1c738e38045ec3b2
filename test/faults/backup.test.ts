/** Backups of a folder that archivers and runs write to, restored elsewhere: whole, or refused. */
import { readdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { backUp } from '@tributary/archive/backup/backup';
import type { CopyPorts } from '@tributary/archive/backup/copy-platform';
import type { BackupNote } from '@tributary/archive/backup/note';
import { type Restored, type RestorePorts, restore } from '@tributary/archive/backup/restore';
import { digest } from '@tributary/archive/durable';
import { readForgotten, writeForgotten } from '@tributary/archive/forgotten';
import { createGeneration, generationFolder, readGeneration, writeGeneration } from '@tributary/archive/generations';
import { currentPublication, publish } from '@tributary/archive/publications';
import { segmentPath } from '@tributary/archive/segments';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, placesInArchive, type Rig, someEvents } from './archiver-rig.ts';

let rig: Rig;
let away: string;
let target: string;
let restored: string;
beforeEach(async () => {
  rig = await createRig();
  away = await mkdtemp(join(tmpdir(), 'tributary-away-'));
  [target, restored] = [join(away, 'backups/one'), join(away, 'elsewhere/data')];
});
afterEach(async () => {
  await rig.close();
  await rm(away, { recursive: true, force: true });
});

const take = (changes: Partial<CopyPorts> = {}): Promise<BackupNote> =>
  backUp({ dataDir: rig.dataDir, target, nowMs: 5, definitionsFile: null, ...changes });
const bringBack = (changes: Partial<RestorePorts> = {}): Promise<Restored> =>
  restore({ backup: target, dataDir: restored, nowMs: Date.now(), erasures: null, ...changes });
const look = (dataDir: string) => auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } });
const pathOf = (path: string) => join(rig.dataDir, path);

async function archive(segments = 3, from = 0): Promise<void> {
  const archiver = await rig.start();
  for (let i = from; i < from + segments; i++) {
    await rig.append(someEvents(30, i * 30));
    await rig.barrier(i + 1);
    await archiver.turn();
  }
}

/** A published generation at the newest segments, with all other files of a platform. */
async function platform(): Promise<number> {
  await archive();
  await writeFile(pathOf('keys.json'), '{"keys":[]}');
  await writeFile(pathOf('log.json'), JSON.stringify({ identity: rig.log.identity, where: 'in Redis', partitions: 3 }));
  await writeFile(pathOf('keys.local.json'), '{"keys":{"admin":"secret"}}');
  for (const folder of ['redis', 'staging/archiver-1', 'quarantine', 'questions']) {
    await mkdir(pathOf(folder), { recursive: true });
    await writeFile(pathOf(`${folder}/x`), 'x');
  }
  const generation = await computed();
  await publish(rig.dataDir, 0, { generation, action: 'publish', held: false, at: 1, by: 'test' });
  return generation;
}

async function computed(): Promise<number> {
  const created = await createGeneration(rig.dataDir, pendingGeneration({ json: '{"a":1}', version: 'v' }));
  const path = `${generationFolder(created.generation)}/activity.parquet`;
  await writeFile(pathOf(path), 'rows');
  const cut: string[] = [];
  for (let partition = 0; partition < rig.partitions; partition++) cut.push((await rig.segments(partition)).at(-1)?.upTo ?? '');
  const views = { activity: [{ path, rows: 1, ...(await digest(pathOf(path))) }] };
  await writeGeneration(rig.dataDir, { ...created, state: 'computed', computedAt: 2, lastSegment: [2, 2, 2], cut, views });
  return created.generation;
}

const namesBelow = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

test('law 6: everything is restored elsewhere: archive, generations, publications, keys, definitions, the note of the log', async () => {
  const generation = await platform();
  await createGeneration(rig.dataDir, pendingGeneration({ json: '{}', version: 'v' }));
  await writeFile(join(away, 'definitions.json'), '{"b":2}');
  const note = await take({ definitionsFile: join(away, 'definitions.json') });
  expect(note).toMatchObject({ version: 1, at: 5, logIdentity: rig.log.identity, publication: 1, generation });
  expect(note.partitions.reduce((sum, { events }) => sum + events, 0)).toBe(90);
  expect(await bringBack()).toEqual({ ...note, erasedAgain: { users: 0, withoutGenerations: false } });
  expect(await look(restored)).toMatchObject({ ok: true, faults: [], partitions: [{ lastSegment: 2 }, {}, {}] });
  expect(await placesInArchive({ ...rig, dataDir: restored, segments: rig.segments })).toEqual(await placesInArchive(rig));
  expect(await currentPublication(restored)).toEqual(await currentPublication(rig.dataDir));
  expect(await readGeneration(restored, generation)).toEqual(await readGeneration(rig.dataDir, generation));
  const left = /^(staging|quarantine|questions|redis)\/|^keys\.local|^generations\/000002/;
  expect(await namesBelow(restored)).toEqual(
    [...(await namesBelow(rig.dataDir)).filter((name) => !left.test(name)), 'definitions.json'].sort(),
  );
  const bytesOf = (path: string) => readFileSync(path, 'base64');
  for (const entry of await readdir(restored, { recursive: true, withFileTypes: true }))
    expect((await stat(join(entry.parentPath, entry.name))).mode & 0o077, entry.name).toBe(0);
  for (const name of await namesBelow(rig.dataDir))
    if (!left.test(name) && !name.endsWith('/manifest.json'))
      expect(bytesOf(join(restored, name)), name).toBe(bytesOf(pathOf(name)));
});

test('a folder that is there is never written into, by a backup or by a restore', async () => {
  await platform();
  await take();
  const before = await namesBelow(target);
  await expect(take()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining(`must not be there yet (got "${target}")`),
  });
  expect(await namesBelow(target)).toEqual(before);
  await mkdir(restored, { recursive: true });
  await writeFile(join(restored, 'notes.txt'), 'mine');
  await expect(bringBack()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('notes.txt is in it') });
  expect(await namesBelow(restored)).toEqual(['notes.txt']);
  // A mounted volume is there, and empty.
  await rm(join(restored, 'notes.txt'));
  await bringBack();
  await expect(bringBack()).rejects.toMatchObject({ code: 'conflict' });
});

test('law 7: a backup that was killed before any file is never taken for a whole one', async () => {
  await platform();
  let files = 0;
  await take({ target: join(away, 'whole'), onFile: () => files++ });
  expect(files).toBeGreaterThan(10);
  for (let at = 1; at <= files; at += 4) {
    let seen = 0;
    const killed = join(away, `killed-${at}`);
    await take({
      onFile: () => {
        // As it lies on the disk at this instant: what the process would leave.
        if (++seen === at) renameSync(target, killed);
        if (seen >= at) throw new Error('killed');
      },
    }).catch(() => {});
    await expect(bringBack({ backup: killed })).rejects.toMatchObject({
      code: 'invalid_query',
      message: expect.stringContaining('it has no backup.json, which is written last'),
    });
  }
});

test('law 7: a restore that was killed leaves nothing that a role starts with, and begins again', async () => {
  await platform();
  await take();
  let files = 0;
  await bringBack({ dataDir: join(away, 'other'), onFile: () => files++ });
  for (const at of [1, files >> 1, files]) {
    let seen = 0;
    const killed = join(away, `killed-${at}`);
    await bringBack({
      onFile: () => {
        if (++seen === at) renameSync(restored, killed);
        if (seen >= at) throw new Error('killed');
      },
    }).catch(() => {});
    expect(readdirSync(killed)).toEqual(['.restoring']);
    await bringBack({ dataDir: killed });
    expect(await look(killed)).toMatchObject({ ok: true });
  }
  // Killed while all is put in place: the archive is the last.
  const half = join(away, 'half');
  await cp(join(away, 'other'), half, { recursive: true });
  await mkdir(join(half, '.restoring'));
  await expect(bringBack({ dataDir: half })).rejects.toMatchObject({ code: 'conflict' });
  renameSync(join(half, 'archive'), join(half, '.restoring/archive'));
  await bringBack({ dataDir: half });
  expect(await look(half)).toMatchObject({ ok: true });
  await writeFile(join(half, 'supervisor.lock'), '');
  await mkdir(join(half, '.restoring'));
  rmSync(join(half, 'archive'), { recursive: true });
  await expect(bringBack({ dataDir: half })).rejects.toMatchObject({ code: 'conflict' });
});

test('law 7: a backup that lost something since, or was altered, is refused with its place', async () => {
  await platform();
  // The newest segment is behind the cut of every generation: nothing but the note knows of it.
  await archive(1, 3);
  await take();
  const whole = join(away, 'whole');
  const [segment] = await rig.segments(1);
  const file = segment?.files[0]?.path ?? '';
  const flip = async (path: string) => {
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
  };
  const spoilt: readonly [string, () => Promise<unknown>][] = [
    [file, () => rm(join(target, file))],
    [file, () => flip(join(target, file))],
    ['partition 1', () => rm(segmentPath(target, 1, 3))],
    ['000001.json', () => truncate(segmentPath(target, 1, 1), 9)],
    ['partition 1', () => rm(join(target, 'archive/segments/p01'), { recursive: true })],
    ['keys.json', () => rm(join(target, 'keys.json'))],
    ['keys.json', () => flip(join(target, 'keys.json'))],
    ['generation', () => rm(join(target, 'generations/publications/000001.json'))],
    ['backup.json', () => truncate(join(target, 'backup.json'), 40)],
  ];
  await cp(target, whole, { recursive: true });
  for (const [named, spoil] of spoilt) {
    await spoil();
    const failing = bringBack();
    await expect(failing, named).rejects.toMatchObject({ code: 'invalid_query', message: expect.stringContaining(named) });
    await expect(failing, named).rejects.toThrow(/^folder must be a whole backup \(got .*\)\. Take another one\.$/);
    expect(await namesBelow(restored).catch(() => [])).toEqual([]);
    await rm(target, { recursive: true });
    await cp(whole, target, { recursive: true });
  }
  await bringBack();
});

test('law 7: an archive that is damaged makes no backup, and nothing of one is left', async () => {
  await platform();
  const [segment] = await rig.segments(1);
  const file = segment?.files[0]?.path ?? '';
  await truncate(pathOf(file), 50);
  await expect(take()).rejects.toMatchObject({ code: 'archive_corrupt', message: expect.stringContaining(file) });
  await rm(segmentPath(rig.dataDir, 0, 1));
  await expect(take()).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(readdirSync(join(away, 'backups'))).toEqual([]);
});

test('law 1: a backup while archivers write, generations are retired and others published is of one cut', async () => {
  const generation = await platform();
  const next = await computed();
  const archiver = await rig.start();
  let changed = false;
  let writing: Promise<void> = Promise.resolve();
  const note = await take({
    onFile: (path) => {
      if (changed || !path.startsWith('generations/')) return;
      changed = true;
      // The published one is retired under it, as after many runs; archivers go on.
      const manifest = pathOf(`${generationFolder(generation)}/manifest.json`);
      const text = readFileSync(manifest, 'utf8').replace('"computed"', '"retired"');
      rmSync(manifest);
      writeFileSync(manifest, text);
      unlinkSync(pathOf(`${generationFolder(generation)}/activity.parquet`));
      const published = { sequence: 2, generation: next, action: 'publish', held: false, at: 2, by: 'test' };
      writeFileSync(pathOf('generations/publications/000002.json'), JSON.stringify(published));
      writing = (async () => {
        for (let i = 4; i < 12; i++) {
          await rig.append(someEvents(20, i * 50));
          await rig.barrier(i);
          await archiver.turn();
        }
      })();
    },
  });
  await writing;
  expect([changed, note.generation, note.publication]).toEqual([true, next, 2]);
  await bringBack();
  const { ok, faults, partitions, generations } = await look(restored);
  expect([ok, faults]).toEqual([true, []]);
  expect(generations).toMatchObject([{ generation: next, published: true }]);
  for (const { lastSegment } of partitions) expect(lastSegment).toBeGreaterThanOrEqual(2);
});

test('a backup that is interrupted is removed', async () => {
  await platform();
  const controller = new AbortController();
  const failing = take({ signal: controller.signal, onFile: () => controller.abort(new Error('stop')) });
  await expect(failing).rejects.toThrow('stop');
  expect(readdirSync(join(away, 'backups'))).toEqual([]);
});

test('law 9: archived files of a restored backup are not called searched for erased users: a search may have ended while it was taken', async () => {
  const generation = await platform();
  const users = { erased: ['a'.repeat(32)], lifted: {} };
  await writeForgotten(rig.dataDir, { generation, ...users, lastSegment: [2, 2, 2], cut: ['1', '1', '1'], searchedAt: 5 });
  await take();
  await bringBack({ erasures: target });
  expect(await readForgotten(restored)).toMatchObject({ ...users, searchedAt: null });
});

test('laws 6 and 9: a segment that is written again while it is copied is copied as it is then, and none of its old files', async () => {
  await platform();
  let old = '';
  const onFile = (path: string) => {
    if (old !== '' || !path.startsWith('archive/events')) return;
    old = path;
    const [, partition, number] = /p(\d\d)-(\d{6})-/.exec(path) ?? [];
    const manifest = segmentPath(rig.dataDir, Number(partition), Number(number));
    renameSync(pathOf(path), pathOf(path).replace('.parquet', '-new.parquet'));
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll(path, path.replace('.parquet', '-new.parquet')));
  };
  await take({ onFile });
  const names = readdirSync(target, { recursive: true, encoding: 'utf8' });
  expect([names.includes(old), names.includes(old.replace('.parquet', '-new.parquet'))]).toEqual([false, true]);
  await bringBack();
  expect(await placesInArchive({ ...rig, dataDir: restored })).toEqual(await placesInArchive(rig));
});
