/** Archived files that others took the place of, or that retention took out of their manifests, and that are still read by the list of before. */
import { readForgotten } from './forgotten.ts';
import { readRetired } from './retention/retired.ts';

/** Asked after manifests were read, it has each file that they name no longer: both files are written before any manifest changes. */
export async function replacedFiles(dataDir: string): Promise<Set<string>> {
  const both = await Promise.all([readForgotten(dataDir), readRetired(dataDir)]);
  return new Set(both.flatMap((one) => [...(one?.replaced ?? []), ...(one?.replacing ?? [])].map(({ path }) => path)));
}
