/**
 * Manifests that are replaced in a data folder whose archive lies in an object store as well: each is marked before, so that the store gets it, however
 * this process ends. A mark says which manifest is to come: until that is there, the one of before is not taken for it.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { createDurably, namesIn, readIfThere, syncFolder, writeDurably } from '../durable.ts';
import type { SegmentManifest } from '../layout.ts';
import { padNumber, toJson } from '../manifest-file.ts';
import { manifestPath, partitionName, segmentPath } from '../segments.ts';
import { type Created, sha256Of } from './change.ts';

/** In place of the one that is there. Only for who has the lock (alone.ts). */
export async function replaceManifest(dataDir: string, manifest: SegmentManifest): Promise<void> {
  const text = toJson(manifest);
  // A folder that follows no store has none to tell.
  const isFollowing = (await readIfThere(dataPath(dataDir, 'archiveChanges'))) !== undefined;
  const own = markOf(manifest, text);
  if (isFollowing) await createDurably(markPath(dataDir, own), '');
  await writeDurably(manifestPath(dataDir, manifest), text);
  if (!isFollowing) return;
  for (const { name, partition, number } of await marksIn(dataDir))
    if (partition === manifest.partition && number === manifest.number && name !== own)
      await rm(markPath(dataDir, name), { force: true });
}

/** Marks of killed attempts, whose manifests never came. Only for who has the lock (alone.ts). */
export async function removeDeadMarks(dataDir: string): Promise<void> {
  for (const mark of await marksIn(dataDir))
    if ((await markedBy(dataDir, mark)) === null) await rm(markPath(dataDir, mark.name), { force: true });
}

export interface Unshared {
  readonly mark: string;
  readonly manifest: Created;
}

/** Manifests that the store is to get, ascending: those that are there as their marks say, up to a number of bytes, and whether these are all. */
export async function unsharedManifests(
  dataDir: string,
  mostBytes: number,
): Promise<{ readonly some: readonly Unshared[]; readonly isAll: boolean }> {
  const some: Unshared[] = [];
  let bytes = 0;
  for (const mark of await marksIn(dataDir)) {
    if (bytes >= mostBytes) return { some, isAll: false };
    const manifest = await markedBy(dataDir, mark);
    if (manifest === null) continue;
    some.push({ mark: mark.name, manifest });
    bytes += Buffer.byteLength(manifest.text);
  }
  return { some, isAll: true };
}

/** What was marked meanwhile stays, of the same segments too. */
export async function removeShared(dataDir: string, shared: readonly Unshared[]): Promise<void> {
  if (shared.length === 0) return;
  for (const { mark } of shared) await rm(markPath(dataDir, mark), { force: true });
  await syncFolder(dataPath(dataDir, 'archiveUnshared'));
}

export async function isAllShared(dataDir: string): Promise<boolean> {
  return (await marksIn(dataDir)).length === 0;
}

interface Mark {
  readonly name: string;
  readonly partition: number;
  readonly number: number;
}

/** Partition, segment, and the SHA-256 of the manifest. */
const MARK = /^p(\d{2,4})-(\d{6,12})-[0-9a-f]{64}$/;

async function marksIn(dataDir: string): Promise<Mark[]> {
  const names = await namesIn(dataPath(dataDir, 'archiveUnshared'));
  return names.flatMap((name) => {
    const [, partition, number] = MARK.exec(name) ?? [];
    return partition === undefined ? [] : [{ name, partition: Number(partition), number: Number(number) }];
  });
}

/** null: it is still to come, or another one was replaced by it. */
async function markedBy(dataDir: string, { name, partition, number }: Mark): Promise<Created | null> {
  const path = segmentPath('', partition, number);
  const text = await readIfThere(join(dataDir, path));
  return text !== undefined && markOf({ partition, number }, text) === name ? { path, text } : null;
}

function markOf({ partition, number }: Omit<Mark, 'name'>, text: string): string {
  return `${partitionName(partition)}-${padNumber(number)}-${sha256Of(text)}`;
}

function markPath(dataDir: string, name: string): string {
  return dataPath(dataDir, 'archiveUnshared', name);
}
