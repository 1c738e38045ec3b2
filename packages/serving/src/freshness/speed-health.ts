/**
 * How far the speed layer is: what `meta.speed` says, and whether an answer lacks events that the log already holds.
 *
 * Log time alone cannot tell a worker that stands still from a partition where nothing happens. So the log is asked once a
 * second where it ends, and how long the first entry behind each committed position has been in it. The log's own clock
 * says that, so a process that just started knows as much as any other; what this process saw wait is older than that says
 * where the clock was ahead. Pure.
 */

import type { GenerationManifest } from '@tributary/archive/layout';
import { span } from '@tributary/model/span';
import type { PartitionState } from '@tributary/store/speed-store';
import { type Gap, gapsOf, type Note } from '../gaps.ts';
import type { LogReach } from '../ports.ts';
import { clockLead } from './clock-lead.ts';
import { type FirstSeen, unreachedEnds } from './first-seen.ts';
import { gapsInFlight } from './in-flight.ts';
import { holesInHistory, type LogBounds } from './one-history.ts';

type States = readonly (PartitionState | null)[];

/** What a partition's log held beyond its position when it was asked. */
export interface Waiting {
  readonly end: string;
  /** When the oldest of these entries was appended, by its age in the log: ahead of the clock where that is negative. */
  readonly appendedMs: number;
  /** Whatever the log says, this process saw it wait. */
  readonly unreached: readonly FirstSeen[];
}

/** What the log said last. Index = partition. */
export interface LogSeen extends LogBounds {
  readonly atMs: number;
  readonly waiting: readonly (Waiting | null)[];
  /** The date of each newest entry, epoch ms; null: there is none, or its position does not say it. */
  readonly newestMs: readonly (number | null)[];
}

export interface SpeedHealth {
  /** Age of the oldest entry that is not applied, to the second; 0: none waits. null: unknown. */
  readonly lagMs: number | null;
  /** The smallest log time over the partitions, epoch ms; null: some partition was never read. */
  readonly watermark: number | null;
  /** Reasons why events may be missing; empty when none are. */
  readonly missing: readonly Gap[];
  /** Those of them that time alone does not heal: store, log and generation are not of one history. */
  readonly notOneHistory: readonly Gap[];
  /** What should be known though nothing is missing because of it. */
  readonly notes: readonly Note[];
}

/** `states` were read before, or an end could look reached that is not. `before`: the last poll. */
export async function seeLog(
  log: LogReach,
  states: States,
  knownThen: number | null,
  before: LogSeen | null,
  now: () => number,
): Promise<LogSeen> {
  // What is appended after this instant is younger than the poll: a poll counts as old as it can be.
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
    if (end === null || ageMs === undefined) return null;
    const known = before?.waiting[partition]?.unreached ?? [];
    const unreached = unreachedEnds(known, end, states[partition]?.position ?? null, atMs);
    return { end, appendedMs: askedMs - ageMs, unreached };
  });
  const newestMs = ends.map((end) => (end === null ? null : (log.dateOf?.(end) ?? null)));
  return { atMs, waiting, newestMs, starts, ends, knownThen };
}

/** What one answer is made of, or what was last looked at. */
export interface Read {
  readonly states: States;
  /** The generation under the deltas; null: none. */
  readonly manifest: GenerationManifest | null;
  /** The furthest position of each partition that was seen before `states` were read; a store only ever goes on. */
  readonly furthest: readonly (string | null)[];
}

export interface Bounds {
  readonly patienceMs: number;
  readonly latenessMs: (state: PartitionState) => number;
}

/**
 * Entries older than `patienceMs` that are not applied make answers incomplete, and so does a log that has not answered for so
 * long (`silence`: why). The states may be newer than the poll: until a partition has passed the end seen, its lag is an upper bound.
 */
export function assessSpeed(
  { states, manifest, furthest }: Read,
  nowMs: number,
  bounds: Bounds,
  seen: LogSeen | null,
  silence: string | null = null,
): SpeedHealth {
  const watermark = states.includes(null) ? null : Math.min(...states.map((state) => (state as PartitionState).logTimeMs));
  const notOneHistory = holesInHistory(states, seen, manifest);
  const missing = [...notOneHistory, ...lostWrites(states, furthest), ...gapsInFlight(states)];
  if (seen === null || (manifest !== null && seen.knownThen === null)) {
    missing.push(...gapsOf('log_unknown', ['the end of the log is not known yet']));
    return { lagMs: null, watermark, missing, notOneHistory, notes: [] };
  }
  const waits = (partition: number) => !isReached(seen.waiting[partition]?.end ?? null, states[partition]?.position ?? null);
  const waitsSinceMs = (partition: number) => (waits(partition) ? (seen.waiting[partition]?.appendedMs ?? null) : null);
  const { holes, notes } = clockLead(states, seen.newestMs, nowMs, bounds.latenessMs, waitsSinceMs);
  missing.push(...holes);
  let lagMs = 0;
  seen.waiting.forEach((waiting, partition) => {
    if (waiting === null || !waits(partition)) return;
    const position = states[partition]?.position ?? null;
    const ageMs = ageOf(waiting, position, nowMs);
    lagMs = Math.max(lagMs, ageMs);
    if (ageMs >= bounds.patienceMs)
      missing.push({
        reason: 'behind',
        partition,
        text: `partition ${partition}: the speed layer stands at ${position ?? 'the beginning'}, the log goes to ${waiting.end}, and the oldest entry in between has waited for ${span(ageMs)}`,
      });
  });
  // A clock that went back says nothing about how long ago the poll was.
  const silentMs = Math.abs(nowMs - seen.atMs);
  if (silentMs < bounds.patienceMs) return { lagMs, watermark, missing, notOneHistory, notes };
  const why = silence === null ? '' : `: ${silence}`;
  missing.push(...gapsOf('log_unknown', [`the end of the log has been unknown for ${span(silentMs)}${why}`]));
  return { lagMs: null, watermark, missing, notOneHistory, notes };
}

/** The furthest of what was seen before and what is seen now. */
export function furthestOf(before: readonly (string | null)[], states: States): readonly (string | null)[] {
  return states.map((state, partition) => {
    const known = before[partition] ?? null;
    const position = state?.position ?? null;
    return position === null || (known !== null && known > position) ? known : position;
  });
}

/** Where the store stands behind what it was seen at, whatever the log says of the age of what it lost. */
function lostWrites(states: States, furthest: readonly (string | null)[]): Gap[] {
  return states.flatMap((state, partition) => {
    const known = furthest[partition] ?? null;
    const position = state?.position ?? null;
    if (known === null || (position !== null && position >= known)) return [];
    const stands = `partition ${partition}: the speed layer stands at ${position ?? 'the beginning'} and was at ${known} before`;
    const text = `${stands}: its store lost what it had written last, and reads it again from the log`;
    return [{ reason: 'writes_lost' as const, partition, text }];
  });
}

function ageOf({ appendedMs, unreached }: Waiting, position: string | null, nowMs: number): number {
  const first = unreached.find(({ end }) => !isReached(end, position));
  return Math.max(0, nowMs - Math.min(appendedMs, first?.atMs ?? appendedMs));
}

function isReached(end: string | null, position: string | null): boolean {
  return end === null || (position !== null && position >= end);
}
