/**
 * Whether the speed layer's state, the log and the generation being served are of one history. A store that was emptied, or is
 * older than what the log still has, can never tell by itself that events are missing: its counts are merely smaller. Pure.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionState } from '@tributary/store/speed-store';
import type { Gap } from '../gaps.ts';

type Cut = Pick<GenerationManifest, 'generation' | 'cut'>;

/** Where the log begins and ends in each partition (`EventLog.starts`, `EventLog.ends`), and as of when. */
export interface LogBounds {
  readonly starts: readonly (string | null)[];
  readonly ends: readonly (string | null)[];
  /** The newest generation that was known when the log was asked: a newer one may be cut behind these ends. null: none was. */
  readonly knownThen: number | null;
}

/**
 * Reasons why view and deltas cannot be all that happened; empty when nothing speaks against it. `log`: null while it was not
 * asked yet.
 */
export function holesInHistory(states: readonly (PartitionState | null)[], log: LogBounds | null, served: Cut | null): Gap[] {
  const holes: Gap[] = [];
  for (const [partition, state] of states.entries()) {
    const hole =
      endsBeforeCut(log, served, partition) ?? beginsTooLate(log, state, partition) ?? passedTheCut(state, served, partition);
    if (hole !== null) holes.push({ reason: 'other_history', partition, text: `partition ${partition}: ${hole}` });
  }
  return holes;
}

/** Whether the log was asked after this generation had been cut: only then do its ends say anything about that cut. */
export function wasKnown({ generation }: Pick<Cut, 'generation'>, { knownThen }: LogBounds): boolean {
  return knownThen !== null && generation <= knownThen;
}

/** Both layers read one log: it had the cut once. What it lost with the cut may be missing, and a state ahead of it reads nothing. */
function endsBeforeCut(log: LogBounds | null, served: Cut | null, partition: number): string | null {
  if (log === null || served === null || !wasKnown(served, log)) return null;
  const end = log.ends[partition] ?? null;
  const cut = served.cut[partition];
  if (cut === undefined || (end !== null && end >= cut)) return null;
  const found = end === null ? 'the log has no entry' : `the log ends at ${end}`;
  return `${found}, and generation ${served.generation} was cut at ${cut}: log and archive are not of one history, what came after the cut may be missing`;
}

function beginsTooLate(log: LogBounds | null, state: PartitionState | null, partition: number): string | null {
  const start = log?.starts[partition] ?? null;
  const position = state?.position ?? null;
  if (start !== null && position === null)
    return `the speed layer has no state, and the log begins after ${start}: what lay before is missing`;
  if (start !== null && position !== null && position < start)
    return `the speed layer stands at ${position}, and the log begins after ${start}: what lay in between is missing`;
  return null;
}

function passedTheCut(state: PartitionState | null, served: Cut | null, partition: number): string | null {
  const position = state?.position ?? null;
  const cut = served?.cut[partition];
  if (state === null || position === null || served === null || cut === undefined) return null;
  const { generation } = served;
  if (position >= cut && state.generation < generation)
    return `the speed layer stands at ${position}, past the cut of generation ${generation} at ${cut}, and counts under generation ${state.generation}: it has not read what lies before the cut`;
  return null;
}
