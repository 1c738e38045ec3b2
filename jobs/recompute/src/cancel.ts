/** What a cancelled run leaves: a generation that is never computed nor published, and nothing in `staging/`. Its barriers stay in the log and mean nothing. */
import { sweepStaging } from '@tributary/archive/compute/staging';
import { findGeneration, writeGeneration } from '@tributary/archive/generations';
import { readPublications } from '@tributary/archive/publications';
import type { RunPorts } from './ports.ts';
import { NEWEST_PUBLICATIONS } from './publish/publication.ts';
import type { Begun } from './run.ts';

/**
 * May come again after it was killed at any point. A run that was cancelled before it remembered its generation left one that is pending: the
 * next run supersedes it. Definitions that its barriers brought are taken back by the next run as well: until then answers are incomplete.
 */
export async function clearCancelled(
  begun: Begun | null,
  { by, why }: { readonly by: string; readonly why: string | null },
  ports: Pick<RunPorts, 'dataDir' | 'reached'>,
): Promise<void> {
  if (begun === null) return;
  const { generation } = begun;
  // A Redis that lost its newest writes forgets that this run ended, and lets it be cancelled when it is begun again: what readers got stays.
  const publications = await readPublications(ports.dataDir, NEWEST_PUBLICATIONS);
  if (publications.some((one) => one.generation === generation)) return;
  const manifest = await findGeneration(ports.dataDir, generation);
  if (manifest?.state === 'pending' || manifest?.state === 'computed') {
    const failure = `cancelled by ${by}${why === null ? '' : `: ${why}`}`;
    await writeGeneration(ports.dataDir, { ...manifest, state: 'superseded', failure });
  }
  await ports.reached('superseded', generation);
  await sweepStaging(ports.dataDir, generation + 1);
}
