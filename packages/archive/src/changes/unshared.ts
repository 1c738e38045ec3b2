/**
 * Manifests that are replaced in a data folder whose archive lies in an object store as well: each is marked before, so that the store gets it, however
 * this process ends.
 */
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { createDurably, errorCode, namesIn, readIfThere, syncFolder, writeDurably } from '../durable.ts';
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

/** Behind the name: which process shares it. A manifest that is replaced once more meanwhile gets another mark. */
const MARK = /^(p(\d{2,4})-(\d{6,12}))(?:\.[0-9a-f-]+)?$/;

export interface Unshared {
  readonly partition: number;
  readonly number: number;
}

/** Manifests that were marked up to now, ascending; a later mark is another one. `process`: hexadecimal; it takes those of others too, which may be dead. */
export async function takeUnshared(dataDir: string, process: string): Promise<Unshared[]> {
  const folder = dataPath(dataDir, 'archiveUnshared');
  const taken = new Map<string, Unshared>();
  for (const name of await namesIn(folder)) {
    const [, mark, partition, number] = MARK.exec(name) ?? [];
    if (mark === undefined) continue;
    // Another process may have taken it first, or removed it.
    const isTaken = await rename(markPath(dataDir, name), markPath(dataDir, `${mark}.${process}`)).then(
      () => true,
      (error: unknown) => {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      },
    );
    if (isTaken) taken.set(mark, { partition: Number(partition), number: Number(number) });
  }
  return [...taken.values()];
}

/** Those that the process still has: where another one took it, that one shares it again. */
export async function removeShared(dataDir: string, process: string, shared: readonly Unshared[]): Promise<void> {
  if (shared.length === 0) return;
  for (const { partition, number } of shared)
    await rm(markPath(dataDir, `${partitionName(partition)}-${padNumber(number)}.${process}`), { force: true });
  await syncFolder(dirname(markPath(dataDir, 'any')));
}

export async function isAllShared(dataDir: string): Promise<boolean> {
  return !(await namesIn(dataPath(dataDir, 'archiveUnshared'))).some((name) => MARK.test(name));
}

function markPath(dataDir: string, name: string): string {
  return dataPath(dataDir, 'archiveUnshared', name);
}
