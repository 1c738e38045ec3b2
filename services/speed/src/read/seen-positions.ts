/**
 * What was read once must be found when it is read again. A Redis that is put back to an older copy takes store and log back together:
 * the worker that lived through it reads again from the older position, and the log, which has grown again, has a hole there that only
 * the archiver can fill, as soon as it has archived what it had read.
 */
import type { LogEntry, Position } from '@tributary/log/port';

export interface SeenPositions {
  /** The first position that was read before and is missing among `found`, which is what came after `after`; null: none is. */
  missing(partition: number, after: Position | null, found: readonly LogEntry[]): Position | null;
  note(partition: number, found: readonly LogEntry[]): void;
  forget(partition: number): void;
}

/** The newest positions of each partition: what a copy lost ends with them. */
const KEPT = 1_000;

export function createSeenPositions(): SeenPositions {
  const seen = new Map<number, Position[]>();
  return {
    missing(partition, after, found) {
      const known = seen.get(partition) ?? [];
      let next = known.length;
      while (next > 0 && (after === null || (known[next - 1] as Position) > after)) next--;
      for (const { position } of found) {
        const expected = known[next];
        if (expected === undefined) return null;
        if (position > expected) return expected;
        if (position === expected) next++;
      }
      return null;
    },
    note(partition, found) {
      const known = seen.get(partition) ?? [];
      const last = known.at(-1) ?? '';
      for (const { position } of found) if (position > last) known.push(position);
      seen.set(partition, known.length > 2 * KEPT ? known.slice(-KEPT) : known);
    },
    forget: (partition) => void seen.delete(partition),
  };
}
