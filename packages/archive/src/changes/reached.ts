/** How far a data folder has the changes of an archive in an object store: one of several processes there may have more than this file says. */
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { z } from 'zod';
import { writeDurably } from '../durable.ts';
import { readManifest, toJson } from '../manifest-file.ts';

const ReachedFile = z.object({
  /** `s3://BUCKET/PREFIX`. */
  place: z.string(),
  /** The newest change that the folder has; 0: none. */
  number: z.int().min(0),
  /** The id of that change: a store that was emptied, or put back, has another one there. */
  id: z.string(),
  /** By partition, the last segment up to that change; -1: none. */
  lastSegments: z.record(z.string().regex(/^\d{1,4}$/), z.int().min(-1)),
  /** The newest change that replaced files; 0: none did. */
  replaced: z.int().min(0),
  /** The folder that it replaced them in. */
  replacedIn: z.string(),
  /** Up to which of these the store has lost the files that it was about. */
  cleared: z.int().min(0),
  /** The SHA-256 of each state file as the store has it. */
  state: z.record(z.string(), z.string()),
});
export type Reached = z.output<typeof ReachedFile>;

export function reachedNothing(place: string): Reached {
  return { place, number: 0, id: '', lastSegments: {}, replaced: 0, replacedIn: '', cleared: 0, state: {} };
}

/** undefined: the folder follows no store. */
export function readReached(dataDir: string): Promise<Reached | undefined> {
  return readManifest(dataPath(dataDir, 'archiveChanges'), ReachedFile);
}

/** Another process of the folder may have come further, and have cleared the store. */
export async function writeReached(dataDir: string, reached: Reached): Promise<void> {
  const there = await readReached(dataDir);
  const isSame = there?.place === reached.place;
  if (isSame && there.number > reached.number) return;
  const cleared = isSame ? Math.max(there.cleared, reached.cleared) : reached.cleared;
  await writeDurably(dataPath(dataDir, 'archiveChanges'), toJson({ ...reached, cleared }));
}

export function lastSegmentOf({ lastSegments }: Reached, partition: number): number {
  return lastSegments[String(partition)] ?? -1;
}
