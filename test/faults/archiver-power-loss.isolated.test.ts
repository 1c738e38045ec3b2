/**
 * Law 6 when the power goes: a disk keeps what was fsynced and may lose all else. Bytes are kept once their file was fsynced, a name
 * once its folder was. `node:fs/promises` is watched for both; no step of the archiver may rely on more than is kept.
 */

import { readdirSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { SegmentManifest } from '@tributary/archive/layout';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRig, type Rig, someEvents } from './archiver-rig.ts';

const kept = vi.hoisted(() => ({
  /** Inodes of files whose bytes are on the disk. */
  bytes: new Set<number>(),
  /** Inode of a folder → its names that are on the disk, each with its inode. */
  names: new Map<number, Map<string, number>>(),
  /** Called before a file gets another name. */
  onName: (_path: string): void => {},
}));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const watched = async (handle: FileHandle, path: string): Promise<FileHandle> => {
    const sync = handle.sync.bind(handle);
    handle.sync = async () => {
      const { ino } = await handle.stat();
      const isFolder = (await handle.stat()).isDirectory();
      const names = isFolder ? namesNow(path) : undefined;
      await sync();
      if (names === undefined) kept.bytes.add(ino);
      else kept.names.set(ino, names);
    };
    return handle;
  };
  return {
    ...real,
    open: async (path: string, ...rest: []) => watched(await real.open(path, ...rest), path),
    async rename(from: string, to: string) {
      kept.onName(to);
      await real.rename(from, to);
    },
    async link(from: string, to: string) {
      kept.onName(to);
      await real.link(from, to);
    },
  };
});

function namesNow(folder: string): Map<string, number> {
  return new Map(readdirSync(folder).map((name) => [name, statSync(join(folder, name)).ino]));
}

let rig: Rig;
beforeEach(async () => {
  rig = await createRig(2);
});
afterEach(() => rig.close());

/** Whether the file would be found, with its bytes, after the power went now. */
function outlives(path: string): boolean {
  if (!kept.bytes.has(statSync(path).ino)) return false;
  for (let at = path; at !== rig.dataDir; at = dirname(at))
    if (kept.names.get(statSync(dirname(at)).ino)?.get(basename(at)) !== statSync(at).ino) return false;
  return true;
}

const filesOf = ({ files, dead }: SegmentManifest) =>
  [...files, ...(dead === null ? [] : [dead])].map(({ path }) => join(rig.dataDir, path));

async function archive(): Promise<void> {
  // Files of days, and of months that have few events.
  await rig.append(someEvents(60).map((event, i) => ({ ...event, ts: event.ts - (i % 3) * 40 * 86_400_000 })));
  await rig.log.append(0, { kind: 'events', body: 'no event' });
  await rig.barrier(1);
  const archiver = await rig.start();
  await archiver.turn();
}

test('law 6: what is archived outlives a loss of power: files, manifests, and the folders that name them', async () => {
  await archive();
  for (const partition of [0, 1]) {
    const segments = await rig.segments(partition);
    expect(segments.flatMap(filesOf).length).toBeGreaterThan(3);
    expect(segments.flatMap(filesOf).filter((path) => !outlives(path))).toEqual([]);
  }
  const manifests = readdirSync(rig.dataDir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  expect(manifests.length).toBeGreaterThan(1);
  expect(manifests.filter((name) => !outlives(join(rig.dataDir, name)))).toEqual([]);
});

test('law 7: no manifest has its name before all files of its partition that have theirs outlive a loss of power', async () => {
  const early: string[] = [];
  let manifests = 0;
  kept.onName = (path) => {
    if (!path.endsWith('.json')) return;
    manifests++;
    for (const name of readdirSync(rig.dataDir, { recursive: true, encoding: 'utf8' }))
      if (/archive\/(events|dead)\/.*\.(parquet|ndjson)$/.test(name) && !outlives(join(rig.dataDir, name)))
        early.push(`${basename(path)} before ${name}`);
  };
  try {
    await archive();
  } finally {
    kept.onName = () => {};
  }
  expect(manifests).toBeGreaterThan(1);
  expect(early).toEqual([]);
});
