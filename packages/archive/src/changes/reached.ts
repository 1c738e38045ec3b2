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
});
export type Reached = z.output<typeof ReachedFile>;

export function reachedNothing(place: string): Reached {
  return { place, number: 0, id: '', lastSegments: {} };
}

/** Another place has changes of its own. */
export async function readReached(dataDir: string, place: string): Promise<Reached> {
  const reached = await readManifest(dataPath(dataDir, 'archiveChanges'), ReachedFile);
  return reached?.place === place ? reached : reachedNothing(place);
}

export async function writeReached(dataDir: string, reached: Reached): Promise<void> {
  await writeDurably(dataPath(dataDir, 'archiveChanges'), toJson(reached));
}

export function lastSegmentOf({ lastSegments }: Reached, partition: number): number {
  return lastSegments[String(partition)] ?? -1;
}
