/** Fault 9, the disk of the archive is full: nothing partial is visible, the log keeps everything, and it goes on by itself. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Step } from '@tributary/archiver/hooks';
import { DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { runUntilAborted } from '@tributary/archiver/run-loop';
import { describe, expect, onTestFinished, test } from 'vitest';
import { archivedRows, createRig, filesOnDisk, placesInArchive, placesInLog, type Rig, someEvents } from './archiver-rig.ts';

const run = promisify(execFile);
const STEPS: readonly Step[] = ['afterSpool', 'afterCopy', 'afterSync', 'afterRename', 'beforeManifest', 'afterManifest'];

const FULL = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

async function namedFiles(rig: Rig): Promise<string[]> {
  const files: string[] = [];
  for (let partition = 0; partition < rig.partitions; partition++)
    for (const segment of await rig.segments(partition)) files.push(...segment.files.map((file) => file.path));
  return files.sort();
}

describe.each(STEPS)('law 6: the disk is full %s', (step) => {
  test('the round fails, no file is there without a manifest, and the next rounds archive each event once', async () => {
    const rig = await createRig();
    onTestFinished(rig.close);
    rig.speedPosition = '9';
    await rig.append(someEvents(40));
    await rig.barrier(1);
    const all = await placesInLog(rig);
    let full = 2;
    const hook = (at: Step) => {
      if (at === step && full-- > 0) throw FULL();
    };
    const archiver = await rig.start({ hook });
    await expect(archiver.turn()).rejects.toThrow('ENOSPC');
    expect(await filesOnDisk(rig.dataDir)).toEqual(await namedFiles(rig));
    for (let i = 0; i < 4; i++) await archiver.turn().catch(() => {});
    expect(await placesInArchive(rig)).toEqual(all);
    expect(await filesOnDisk(rig.dataDir)).toEqual(await namedFiles(rig));
  });
});

test('law 6: while paused the log is not trimmed; it says so once per wait, and again when it goes on', async () => {
  const rig = await createRig(1);
  onTestFinished(rig.close);
  rig.speedPosition = '9';
  await rig.append(someEvents(12));
  await rig.barrier(1);
  let full = true;
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 20, gatherMs: 0 },
    hook: (at) => {
      if (at === 'beforeManifest' && full) throw FULL();
    },
  });
  const stop = new AbortController();
  const reported: { message: string; code: unknown; waitMs: number; paused: boolean }[] = [];
  const third = Promise.withResolvers<void>();
  const recovered = Promise.withResolvers<void>();
  const running = runUntilAborted(archiver, stop.signal, {
    failed(error, waitMs, paused) {
      reported.push({ message: error.message, code: 'code' in error ? error.code : '', waitMs, paused });
      if (reported.length === 3) third.resolve();
    },
    recovered: recovered.resolve,
  });
  await third.promise;
  expect(running.trouble()).toMatchObject({ code: 'archive_full' });
  expect(reported.map(({ waitMs }) => waitMs)).toEqual([100, 200, 400]);
  expect(reported.every(({ paused, code }) => paused && code === 'archive_full')).toBe(true);
  expect(await placesInLog(rig)).toHaveLength(12);
  expect(await rig.segments(0)).toEqual([]);
  full = false;
  await recovered.promise;
  expect(running.trouble()).toBeNull();
  expect(await archivedRows(rig)).toHaveLength(12);
  stop.abort();
  await running.ended;
});

test('law 7: a segment that could not be written is tried again at once, not when it is due again: it is not ready until then', async () => {
  const rig = await createRig(1);
  onTestFinished(rig.close);
  for (const event of someEvents(12)) await rig.append([event]);
  let isReadOnly = true;
  const archiver = await rig.start({
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxEntries: 4, maxAgeMs: 60_000 },
    hook: (at) => {
      if (at !== 'afterSync' || !isReadOnly) return;
      throw Object.assign(new Error('EACCES: permission denied, rename'), {
        code: 'EACCES',
        path: '/staging/x',
        dest: '/archive/x',
      });
    },
  });
  for (let i = 0; i < 3; i++) await archiver.turn();
  rig.nowMs += 60_000;
  const stop = new AbortController();
  const third = Promise.withResolvers<void>();
  const recovered = Promise.withResolvers<void>();
  const reported: string[] = [];
  const running = runUntilAborted(archiver, stop.signal, {
    failed: (error, waitMs) => reported.push(`${waitMs} ${error.message}`) === 3 && third.resolve(),
    recovered: recovered.resolve,
  });
  await third.promise;
  const sentence = 'nothing is archived: /archive/x cannot be written (EACCES). Give this user permission to write there.';
  expect(reported).toEqual([100, 200, 400].map((waitMs) => `${waitMs} ${sentence}`));
  isReadOnly = false;
  await recovered.promise;
  expect(await archivedRows(rig)).toHaveLength(12);
  stop.abort();
  await running.ended;
});

test('law 7: of a segment that could not be written the rest does not wait either, where the log gives a part of it first', async () => {
  const rig = await createRig(1);
  onTestFinished(rig.close);
  for (const event of someEvents(12)) await rig.append([event]);
  let isFull = true;
  let reads = Number.POSITIVE_INFINITY;
  const archiver = await rig.start({
    // It looks for entries that were lost as well, one by one.
    log: {
      ...rig.log,
      read: async (after, asked) => (asked.maxEntries < 4 || reads-- > 0 ? rig.log.read(after, asked) : []),
    },
    limits: { ...DEFAULT_LIMITS, waitMs: 0, gatherMs: 0, maxEntries: 4, maxAgeMs: 60_000 },
    hook: (at) => {
      if (at === 'afterSync' && isFull) throw FULL();
    },
  });
  for (let i = 0; i < 3; i++) await archiver.turn();
  rig.nowMs += 60_000;
  await expect(archiver.turn()).rejects.toThrow('ENOSPC');
  isFull = false;
  reads = 1;
  await archiver.turn();
  expect(await archivedRows(rig)).toHaveLength(4);
  reads = Number.POSITIVE_INFINITY;
  await archiver.turn();
  expect(await archivedRows(rig)).toHaveLength(12);
  for (const event of someEvents(3, 12)) await rig.append([event]);
  await archiver.turn();
  expect(await archivedRows(rig), 'nothing is owed any more').toHaveLength(12);
});

/** Mounts a file system of `sizeMb`; undefined where that needs rights that this machine does not give. */
async function smallDisk(sizeMb: number): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-small-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder]);
  } catch {
    await rm(folder, { recursive: true });
    return undefined;
  }
  onTestFinished(async () => {
    await run('umount', [folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

test('law 6: on a real disk of 16 MB, filled at every size, nothing partial is ever named and all is archived at last', async (context) => {
  const disk = await smallDisk(16);
  if (disk === undefined) return context.skip('mounting a tmpfs needs root; the injected variant above has run');
  const rig = await createRig(2, disk);
  onTestFinished(() => rig.log.close());
  const padding = 'Ж'.repeat(500);
  const events = someEvents(3000).map((event) => ({ ...event, properties: { padding, i: event.id } }));
  await rig.append(events);
  await rig.barrier(1);
  const all = await placesInLog(rig);
  const archiver = await rig.start();
  const ballast = join(disk, 'ballast');
  let failures = 0;
  // Leaves from nothing to a little more than is needed: so that it fails in the spool, in the COPY and at the end.
  for (let freeKb = 0; freeKb <= 8192; freeKb += 256) {
    await writeFile(ballast, Buffer.alloc(Math.max(0, 16 * 1024 - 64 - freeKb) * 1024)).catch(() => {});
    try {
      for (let i = 0; i < 20; i++) await archiver.turn();
    } catch (error) {
      failures++;
      expect(String(error)).toMatch(/no space left|ENOSPC/i);
    }
    expect(await filesOnDisk(disk)).toEqual(await namedFiles(rig));
    expect(await archivedRows(rig)).toEqual(expect.any(Array)); // what is named is whole
    await rm(ballast, { force: true });
  }
  expect(failures).toBeGreaterThan(3);
  expect(await placesInArchive(rig)).toEqual(all);
});
