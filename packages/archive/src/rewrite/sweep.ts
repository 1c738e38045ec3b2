/** What is left of archived files that others took the place of, by an attempt before this one or by one that was killed. */
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HOUR_MS } from '@tributary/model/time';
import { DATA_PATHS, dataPath } from '@tributary/runtime/data-folder/paths';
import { namesIn } from '../durable.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { filesNamed, manifestsOf } from '../segments.ts';

/** A file that is younger may have a writer that has not written its manifest yet. */
const ABANDONED_MS = HOUR_MS;

interface Sweep {
  readonly dataDir: string;
  readonly forgotten: ArchiveForgotten;
  readonly nowMs: number;
}

/**
 * Removes files of segments up to `last` that no manifest names: what an attempt before this one replaced, and what a killed one left. False: some
 * are too young to say, or a manifest is missing. `stay`: others may still read them, by the list of before.
 */
export async function sweepUnnamed(
  { dataDir, nowMs, forgotten }: Sweep,
  { partition, last, stay }: { readonly partition: number; readonly last: number; readonly stay: ReadonlySet<string> },
): Promise<boolean> {
  const all = await manifestsOf(dataDir, { partition, first: 0, last });
  // Where a manifest is lost, its files are all that is left of those events: a repair may still bring it back.
  if (hasHole(all, last)) return false;
  const named = new Set(all.flatMap((manifest) => [...filesNamed(manifest)]));
  const before = new Set(forgotten.replaced?.map(({ path }) => path));
  let isCleared = true;
  const dates = (await namesIn(dataPath(dataDir, 'events'))).map((date) => `${DATA_PATHS.events}/${date}`);
  for (const folder of [...dates, DATA_PATHS.dead])
    for (const name of await namesIn(join(dataDir, folder))) {
      const path = `${folder}/${name}`;
      const [, own, number] = /^p(\d{2,4})-(\d{6,12})-/.exec(name) ?? [];
      if (Number(own) !== partition || Number(number) > last || named.has(path) || stay.has(path)) continue;
      const { mtimeMs } = await stat(join(dataDir, path)).catch(() => ({ mtimeMs: 0 }));
      if (before.has(path) || nowMs - mtimeMs >= ABANDONED_MS) await rm(join(dataDir, path), { force: true });
      else isCleared = false;
    }
  return isCleared;
}

/** Whether a segment up to `last` is in no manifest. `manifests`: by number. */
function hasHole(manifests: readonly SegmentManifest[], last: number): boolean {
  let next = 0;
  for (const { number, to = number } of manifests) {
    if (number > next) return true;
    next = Math.max(next, to + 1);
  }
  return next <= last;
}
