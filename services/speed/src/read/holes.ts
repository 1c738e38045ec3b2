/**
 * What was read before and is missing now: it is waited for, as the archiver may have it, and then read over. An entry that stands
 * for the hole is given in its place, so that the state reports it from then on; no reader goes back to it, as effects are not undone.
 */
import type { LogEntry, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { Heartbeat } from '@tributary/model/partition-record';
import type { ReadEntry } from './decode.ts';
import { createSeenPositions } from './seen-positions.ts';

export interface HolesOptions {
  /** Called when entries from `position` on, which were read before, are read over: neither log nor archive has them. */
  readonly onHole?: (partition: number, position: Position) => void;
  /** Monotonic, ms; without it the wait has no end. */
  readonly now?: () => number;
}

export interface Passed {
  /** Nothing while entries are missing that may still come. */
  readonly given: readonly ReadEntry[];
  readonly missing: TributaryError | null;
}

export interface Holes {
  /** `found`: what a partition has after `after`, now. */
  pass(partition: number, after: Position | null, found: readonly LogEntry[]): Passed;
}

/** The archiver asks for what it read at its next read, and a segment takes seconds. What it archives later only generations count. */
const MISSING_WAIT_MS = 60_000;

export function createHoles({ onHole, now = () => 0 }: HolesOptions): Holes {
  const seen = createSeenPositions();
  /** Since when entries are missing that were read before, ms. */
  const missingSinceMs = new Map<number, number>();
  /** Where the newest hole of a partition begins: given again to a reader that passes it again, as a commit may fail. */
  const holes = new Map<number, Position>();

  /** What had the missing entries has had the time to archive them: they are gone. */
  function hasWaitedFor(partition: number): boolean {
    const nowMs = now();
    const sinceMs = missingSinceMs.get(partition) ?? nowMs;
    missingSinceMs.set(partition, sinceMs);
    if (nowMs - sinceMs < MISSING_WAIT_MS) return false;
    seen.forget(partition);
    return true;
  }

  return {
    pass(partition, after, found) {
      const missing = seen.missing(partition, after, found);
      if (missing !== null && !hasWaitedFor(partition)) return { given: [], missing: lost(partition, missing) };
      missingSinceMs.delete(partition);
      seen.note(partition, found);
      if (missing !== null) {
        holes.set(partition, missing);
        onHole?.(partition, missing);
      }
      return { given: withHole(found, after, holes.get(partition)), missing: null };
    },
  };
}

/** With an entry that stands for those that are gone, for a reader from before them. */
function withHole(entries: readonly ReadEntry[], after: Position | null, hole: Position | undefined): readonly ReadEntry[] {
  if (hole === undefined || (after !== null && after >= hole)) return entries;
  const at = entries.findIndex(({ position }) => position >= hole);
  const next = entries[at];
  if (next === undefined || next.position === hole) return entries;
  const body = JSON.stringify({ receivedAt: 0 } satisfies Heartbeat);
  return entries.toSpliced(at, 0, { ...next, position: hole, kind: 'heartbeat', body, isHole: true });
}

function lost(partition: number, position: Position): TributaryError {
  return new TributaryError(
    'history_mismatch',
    `the log of partition ${partition} no longer has the entry at ${position}, which was read: it was put back to an older copy. The archive is asked for it for ${MISSING_WAIT_MS / 1_000} s, then it is read over and answers are incomplete`,
  );
}
