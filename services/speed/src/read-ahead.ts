/**
 * Reads the log one batch ahead while the worker catches up: while a batch is applied and committed, the next is on its way.
 * Redis would otherwise answer the read only after the commits queued before it, and the worker would stand still meanwhile.
 * A worker that keeps up does not read ahead: what is read early waits longest, and there latency is all that counts.
 */
import type { EventLog, LogEntry } from '@tributary/log/port';

export interface ReadAhead {
  /** The next entries of all partitions sought; empty after the wait. Behind, it starts the read after them. */
  take(signal?: AbortSignal): Promise<LogEntry[]>;
  /** Continues a partition after `position`: what was read of it ahead is dropped. */
  seek(partition: number, position: string | null): void;
  /** Reads a partition no more. */
  drop(partition: number): void;
}

/** Replaced whenever a partition moves: entries read towards a cursor that is no longer the partition's are stale. */
interface Cursor {
  readonly after: string | null;
}

interface Ahead {
  readonly entries: readonly LogEntry[];
  /** Where the read left each partition that it found entries of. */
  readonly reached: ReadonlyMap<number, Cursor>;
}

export function createReadAhead(log: EventLog, limits: { readonly maxEntries: number; readonly waitMs: number }): ReadAhead {
  const cursors = new Map<number, Cursor>();
  let ahead: Promise<Ahead> | undefined;

  async function read(signal: AbortSignal | undefined): Promise<Ahead> {
    const asked = new Map(cursors);
    const after = new Map([...asked].map(([partition, cursor]) => [partition, cursor.after]));
    const entries = await log.read(after, { ...limits, ...(signal ? { signal } : {}) });
    const reached = new Map<number, Cursor>();
    for (const { partition, position } of entries)
      if (cursors.get(partition) === asked.get(partition)) reached.set(partition, { after: position });
    for (const [partition, cursor] of reached) cursors.set(partition, cursor);
    return { entries, reached };
  }

  return {
    async take(signal) {
      const current = ahead ?? read(signal);
      ahead = undefined;
      const { entries, reached } = await current;
      const fresh = entries.filter(
        ({ partition }) => reached.has(partition) && cursors.get(partition) === reached.get(partition),
      );
      if (isBehind(fresh, limits.maxEntries) && !signal?.aborted) {
        ahead = read(signal);
        ahead.catch(() => {}); // reported by the take that awaits it
      }
      return fresh;
    },
    seek(partition, position) {
      cursors.set(partition, { after: position });
    },
    drop(partition) {
      cursors.delete(partition);
    },
  };
}

/** A partition gave as many entries as were asked for: there are more. */
function isBehind(entries: readonly LogEntry[], maxEntries: number): boolean {
  const counts = new Map<number, number>();
  for (const { partition } of entries) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return [...counts.values()].some((count) => count >= maxEntries);
}
