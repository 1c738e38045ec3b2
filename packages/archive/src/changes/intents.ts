/**
 * Changes with replacements that a process of this folder is about to create. What the store has of this folder and the folder knows nothing of, a later
 * state of it has made: the folder was put back to an older copy, and what it says of erased users must not reach the store.
 */
import { rm } from 'node:fs/promises';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { namesIn, readIfThere, writeDurably } from '../durable.ts';
import { readReached } from './reached.ts';

const INTENT = 'change-';

/** Before it is created under a number. */
export async function intend(dataDir: string, id: string, number: number): Promise<void> {
  await writeDurably(pathOf(dataDir, id), String(number));
}

/** Those that are decided: the folder has what came under their numbers. Attempts that failed, and killed ones, leave theirs. */
export async function settle(dataDir: string, reached: number): Promise<void> {
  for (const name of await namesIn(dataPath(dataDir, 'archiveUnshared'))) {
    if (!name.startsWith(INTENT)) continue;
    const path = dataPath(dataDir, 'archiveUnshared', name);
    if (Number(await readIfThere(path)) <= reached) await rm(path, { force: true });
  }
}

export async function isKnown(dataDir: string, id: string, number: number): Promise<boolean> {
  if ((await readIfThere(pathOf(dataDir, id))) !== undefined) return true;
  return ((await readReached(dataDir))?.number ?? 0) >= number;
}

function pathOf(dataDir: string, id: string): string {
  return dataPath(dataDir, 'archiveUnshared', `${INTENT}${id}`);
}
