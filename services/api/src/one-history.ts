/**
 * Whether the speed layer's state, the log and the generation being served are of one history. A store that was emptied, or is
 * older than what the log still has, can never tell by itself that events are missing: its counts are merely smaller. Pure.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionState } from '@tributary/kv/port';

/**
 * Reasons why the deltas cannot be all that happened since the cut; empty when nothing speaks against it. `starts`: the newest
 * position of each partition that the log dropped (`EventLog.starts`), null where it still has its beginning.
 */
export function holesInHistory(
  states: readonly (PartitionState | null)[],
  starts: readonly (string | null)[],
  served: Pick<GenerationManifest, 'generation' | 'cut'> | null,
): string[] {
  return states.flatMap((state, partition) => {
    const hole = holeOf(state, starts[partition] ?? null, served?.generation ?? 0, served?.cut[partition]);
    return hole === null ? [] : [`partition ${partition}: ${hole}`];
  });
}

function holeOf(state: PartitionState | null, start: string | null, generation: number, cut: string | undefined): string | null {
  const position = state?.position ?? null;
  if (start !== null && position === null)
    return `the speed layer has no state, and the log begins after ${start}: what lay before is missing`;
  if (start !== null && position !== null && position < start)
    return `the speed layer stands at ${position}, and the log begins after ${start}: what lay in between is missing`;
  if (state !== null && position !== null && cut !== undefined && position >= cut && state.generation < generation)
    return `the speed layer stands at ${position}, past the cut of generation ${generation} at ${cut}, and counts under generation ${state.generation}: it has not read what lies before the cut`;
  return null;
}
