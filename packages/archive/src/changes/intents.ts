/**
 * Changes with replacements that a process of this folder is about to create. What the store has of this folder and the folder knows nothing of, a later
 * state of it has made: the folder was put back to an older copy, and what it says of erased users must not reach the store.
 */
import { rm } from 'node:fs/promises';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { createDurably, readIfThere } from '../durable.ts';
import { readReached } from './reached.ts';

export async function intend(dataDir: string, id: string): Promise<void> {
  await createDurably(pathOf(dataDir, id), '');
}

/** Call it when the folder has reached what was created. */
export async function settle(dataDir: string, id: string): Promise<void> {
  await rm(pathOf(dataDir, id), { force: true });
}

export async function isKnown(dataDir: string, id: string, number: number): Promise<boolean> {
  if ((await readIfThere(pathOf(dataDir, id))) !== undefined) return true;
  return ((await readReached(dataDir))?.number ?? 0) >= number;
}

function pathOf(dataDir: string, id: string): string {
  return dataPath(dataDir, 'archiveUnshared', `change-${id}`);
}
