/**
 * Reads the log one batch ahead while the worker catches up: while a batch is applied and committed, the next is on its way.
 * Redis would otherwise answer the read only after the commits queued before it, and the worker would stand still meanwhile.
 * A worker that keeps up does not read ahead: what is read early waits longest, and there latency is all that counts.
 */
import type { EventLog, LogEntry } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';

export interface ReadAhead {
  /** The next entries of all partitions sought; empty after the wait, `waitMs` instead of that of the limits. Behind, it starts the read after them. */
  take(signal?: AbortSignal, waitMs?: number): Promise<LogEntry[]>;
  /** Whether a read is on its way: the worker is behind. */
  isAhead(): boolean;
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

class FailedRead extends Error {
  readonly asked: ReadonlyMap<number, Cursor>;

  constructor(asked: ReadonlyMap<number, Cursor>, cause: unknown) {
    super('a read of the log failed', { cause });
    this.asked = asked;
  }
}

/** `dropOvertaken`: drops the partitions in which another worker has gone on past the cursor. */
export function createReadAhead(
  log: EventLog,
  limits: { readonly maxEntries: number; readonly maxBytes: number; readonly waitMs: number },
  dropOvertaken: () => Promise<void>,
): ReadAhead {
  const cursors = new Map<number, Cursor>();
  let ahead: Promise<Ahead> | undefined;

  async function read(signal: AbortSignal | undefined, waitMs = limits.waitMs): Promise<Ahead> {
    const asked = new Map(cursors);
    const after = new Map([...asked].map(([partition, cursor]) => [partition, cursor.after]));
    let entries: LogEntry[];
    try {
      entries = await log.read(after, { ...limits, waitMs, ...(signal ? { signal } : {}) });
    } catch (error) {
      throw new FailedRead(asked, error);
    }
    const reached = new Map<number, Cursor>();
    for (const { partition, position } of entries)
      if (cursors.get(partition) === asked.get(partition)) reached.set(partition, { after: position });
    for (const [partition, cursor] of reached) cursors.set(partition, cursor);
    return { entries, reached };
  }

  /**
   * The log may have been trimmed past a cursor that has moved meanwhile, or of a partition that others have read on: no hole.
   * If there is one all the same, the next read finds it.
   */
  async function ofThePast(error: unknown): Promise<Ahead> {
    if (!(error instanceof FailedRead)) throw error;
    if (!isExpired(error.cause)) throw error.cause;
    await dropOvertaken();
    const isStale = [...error.asked].some(([partition, cursor]) => cursors.get(partition) !== cursor);
    if (!isStale) throw error.cause;
    return { entries: [], reached: new Map() };
  }

  return {
    async take(signal, waitMs) {
      const current = ahead ?? read(signal, waitMs);
      ahead = undefined;
      const { entries, reached } = await current.catch(ofThePast);
      const fresh = entries.filter(
        ({ partition }) => reached.has(partition) && cursors.get(partition) === reached.get(partition),
      );
      if (isBehind(fresh, limits.maxEntries, limits.maxBytes / cursors.size) && !signal?.aborted) {
        ahead = read(signal);
        ahead.catch(() => {}); // reported by the take that awaits it
      }
      return fresh;
    },
    isAhead: () => ahead !== undefined,
    seek(partition, position) {
      cursors.set(partition, { after: position });
    },
    drop(partition) {
      cursors.delete(partition);
    },
  };
}

/** A partition gave as many entries as were asked for, or nearly as many bytes: there are more. */
function isBehind(entries: readonly LogEntry[], maxEntries: number, maxBytes: number): boolean {
  const counts = new Map<number, number>();
  const bytes = new Map<number, number>();
  for (const { partition, body } of entries) {
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
    bytes.set(partition, (bytes.get(partition) ?? 0) + body.length);
  }
  return [...counts].some(([partition, count]) => count >= maxEntries || (bytes.get(partition) as number) >= maxBytes / 2);
}

/** The log was trimmed past the position of a partition that was read. */
export function isExpired(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'position_expired';
}
