/** What a cancelled run leaves: a generation that is never computed nor published, and nothing in `staging/`. Its barriers stay in the log and mean nothing. */
import { sweepStaging } from '@tributary/archive/compute/staging';
import { findGeneration, writeGeneration } from '@tributary/archive/generations';
import { readPublications } from '@tributary/archive/publications';
import { giveUp } from '@tributary/archive/retire';
import { TributaryError } from '@tributary/model/errors';
import { highestSequence } from './highest-numbers.ts';
import type { RunPorts } from './ports.ts';
import { NEWEST_PUBLICATIONS } from './publish/publication.ts';
import type { Begun } from './run.ts';

/** Publications of others that come in between, each of which is looked at. */
const MOST_TRIES = 10;

/**
 * May come again after it was killed at any point. A run that was cancelled before it remembered its generation left one that is pending: the
 * next run supersedes it. Definitions that its barriers brought are taken back by the next run as well: until then answers are incomplete.
 */
export async function clearCancelled(
  begun: Begun | null,
  { by, why }: { readonly by: string; readonly why: string | null },
  ports: Pick<RunPorts, 'dataDir' | 'serving' | 'reached'>,
): Promise<void> {
  if (begun === null) return;
  const { generation } = begun;
  // A Redis that lost its newest writes forgets that this run ended, and lets it be cancelled when it is begun again: what readers got stays.
  // The pointer before the files: a publication takes its number from it.
  const above = await highestSequence(ports);
  for (let tries = 0; ; tries++) {
    if (await isPublished(ports.dataDir, generation)) return;
    const manifest = await findGeneration(ports.dataDir, generation);
    // Somebody may publish it by hand, until no publication can name it.
    if (manifest?.state === 'computed' && !(await giveUp(ports.dataDir, generation, above))) {
      if (tries < MOST_TRIES) continue;
      throw new TributaryError(
        'conflict',
        `generation ${generation} must not be superseded while it may be published (got ${tries + 1} publications by others at the same moments). Cancel its run again`,
      );
    }
    if (manifest?.state === 'pending' || manifest?.state === 'computed') {
      const failure = `cancelled by ${by}${why === null ? '' : `: ${why}`}`;
      await writeGeneration(ports.dataDir, { ...manifest, state: 'superseded', failure });
    }
    break;
  }
  await ports.reached('superseded', generation);
  await sweepStaging(ports.dataDir, generation + 1);
}

async function isPublished(dataDir: string, generation: number): Promise<boolean> {
  return (await readPublications(dataDir, NEWEST_PUBLICATIONS)).some((one) => one.generation === generation);
}
