/**
 * A log that remembers what it dropped: a reader from before its beginning is given the archived entries first, at their
 * positions, and then goes on with the log. So a worker whose state was lost, or put back to an older one, rebuilds it by
 * the very code that built it.
 *
 * A partition that the archive cannot give (a damaged file, a gap between archive and log), or in which entries are missing that were
 * read before, gets no entries, rather than some of them: it is told, tried again later, and the others are read on. What nobody has
 * archived after a while is a hole: the state tells of it from then on, and no reader goes back to it, as effects are not undone.
 */
import type { EventLog, LogEntry, Position, ReadLimits } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { Heartbeat } from '@tributary/model/partition-record';
import type { ArchivedEntries } from './archived-entries.ts';
import type { ReadEntry } from './decode.ts';
import { createFailures, type FailuresOptions } from './failures.ts';
import { isExpired } from './read-ahead.ts';
import { createSeenPositions } from './seen-positions.ts';

export interface RecallOptions extends FailuresOptions {
  /** Told when a partition begins to be read from the archive. */
  readonly onRecall?: (partition: number, after: Position | null) => void;
  /** Told when entries from `position` on, which were read before, are read over: neither log nor archive has them. */
  readonly onHole?: (partition: number, position: Position) => void;
}

interface Recalled {
  /** Where the entries that are left begin. */
  at: Position | null;
  left: readonly LogEntry[];
}

/** The archiver asks for what it read at its next read, and a segment takes seconds. What it archives later only generations count. */
const MISSING_WAIT_MS = 60_000;

export function recallingLog(log: EventLog, archive: ArchivedEntries, options: RecallOptions = {}): EventLog {
  const recalled = new Map<number, Recalled>();
  /** Where each partition was left by the last read: another position is a reader that was moved. */
  const reached = new Map<number, Position | null>();
  const failures = createFailures(options);
  const seen = createSeenPositions();
  /** Since when entries are missing that were read before, ms. */
  const missingSinceMs = new Map<number, number>();
  /** Where the newest hole of a partition begins: told again to whoever reads over it again, as a commit may fail. */
  const holes = new Map<number, Position>();

  /** A reader that was moved may stand before the log's beginning, or before a tail that the log lost. */
  async function look(after: ReadonlyMap<number, Position | null>): Promise<void> {
    const moved = new Map(
      [...after].filter(([partition, position]) => reached.get(partition) !== position && !failures.rests(partition)),
    );
    if (moved.size === 0) return;
    for (const [partition, position] of moved) {
      const archived = await failures.unless(partition, () => archive.upTo(partition));
      if (archived === undefined) moved.delete(partition);
      else if (archived !== null && archived > (position ?? '')) await log.mend?.(partition, archived);
    }
    const starts = await log.starts();
    for (const [partition, position] of moved) {
      recalled.delete(partition);
      reached.set(partition, position);
      const start = starts[partition] ?? null;
      if (start === null || (position !== null && position >= start)) continue;
      recalled.set(partition, { at: position, left: [] });
      options.onRecall?.(partition, position);
    }
  }

  async function recall(partition: number, own: Recalled, maxEntries: number): Promise<LogEntry[]> {
    if (own.left.length === 0) {
      const entries = await failures.unless(partition, async () => {
        const found = await archive.after(partition, own.at);
        if (found === null) await demandNoGap(partition, own.at);
        return found;
      });
      if (entries === null) recalled.delete(partition);
      if (entries == null) return [];
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

  /**
   * Without the partitions in which entries are missing that were read before: the archiver may be about to archive them. A log
   * that never goes on without its tail tells of a hole itself, and may end its entries elsewhere when they are read again.
   */
  function withoutHoles(after: ReadonlyMap<number, Position | null>, found: LogEntry[]): LogEntry[] {
    if (log.mend === undefined) return found;
    const entries: LogEntry[] = [];
    for (const [partition, own] of Map.groupBy(found, (entry) => entry.partition)) {
      const missing = seen.missing(partition, after.get(partition) ?? null, own);
      if (missing === null || hasWaitedFor(partition)) {
        missingSinceMs.delete(partition);
        seen.note(partition, own);
        if (missing !== null) {
          holes.set(partition, missing);
          options.onHole?.(partition, missing);
        }
        entries.push(...withHole(own, after.get(partition) ?? null, holes.get(partition)));
        continue;
      }
      // The next look asks the archive.
      reached.delete(partition);
      failures.failed(partition, lost(partition, missing));
    }
    return entries;
  }

  /** Whoever had what is missing has had the time to archive it: it is gone. */
  function hasWaitedFor(partition: number): boolean {
    const nowMs = options.now?.() ?? 0;
    const sinceMs = missingSinceMs.get(partition) ?? nowMs;
    missingSinceMs.set(partition, sinceMs);
    if (nowMs - sinceMs < MISSING_WAIT_MS) return false;
    seen.forget(partition);
    return true;
  }

  return {
    ...log,
    async read(after, limits) {
      await look(after);
      const entries: LogEntry[] = [];
      const waiting = [...recalled].filter(([partition]) => after.has(partition) && !failures.rests(partition));
      // One partition a read: a segment may take 100 MB.
      const turn = waiting.find(([partition]) => !failures.has(partition)) ?? waiting[0];
      if (turn !== undefined) entries.push(...(await recall(...turn, limits.maxEntries)));
      const live = new Map([...after].filter(([partition]) => !recalled.has(partition) && !failures.has(partition)));
      // Those that keep up do not wait for those that are rebuilt. Of no partition at all the log is read too: it waits.
      if (live.size > 0 || turn === undefined || failures.has(turn[0])) {
        const found = await readLog(live, entries.length === 0 ? limits : { ...limits, waitMs: 0 });
        entries.push(...withoutHoles(live, await fromTheFirst(live, found)));
      }
      for (const { partition, position } of entries) reached.set(partition, position);
      return entries;
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
