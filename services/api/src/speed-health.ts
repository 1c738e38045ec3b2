/**
 * How far the speed layer is: what `meta.speed` says, and whether an answer lacks events that the log already holds.
 *
 * Log time alone cannot tell a worker that stands still from a partition where nothing happens. So the log is asked where
 * it ends, once a second, and an end that the committed position has not reached is remembered with the moment it was
 * first seen: from then on that partition's readers wait. Pure.
 */
import type { PartitionState } from '@tributary/kv/port';

type States = readonly (PartitionState | null)[];

/** An end of a partition's log that was not reached when it was seen. */
export interface Waiting {
  readonly end: string;
  readonly sinceMs: number;
}

/** What the log said last. Index = partition. */
export interface LogSeen {
  readonly atMs: number;
  readonly waiting: readonly (Waiting | null)[];
}

export interface SpeedHealth {
  /** How long the oldest entry that the speed layer has not read has been seen waiting, ms; 0: none is. null: unknown. */
  readonly lagMs: number | null;
  /** The smallest log time over the partitions, epoch ms; null: some partition was never read. */
  readonly watermark: number | null;
  /** Reasons why events may be missing; empty when none are. */
  readonly missing: readonly string[];
}

/** `states` were read before `ends`, or an end could look reached that is not. */
export function seeLog(before: LogSeen | null, states: States, ends: readonly (string | null)[], nowMs: number): LogSeen {
  const waiting = ends.map((end, partition) => {
    const position = states[partition]?.position ?? null;
    const known = before?.waiting[partition] ?? null;
    if (known !== null && !isReached(known.end, position)) return known;
    return isReached(end, position) ? null : { end: end as string, sinceMs: nowMs };
  });
  return { atMs: nowMs, waiting };
}

/** Entries that wait longer than `patienceMs` make answers incomplete, and so does a log that has not answered for so long. */
export function assessSpeed(states: States, nowMs: number, patienceMs: number, seen: LogSeen | null): SpeedHealth {
  const watermark = states.includes(null) ? null : Math.min(...states.map((state) => (state as PartitionState).logTimeMs));
  if (seen === null) return { lagMs: null, watermark, missing: ['the log was not asked yet how far it goes'] };
  const silentMs = nowMs - seen.atMs;
  let lagMs = 0;
  const missing: string[] = [];
  seen.waiting.forEach((waiting, partition) => {
    const position = states[partition]?.position ?? null;
    if (waiting === null || isReached(waiting.end, position)) return;
    const waitedMs = nowMs - waiting.sinceMs;
    lagMs = Math.max(lagMs, waitedMs);
    if (waitedMs >= patienceMs)
      missing.push(
        `partition ${partition}: the speed layer stands at ${position ?? 'the beginning'}, the log has reached ${waiting.end} for ${waitedMs} ms`,
      );
  });
  if (silentMs < patienceMs) return { lagMs, watermark, missing };
  return { lagMs: null, watermark, missing: [...missing, `the log has not said how far it goes for ${silentMs} ms`] };
}

function isReached(end: string | null, position: string | null): boolean {
  return end === null || (position !== null && position >= end);
}
