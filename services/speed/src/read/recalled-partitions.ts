/** Partitions that are given archived entries before those of the log, and how far each has come. */
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { Heartbeat } from '@tributary/model/partition-record';
import type { ArchivedEntries } from './archived-entries.ts';
import type { AppliedRules } from './archived-pieces.ts';
import type { Failures } from './failures.ts';
import { headUpTo } from './lines-apart.ts';

export interface RecalledPartitions {
  has(partition: number): boolean;
  /** From `after` on it is read from the archive, up to `start`, where the log begins. */
  begin(partition: number, start: Position, after: Position | null): void;
  forget(partition: number): void;
  /**
   * The next archived entries of one of these `partitions`, which comes next; null: none of them is recalled now. Nothing where the archive fails, or where
   * a partition has come as far as the log begins.
   */
  next(partitions: ReadonlyMap<number, unknown>, maxEntries: number): Promise<RecalledEntries | null>;
}

export interface RecalledEntries {
  readonly partition: number;
  readonly entries: readonly LogEntry[];
}

interface Recalled {
  /** Where the log begins: it gives the rest. */
  readonly start: Position;
  /** Where the entries that are left begin. */
  at: Position | null;
  left: readonly LogEntry[];
}

const NOTHING_BUT_A_POSITION = JSON.stringify({ receivedAt: 0 } satisfies Heartbeat);

export function createRecalledPartitions(
  log: Pick<EventLog, 'starts' | 'markLostTail' | 'partitions'>,
  archive: ArchivedEntries,
  failures: Failures,
  joinRules: (partition: number) => AppliedRules | null | undefined,
): RecalledPartitions {
  const recalled = new Map<number, Recalled>();
  /** A log that ends its entries elsewhere when they are read again may have begun within an archived one. */
  const mayBeginWithin = log.markLostTail === undefined;

  async function read(partition: number, own: Recalled, maxEntries: number): Promise<readonly LogEntry[]> {
    if (own.left.length === 0) {
      if (own.at !== null && own.at >= own.start) {
        recalled.delete(partition);
        return [];
      }
      const rules = joinRules(partition);
      if (rules === undefined) return [];
      const entries = await failures.unless(partition, async () => {
        const joining = rules === null ? null : { ...rules, start: own.start, partitions: log.partitions };
        const found = await archive.after(partition, own.at, joining);
        if (found === null) await demandNoGap(log, partition, own.at);
        return found;
      });
      if (entries === null) recalled.delete(partition);
      if (entries == null) return [];
      own.left = beforeStart(entries, own.start, mayBeginWithin);
    }
    const given = own.left.slice(0, maxEntries);
    own.left = own.left.slice(given.length);
    own.at = given.at(-1)?.position ?? own.at;
    return given;
  }

  return {
    has: (partition) => recalled.has(partition),
    begin: (partition, start, after) => void recalled.set(partition, { start, at: after, left: [] }),
    forget: (partition) => void recalled.delete(partition),
    async next(partitions, maxEntries) {
      const waiting = [...recalled].filter(([partition]) => partitions.has(partition) && !failures.rests(partition));
      // One partition a read: a segment may take 100 MB.
      const sound = waiting.filter(([partition]) => !failures.has(partition));
      // One that was begun goes on: what is read ahead is kept for few partitions.
      const next = sound.find(([, { at }]) => at !== null) ?? sound[0] ?? waiting[0];
      if (next === undefined) return null;
      return { partition: next[0], entries: await read(...next, maxEntries) };
    },
  };
}

/**
 * What of a segment lies before the beginning of the log. The rest is read there, with the events of other partitions that are to be
 * appended to their own: the archive does not give those, and it may have them before any worker has read them.
 */
function beforeStart(entries: readonly LogEntry[], start: Position, mayBeginWithin: boolean): readonly LogEntry[] {
  const next = entries.findIndex(({ position }) => position >= start);
  const last = entries[next];
  if (last === undefined || last.position === start) return next < 0 ? entries : entries.slice(0, next + 1);
  const before = entries.slice(0, next);
  const head = headUpTo(last, start);
  if (head !== null) return [...before, head];
  // An entry of a version that archived its lines under one position: what the log gives again of it counts once.
  const isAcross = mayBeginWithin && last.kind === 'events' && last.firstLine === undefined;
  const { partition, appendedMs } = last;
  const end = { partition, appendedMs, position: start };
  return [...before, isAcross ? { ...last, ...end } : { ...end, kind: 'heartbeat', body: NOTHING_BUT_A_POSITION }];
}

async function demandNoGap(log: Pick<EventLog, 'starts'>, partition: number, at: Position | null): Promise<void> {
  const start = (await log.starts())[partition] ?? null;
  if (start === null || (at !== null && at >= start)) return;
  throw new TributaryError(
    'position_expired',
    `the log of partition ${partition} begins after ${start}, the archive ends at ${at ?? 'nothing'}: what lay in between is gone`,
  );
}
