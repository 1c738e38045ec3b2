/**
 * Reads the log one batch ahead while the worker catches up: while a batch is applied and committed, the next is on its way.
 * Redis would otherwise answer the read only after the commits queued before it, and the worker would stand still meanwhile.
 * What was read is taken some partitions at a time, each with all that was read of it, so that commits are as large as reads.
 * A worker that keeps up does not read ahead: what is read early waits longest, and there latency is all that counts.
 */
import type { EventLog, LogEntry } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';

export interface ReadAhead {
  /** The next entries of all partitions sought; empty after the wait, `waitMs` instead of that of the limits. Behind, it starts the read after them. */
  take(signal?: AbortSignal, waitMs?: number): Promise<LogEntry[]>;
  /** Whether there is more to take, or on its way: the worker is behind. */
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
  /** Whether there was more to read. */
  readonly hasMore: boolean;
}

export interface ReadAheadLimits {
  /** Log entries of one partition in one batch. */
  readonly maxEntries: number;
  /** Bytes of log entries read at once, over all partitions; one such read is held as it is, and three takes of it decoded: committed, applied and ahead. */
  readonly maxBytes: number;
  /**
   * Bytes of entries that are taken of a read at once, but for the last partition, which gives all that was read of it. What was decoded has to die young:
   * what the garbage collector moves to the old generation costs it most.
   */
  readonly takenBytes: number;
  /** How long an idle read waits, ms. */
  readonly waitMs: number;
}

class FailedRead extends Error {
  readonly asked: ReadonlyMap<number, Cursor>;

  constructor(asked: ReadonlyMap<number, Cursor>, cause: unknown) {
    super('a read of the log failed', { cause });
    this.asked = asked;
  }
}

/** `dropOvertaken`: drops the partitions in which another worker has gone on past the cursor. */
export function createReadAhead(log: EventLog, limits: ReadAheadLimits, dropOvertaken: () => Promise<void>): ReadAhead {
  const cursors = new Map<number, Cursor>();
  let ahead: Promise<Ahead> | undefined;
  /** What was read and not taken yet. */
  let rest: Ahead | undefined;

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
    return { entries, reached, hasMore: isBehind(entries, limits.maxEntries, limits.maxBytes / cursors.size) };
  }

  /**
   * The log may have been trimmed past a cursor that has moved meanwhile, or of a partition that others have read on: no hole.
   * If there is one all the same, the next read finds it.
   */
  async function nothingWhereStale(error: unknown): Promise<Ahead> {
    if (!(error instanceof FailedRead)) throw error;
    if (!isExpired(error.cause)) throw error.cause;
    await dropOvertaken();
    const isStale = [...error.asked].some(([partition, cursor]) => cursors.get(partition) !== cursor);
    if (!isStale) throw error.cause;
    return { entries: [], reached: new Map(), hasMore: false };
  }

  function nextRead(signal: AbortSignal | undefined, waitMs: number | undefined): Promise<Ahead> {
    const current = ahead ?? read(signal, waitMs);
    ahead = undefined;
    return current.catch(nothingWhereStale);
  }

  return {
    async take(signal, waitMs) {
      const { entries, reached, hasMore } = rest ?? (await nextRead(signal, waitMs));
      rest = undefined;
      const fresh = entries.filter(
        ({ partition }) => reached.has(partition) && cursors.get(partition) === reached.get(partition),
      );
      const taken = takenOf(fresh, limits.takenBytes);
      if (taken < fresh.length) rest = { entries: fresh.slice(taken), reached, hasMore };
      else if (hasMore && !signal?.aborted) {
        ahead = read(signal);
        ahead.catch(() => {}); // reported by the take that awaits it
      }
      return fresh.slice(0, taken);
    },
    isAhead: () => ahead !== undefined || rest !== undefined,
    seek(partition, position) {
      cursors.set(partition, { after: position });
    },
    drop(partition) {
      cursors.delete(partition);
    },
  };
}

/** How many entries are taken: all of a partition or none, as what is left of one behind a barrier, say, is read again. */
function takenOf(entries: readonly LogEntry[], mostBytes: number): number {
  let bytes = 0;
  for (const [i, { partition, body }] of entries.entries()) {
    if (bytes >= mostBytes && partition !== entries[i - 1]?.partition) return i;
    bytes += body.length;
  }
  return entries.length;
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
