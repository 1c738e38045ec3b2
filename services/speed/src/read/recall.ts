/**
 * A log that remembers what it dropped: a reader from before its beginning is given the archived entries first, at their
 * positions, and then goes on with the log. So a worker whose state was lost, or put back to an older one, rebuilds it by
 * the very code that built it.
 *
 * A partition that the archive cannot give (a damaged file, a gap between archive and log), or in which entries are missing that were
 * read before, gets no entries, rather than some of them: that is reported, it is tried again later, and the others are read on. What is
 * not archived after a while is a hole (holes.ts).
 */
import type { EventLog, LogEntry, Position, ReadLimits } from '@tributary/log/port';
import type { ArchivedEntries } from './archived-entries.ts';
import type { AppliedRules } from './archived-pieces.ts';
import { createFailures, type FailuresOptions } from './failures.ts';
import { createHoles, type HolesOptions } from './holes.ts';
import { isExpired } from './read-ahead.ts';
import { createRecalledPartitions } from './recalled-partitions.ts';

export interface RecallOptions extends FailuresOptions, HolesOptions {
  /** Called when a partition begins to be read from the archive. */
  readonly onRecall?: (partition: number, after: Position | null) => void;
  /** By which the records of a partition may be joined as it stands; null: not at all, undefined: its reader has gone, and may come back. */
  readonly joinRules?: (partition: number) => AppliedRules | null | undefined;
}

export function recallingLog(log: EventLog, archive: ArchivedEntries, options: RecallOptions = {}): EventLog {
  /** Where each partition was left by the last read: another position is a reader that was moved. */
  const reached = new Map<number, Position | null>();
  const failures = createFailures(options);
  const recalled = createRecalledPartitions(log, archive, failures, options.joinRules ?? (() => null));
  const holes = createHoles(options);

  /** A reader that was moved may stand before the log's beginning, or before a tail that the log lost. */
  async function findMoved(after: ReadonlyMap<number, Position | null>): Promise<void> {
    const moved = new Map(
      [...after].filter(([partition, position]) => reached.get(partition) !== position && !failures.rests(partition)),
    );
    if (moved.size === 0) return;
    for (const [partition, position] of moved) {
      const archived = await failures.unless(partition, () => archive.upTo(partition));
      if (archived === undefined) moved.delete(partition);
      else if (archived !== null && archived > (position ?? '')) await log.markLostTail?.(partition, archived);
    }
    const starts = await log.starts();
    for (const [partition, position] of moved) {
      recalled.forget(partition);
      reached.set(partition, position);
      const start = starts[partition] ?? null;
      if (start === null || (position !== null && position >= start)) continue;
      recalled.begin(partition, start, position);
      options.onRecall?.(partition, position);
    }
  }

  async function readLog(after: Map<number, Position | null>, limits: ReadLimits): Promise<LogEntry[]> {
    try {
      return await log.read(after, limits);
    } catch (error) {
      // Trimmed past a reader that stood still: the next read asks whether the archive has it.
      if (isExpired(error)) reached.clear();
      throw error;
    }
  }

  /**
   * A read from the beginning never expires: what the log dropped since its start was asked for, it passes over. Only its start,
   * asked for again after the read, shows it. A partition that no longer has its beginning gets nothing: the next read goes to the archive.
   */
  async function fromTheFirst(after: ReadonlyMap<number, Position | null>, entries: LogEntry[]): Promise<LogEntry[]> {
    const fromStart = [...after].filter(([, position]) => position === null).map(([partition]) => partition);
    if (fromStart.length === 0) return entries;
    const starts = await log.starts();
    const trimmed = new Set(fromStart.filter((partition) => (starts[partition] ?? null) !== null));
    for (const partition of trimmed) reached.delete(partition);
    return entries.filter(({ partition }) => !trimmed.has(partition));
  }

  /**
   * Without the partitions in which entries are missing that were read before: the archiver may be about to archive them. A log
   * that never goes on without its tail reports a hole itself, and may end its entries elsewhere when they are read again.
   */
  function withoutHoles(after: ReadonlyMap<number, Position | null>, found: LogEntry[]): LogEntry[] {
    if (log.markLostTail === undefined) return found;
    const entries: LogEntry[] = [];
    for (const [partition, own] of Map.groupBy(found, (entry) => entry.partition)) {
      const { given, missing } = holes.pass(partition, after.get(partition) ?? null, own);
      entries.push(...given);
      if (missing === null) continue;
      // The next read asks the archive.
      reached.delete(partition);
      failures.failed(partition, missing);
    }
    return entries;
  }

  return {
    ...log,
    async close() {
      await archive.close?.();
      await log.close();
    },
    async read(after, limits) {
      await findMoved(after);
      const archived = await recalled.next(after, limits.maxEntries);
      const entries: LogEntry[] = [...(archived?.entries ?? [])];
      const live = new Map([...after].filter(([partition]) => !recalled.has(partition) && !failures.has(partition)));
      // Those that keep up do not wait for those that are rebuilt. The log is read for no partition at all too: it waits.
      if (live.size > 0 || archived === null || failures.has(archived.partition)) {
        const found = await readLog(live, entries.length === 0 ? limits : { ...limits, waitMs: 0 });
        entries.push(...withoutHoles(live, await fromTheFirst(live, found)));
      }
      for (const { partition, position } of entries) reached.set(partition, position);
      return entries;
    },
  };
}
