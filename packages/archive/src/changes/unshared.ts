/**
 * Manifests that are replaced in a data folder whose archive lies in an object store as well: each is marked before, so that the store gets it, however
 * this process ends.
 */
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { createDurably, namesIn, readIfThere, syncFolder, writeDurably } from '../durable.ts';
import type { SegmentManifest } from '../layout.ts';
import { padNumber, toJson } from '../manifest-file.ts';
import { manifestPath, partitionName } from '../segments.ts';

/** In place of the one that is there. */
export async function replaceManifest(dataDir: string, manifest: SegmentManifest): Promise<void> {
  const { partition, number } = manifest;
  // A folder that follows no store has none to tell.
  if ((await readIfThere(dataPath(dataDir, 'archiveChanges'))) !== undefined)
    await createDurably(markPath(dataDir, `${partitionName(partition)}-${padNumber(number)}`), '');
  await writeDurably(manifestPath(dataDir, manifest), toJson(manifest));
}

/** A manifest that is replaced once more while it is shared gets another mark. */
const SHARING = '.sharing';
const MARK = /^p(\d{2,4})-(\d{6,12})(?:\.sharing)?$/;

export interface Unshared {
  readonly partition: number;
  readonly number: number;
}

/** Manifests that were marked up to now, ascending; a later mark is another one. */
export async function takeUnshared(dataDir: string): Promise<Unshared[]> {
  const folder = dataPath(dataDir, 'archiveUnshared');
  for (const name of await namesIn(folder))
    if (MARK.test(name) && !name.endsWith(SHARING)) await rename(markPath(dataDir, name), markPath(dataDir, `${name}${SHARING}`));
  return (await namesIn(folder)).flatMap((name) => {
    const [, partition, number] = name.endsWith(SHARING) ? (MARK.exec(name) ?? []) : [];
    return number === undefined ? [] : [{ partition: Number(partition), number: Number(number) }];
  });
}

export async function removeShared(dataDir: string, shared: readonly Unshared[]): Promise<void> {
  if (shared.length === 0) return;
  for (const { partition, number } of shared)
    await rm(markPath(dataDir, `${partitionName(partition)}-${padNumber(number)}${SHARING}`), { force: true });
  await syncFolder(dirname(markPath(dataDir, 'any')));
}

export async function isAllShared(dataDir: string): Promise<boolean> {
  return !(await namesIn(dataPath(dataDir, 'archiveUnshared'))).some((name) => MARK.test(name));
}

function markPath(dataDir: string, name: string): string {
  return dataPath(dataDir, 'archiveUnshared', name);
}
