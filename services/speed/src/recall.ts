/**
 * A log that remembers what it dropped: a reader from before its beginning is given the archived entries first, at their
 * positions, and then goes on with the log. So a worker whose state was lost, or put back to an older one, rebuilds it by
 * the very code that built it. Where archive and log leave a gap between them, reading ends with `position_expired`.
 */
import type { EventLog, LogEntry, Position, ReadLimits } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { ArchivedEntries } from './archived-entries.ts';
import { isExpired } from './read-ahead.ts';

/** Told when a partition begins to be read from the archive. */
export type OnRecall = (partition: number, after: Position | null) => void;

/** One partition at a time: a segment may take 100 MB of memory. */
interface Recalled {
  /** Where the entries that are left begin. */
  at: Position | null;
  left: readonly LogEntry[];
}

export function recallingLog(log: EventLog, archive: ArchivedEntries, onRecall: OnRecall = () => {}): EventLog {
  const recalled = new Map<number, Recalled>();
  /** Where each partition was left by the last read: another position is a reader that was moved. */
  const reached = new Map<number, Position | null>();

  /** A reader that was moved may stand before the log's beginning, or before a tail that the log lost. */
  async function look(after: ReadonlyMap<number, Position | null>): Promise<void> {
    const moved = [...after].filter(([partition, position]) => !reached.has(partition) || reached.get(partition) !== position);
    if (moved.length === 0) return;
    for (const [partition, position] of moved) {
      const archived = await archive.upTo(partition);
      if (archived !== null && archived > (position ?? '')) await log.mend?.(partition, archived);
    }
    const starts = await log.starts();
    for (const [partition, position] of moved) {
      recalled.delete(partition);
      reached.set(partition, position);
      const start = starts[partition] ?? null;
      if (start === null || (position !== null && position >= start)) continue;
      recalled.set(partition, { at: position, left: [] });
      onRecall(partition, position);
    }
  }

  async function recall(partition: number, own: Recalled, maxEntries: number): Promise<LogEntry[]> {
    if (own.left.length === 0) {
      const entries = await archive.after(partition, own.at);
      if (entries === null) {
        await demandNoGap(partition, own.at);
        recalled.delete(partition);
        return [];
      }
      own.left = entries;
    }
    const given = own.left.slice(0, maxEntries);
    own.left = own.left.slice(given.length);
    own.at = given.at(-1)?.position ?? own.at;
    return given;
  }

  async function demandNoGap(partition: number, at: Position | null): Promise<void> {
    const start = (await log.starts())[partition] ?? null;
    if (start === null || (at !== null && at >= start)) return;
    throw new TributaryError(
      'position_expired',
      `the log of partition ${partition} begins after ${start}, the archive ends at ${at ?? 'nothing'}: what lay in between is gone`,
    );
  }

  async function readLog(after: Map<number, Position | null>, limits: ReadLimits): Promise<LogEntry[]> {
    try {
      return await log.read(after, limits);
    } catch (error) {
      // Trimmed past a reader that stood still: the next look tells whether the archive has it.
      if (isExpired(error)) reached.clear();
      throw error;
    }
  }

  /**
   * A read from the beginning never expires: what the log dropped since the look, it passes over. Only its start, asked for
   * after the read, can tell. Of a partition that no longer has its beginning nothing is given: the next look goes to the archive.
   */
  async function fromTheFirst(after: ReadonlyMap<number, Position | null>, entries: LogEntry[]): Promise<LogEntry[]> {
    const fromStart = [...after].filter(([, position]) => position === null).map(([partition]) => partition);
    if (fromStart.length === 0) return entries;
    const starts = await log.starts();
    const trimmed = new Set(fromStart.filter((partition) => (starts[partition] ?? null) !== null));
    for (const partition of trimmed) reached.delete(partition);
    return entries.filter(({ partition }) => !trimmed.has(partition));
  }

  return {
    ...log,
    async read(after, limits) {
      await look(after);
      const entries: LogEntry[] = [];
      const [turn] = [...recalled].filter(([partition]) => after.has(partition));
      if (turn !== undefined) entries.push(...(await recall(...turn, limits.maxEntries)));
      const live = new Map([...after].filter(([partition]) => !recalled.has(partition)));
      // Those that keep up do not wait for those that are rebuilt. Of no partition at all the log is read too: it waits.
      if (live.size > 0 || turn === undefined)
        entries.push(
          ...(await fromTheFirst(live, await readLog(live, entries.length === 0 ? limits : { ...limits, waitMs: 0 }))),
        );
      for (const { partition, position } of entries) reached.set(partition, position);
      return entries;
    },
  };
}
