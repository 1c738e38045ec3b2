/**
 * How far the speed layer is: what `meta.speed` says, and whether an answer lacks events that the log already holds.
 *
 * Log time alone cannot tell a worker that stands still from a partition where nothing happens. So the log is asked once a
 * second where it ends, and how long the first entry behind each committed position has been in it. The log's own clock
 * says that, so a process that just started knows as much as any other. Pure.
 */
import type { GenerationManifest } from '@tributary/archive/layout';
import type { PartitionState } from '@tributary/kv/port';
import { holesInHistory, type LogBounds } from './one-history.ts';

type States = readonly (PartitionState | null)[];

/** What a partition's log held beyond its position when it was asked. */
export interface Waiting {
  readonly end: string;
  /** When the oldest of these entries was appended. */
  readonly appendedMs: number;
}

/** What the log said last. Index = partition. */
export interface LogSeen extends LogBounds {
  readonly atMs: number;
  readonly waiting: readonly (Waiting | null)[];
}

export interface SpeedHealth {
  /** Age of the oldest entry that is not applied, to the second; 0: none waits. null: unknown. */
  readonly lagMs: number | null;
  /** The smallest log time over the partitions, epoch ms; null: some partition was never read. */
  readonly watermark: number | null;
  /** Reasons why events may be missing; empty when none are. */
  readonly missing: readonly string[];
  /** Those of them that time alone does not heal: store, log and generation are not of one history. */
  readonly notOneHistory: readonly string[];
}

/** The part of the log that tells how far it goes. */
export interface LogReach {
  ends(): Promise<readonly (string | null)[]>;
  starts(): Promise<readonly (string | null)[]>;
  ageAfter(after: ReadonlyMap<number, string | null>): Promise<ReadonlyMap<number, number>>;
}

/** `states` were read before, or an end could look reached that is not. */
export async function seeLog(log: LogReach, states: States, servedThen: number | null, now: () => number): Promise<LogSeen> {
  // What is appended after this instant is younger than the look: a look is told as old as it can be.
  const atMs = now();
  const ends = await log.ends();
  const behind = new Map<number, string | null>();
  for (const [partition, end] of ends.entries()) {
    const position = states[partition]?.position ?? null;
    if (!isReached(end, position)) behind.set(partition, position);
  }
  const starts = await log.starts();
  const ages = await log.ageAfter(behind);
  const askedMs = now();
  const waiting = ends.map((end, partition) => {
    const ageMs = ages.get(partition);
    return end === null || ageMs === undefined ? null : { end, appendedMs: askedMs - ageMs };
  });
  return { atMs, waiting, starts, ends, servedThen };
}

/**
 * Entries older than `patienceMs` that are not applied make answers incomplete, and so does a log that has not answered for so
 * long. `states` may be newer than the look: until a partition has passed the end seen, its lag is an upper bound.
 * `served`: the generation under the deltas; null: none.
 */
export function assessSpeed(
  states: States,
  nowMs: number,
  patienceMs: number,
  seen: LogSeen | null,
  served: GenerationManifest | null,
): SpeedHealth {
  const watermark = states.includes(null) ? null : Math.min(...states.map((state) => (state as PartitionState).logTimeMs));
  const notOneHistory = holesInHistory(states, seen, served);
  const missing = [...notOneHistory];
  if (seen === null) {
    missing.push('the log was not asked yet how far it goes');
    return { lagMs: null, watermark, missing, notOneHistory };
  }
  const silentMs = nowMs - seen.atMs;
  let lagMs = 0;
  seen.waiting.forEach((waiting, partition) => {
    const position = states[partition]?.position ?? null;
    if (waiting === null || isReached(waiting.end, position)) return;
    const ageMs = Math.max(0, nowMs - waiting.appendedMs);
    lagMs = Math.max(lagMs, ageMs);
    if (ageMs >= patienceMs)
      missing.push(
        `partition ${partition}: the speed layer stands at ${position ?? 'the beginning'}, the log goes to ${waiting.end}, and the oldest entry in between has waited for ${ageMs} ms`,
      );
  });
  if (silentMs < patienceMs) return { lagMs, watermark, missing, notOneHistory };
  missing.push(`the log has not said how far it goes for ${silentMs} ms`);
  return { lagMs: null, watermark, missing, notOneHistory };
}

function isReached(end: string | null, position: string | null): boolean {
  return end === null || (position !== null && position >= end);
}
