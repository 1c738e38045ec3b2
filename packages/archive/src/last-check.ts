/**
 * What the newest run that found nothing new leaves behind: `generations/last-check.json`. It is a cache: without it a run looks again from the
 * cut on, and those who ask when the batch layer last ran know it from the newest generation.
 */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { makeFolder, writeDurably } from './durable.ts';
import { readManifest, toJson } from './manifest-file.ts';

const LastCheck = z.object({
  /** When the run looked, epoch ms. */
  at: z.int(),
  /** The generation after whose cut it found nothing. */
  generation: z.int().min(1),
  logIdentity: z.string(),
  /** How far it looked in each partition of the log; index = partition. */
  upTo: z.array(z.string()),
});

export type LastCheck = z.output<typeof LastCheck>;

/** null: no run found nothing new yet, or the file is damaged: it says nothing that cannot be found out again. */
export async function readLastCheck(dataDir: string): Promise<LastCheck | null> {
  return (await readManifest(pathIn(dataDir), LastCheck).catch(() => undefined)) ?? null;
}

export async function writeLastCheck(dataDir: string, check: LastCheck): Promise<void> {
  await makeFolder(dataPath(dataDir, 'generations'));
  await writeDurably(pathIn(dataDir), toJson(check));
}

function pathIn(dataDir: string): string {
  return dataPath(dataDir, 'generations', LAST_CHECK);
}

const LAST_CHECK = 'last-check.json';
