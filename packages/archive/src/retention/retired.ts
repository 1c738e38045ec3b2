/**
 * What retention by age took out of the archive: written before the first manifest changes. A generation that is computed from nothing
 * is not whole before `before`, and says so.
 */
import { stat } from 'node:fs/promises';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { errorCode, writeDurably } from '../durable.ts';
import { readManifest, toJson } from '../manifest-file.ts';

const Gone = z.object({ path: z.string(), partition: z.int().min(0), rows: z.int().min(0), bytes: z.int().min(0) });
/** A file that no manifest is to name. `rows`: 0 where a block that replaced its segment has them too. */
export type Gone = z.output<typeof Gone>;

const Outcome = z.object({
  /** The request that was carried out, and what it asked for: a backup has this file, and not the requests. */
  number: z.int().min(1),
  before: z.int(),
  askedAt: z.int(),
  by: z.string(),
  why: z.string().exactOptional(),
  /** When it ended. */
  at: z.int(),
  files: z.int().min(0),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  /** Why nothing was done, or nothing more than files, rows and bytes say; absent: all was. */
  refused: z.string().exactOptional(),
});
export type RetirementOutcome = z.output<typeof Outcome>;

const Retired = z.object({
  /** The archive may lack events that happened before this instant (UTC midnight, epoch ms); null: it lacks none. */
  before: z.int().nullable(),
  /** The last segment of each partition that was looked at: an older copy of the generations may go on before it. */
  upTo: z.array(z.int().min(-1)),
  /** Files that left their manifests, and stay until the next run: readers with the list of before read them. */
  replaced: z.array(Gone),
  /** Those of an attempt that has not ended: where it is killed, they stay until the run after the next one. */
  replacing: z.array(Gone),
  /** What earlier passes of the request under way took out. */
  soFar: z.object({ files: z.int().min(0), rows: z.int().min(0), bytes: z.int().min(0) }),
  /** The newest ones, ascending by number. */
  outcomes: z.array(Outcome),
});
export type Retired = z.output<typeof Retired>;

/** undefined: nothing was ever retired. */
export function readRetired(dataDir: string): Promise<Retired | undefined> {
  return readManifest(dataPath(dataDir, 'archiveRetired'), Retired);
}

export async function writeRetired(dataDir: string, retired: Retired): Promise<void> {
  await writeDurably(dataPath(dataDir, 'archiveRetired'), toJson(retired));
}

/** The archive may lack events before this instant, epoch ms; null: it lacks none. Asked after manifests were listed, it holds for them. */
export async function retiredBefore(dataDir: string): Promise<number | null> {
  return (await readRetired(dataDir))?.before ?? null;
}

/** The same, for who asks with every answer: the file may name thousands of others, and is read again where another one stands in its place. */
export function rememberedRetiredBefore(dataDir: string, read = retiredBefore): () => Promise<number | null> {
  let known: { readonly file: string; readonly before: number | null } | null = null;
  return async () => {
    // Looked at before it is read: one that comes in between is read again the next time.
    const file = await identityOf(dataPath(dataDir, 'archiveRetired'));
    if (file === null) return null;
    if (known?.file !== file) known = { file, before: await read(dataDir) };
    return known.before;
  };
}

/**
 * Each version is a file of its own, which is renamed into its place (`writeDurably`). What was put back by other programs, with its time of writing, may
 * have the number of one that is gone, its length and that time: not its time of change. null: there is none.
 */
async function identityOf(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}
