/** Which generation joined keys of one person last, and whether records go back as far as the first links do. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import { identityIn, type Joined, joinedIn } from '@tributary/archive/plan/joined-still';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { DAY_MS } from '@tributary/model/time';
import type { PartitionState } from '@tributary/store/speed-store';

/** As `joinedIn`. */
export async function newestJoined(dataDir: string): Promise<Joined | null> {
  const newest = (await listGenerations(dataDir)).at(-1);
  if (newest === undefined) return null;
  return joinedIn(await readGeneration(dataDir, newest));
}

/**
 * Where keys are not joined yet: the first links reach back `identity.days`, and records must. An event that left its record would leave its key in the
 * batch layer, and come to no other. Throws `invalid_definitions`.
 */
export function demandRecordsForLinks(
  states: readonly (PartitionState | null)[],
  { joinedMs }: Pick<Definitions, 'joinedMs'>,
): void {
  if (joinedMs === null) return;
  for (const [partition, state] of states.entries()) {
    if (state === null || identityIn(state.definitions) !== undefined) continue;
    const { logTimeMs, keptMs = 0, cutTs = Number.NEGATIVE_INFINITY } = state;
    const reachMs = Math.min(keptMs, logTimeMs - cutTs);
    if (reachMs >= joinedMs) continue;
    throw new TributaryError(
      'invalid_definitions',
      `identity.days must be at most ${Math.floor(reachMs / DAY_MS)}, as records of partition ${partition} go back so far (got ${joinedMs / DAY_MS}). Raise signalRetention.days without identity, and add identity once records go back as far`,
    );
  }
}
