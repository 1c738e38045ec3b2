/**
 * What retention by age took out of the archive: written before the first manifest changes. A generation that is computed from nothing
 * is not whole before `before`, and says so.
 */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { writeDurably } from '../durable.ts';
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
  /** Why nothing was done; absent: it was. */
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
