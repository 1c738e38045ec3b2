/** How long a run will take from its cut to its views, by the earlier ones of its mode. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { estimate, MOST_RUNS } from '@tributary/archive/plan/estimate';
import type { RunPorts } from '../ports.ts';

/** Manifests that are read, at most: runs of the other mode are among them. */
const MOST_READ = 4 * MOST_RUNS;

/** ms; null: too few are known, or they cannot be read. An estimate never fails a run. */
export async function expectedMs(
  { mode, generation }: GenerationManifest,
  rows: number,
  { dataDir, note }: Pick<RunPorts, 'dataDir' | 'note'>,
): Promise<number | null> {
  try {
    const manifests: GenerationManifest[] = [];
    for (const other of (await listGenerations(dataDir)).slice(-MOST_READ).reverse())
      if (other !== generation) manifests.push(await readGeneration(dataDir, other));
    const found = estimate(manifests, mode, rows);
    return found === null ? null : Math.round(found.seconds * 1_000);
  } catch (error) {
    note('how long the run takes is not known', { generation, error: String(error) });
    return null;
  }
}
