/** How far the speed layer is: what `meta.speed` says, and whether an answer lacks events that the log already holds. */
import type { PartitionState } from '@tributary/kv/port';

export interface SpeedHealth {
  /** How old the oldest partition's log time is; 0 when nothing in the log waits to be read. null: unknown. */
  readonly lagMs: number | null;
  /** The smallest log time over the partitions, epoch ms: what was received before it has been counted. */
  readonly watermark: number | null;
  /** Reasons why events may be missing; empty when none are. */
  readonly missing: readonly string[];
}

/**
 * `states`: index = partition. Log time is moved by events and, when idle, by the collector's heartbeats; so as long as
 * the watermark is younger than `suspectLagMs` all is well and costs nothing. Only beyond it the log's ends are asked for
 * (`ends`; null when the log cannot be asked) and compared with the committed positions: the lag that counts.
 */
export async function assessSpeed(
  states: readonly (PartitionState | null)[],
  nowMs: number,
  suspectLagMs: number,
  ends: (() => Promise<readonly (string | null)[]>) | null,
): Promise<SpeedHealth> {
  const known = states.filter((state) => state !== null);
  const watermark = known.length === states.length ? Math.min(...known.map((state) => state.logTimeMs)) : null;
  const ageMs = watermark === null ? null : Math.max(0, nowMs - watermark);
  if (ageMs !== null && ageMs < suspectLagMs) return { lagMs: ageMs, watermark, missing: [] };

  let atEnd: readonly (string | null)[] | null = null;
  try {
    atEnd = ends === null ? null : await ends();
  } catch {
    // The log cannot be asked: judge by the age alone, which errs on the side of "incomplete".
  }
  const missing = states.flatMap((state, partition) => {
    const behind =
      atEnd === null
        ? state === null
          ? 'nothing was read'
          : overdue(state, nowMs, suspectLagMs)
        : unread(state, atEnd[partition]);
    return behind === null ? [] : [`partition ${partition}: ${behind}`];
  });
  return { lagMs: missing.length === 0 ? 0 : ageMs, watermark, missing };
}

function overdue(state: PartitionState, nowMs: number, suspectLagMs: number): string | null {
  const ageMs = nowMs - state.logTimeMs;
  return ageMs < suspectLagMs ? null : `the speed layer has read up to ${new Date(state.logTimeMs).toISOString()} only`;
}

function unread(state: PartitionState | null, end: string | null | undefined): string | null {
  if (end === null || end === undefined) return null;
  if (state === null || state.position === null) return 'the speed layer has read nothing of the log';
  return state.position < end ? `the speed layer is at ${state.position}, the log at ${end}` : null;
}
