/** From the log into the spools: what follows the newest segment of each partition. */
import type { EventLog, LogEntry } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { roomIn, type SpoolLimits } from './due.ts';
import type { Hook } from './hooks.ts';
import type { LostTailMark } from './lost-tail.ts';
import { spoolsWithLostTail } from './one-history.ts';
import { fillSpool, type Spool } from './spool.ts';
import type { SpoolSet } from './spool-set.ts';

export interface ReadLimits extends SpoolLimits {
  /** Entries of one partition in one read. */
  readonly maxEntries: number;
  /** How long the first sealed partition waits for the others' barriers, ms. */
  readonly gatherMs: number;
}

/**
 * All partitions together, bytes: behind a backlog of imports `maxEntries` alone would be hundreds of megabytes. The first read of a log in Redis in which heavy
 * entries follow many light ones is bounded by `maxEntries` alone.
 */
export const READ_BYTES = 16 * 1024 * 1024;

export interface FillOptions {
  readonly log: EventLog;
  readonly spools: SpoolSet;
  readonly limits: ReadLimits;
  readonly markLostTail: LostTailMark;
  readonly now: () => number;
  readonly hook: Hook;
  /** Another archiver wrote the segment of this spool first. */
  readonly onOutrun: (spool: Spool) => void;
}

export interface Filler {
  /** One read of all spools that take more. True: it brought all that it may of a partition. */
  read(waitMs: number, signal: AbortSignal | undefined): Promise<boolean>;
  /** Barriers reach the partitions within moments of each other: partitions sealed together close together. */
  gather(signal: AbortSignal | undefined): Promise<void>;
}

export function createFiller({ log, spools, limits, markLostTail, now, hook, onOutrun }: FillOptions): Filler {
  async function read(waitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const open = spools.all().filter((spool) => spool.seals === null && !spool.lostTail);
    const after = new Map(open.map((spool) => [spool.partition, spool.upTo]));
    if (after.size === 0) return false;
    const entries = await unlessOutrun(signal, async () => {
      const { maxEntries } = limits;
      const found = await log.read(after, { maxEntries, maxBytes: READ_BYTES, waitMs, ...(signal && { signal }) });
      return following(found, signal);
    });
    const room = roomIn(spools.all(), limits);
    let isFull = false;
    for (const [partition, own] of Map.groupBy(entries, (entry) => entry.partition)) {
      isFull ||= own.length >= limits.maxEntries;
      const spool = spools.get(partition) as Spool;
      const rows = Math.min(limits.segmentRows, spool.rows + room);
      await fillSpool(spool, own, log.partitions, { rows, bytes: limits.segmentBytes }, now());
    }
    if (entries.length > 0) await hook('afterSpool');
    return isFull;
  }

  /** The entries found that follow what is spooled. Where the log lost what is spooled, the segment ends before them. */
  async function following(found: LogEntry[], signal: AbortSignal | undefined): Promise<LogEntry[]> {
    if (log.markLostTail === undefined) return found;
    const concerned = [...new Set(found.map(({ partition }) => partition))].map((partition) => spools.get(partition) as Spool);
    for (const spool of await spoolsWithLostTail(log, concerned, signal)) spool.lostTail = true;
    if (signal?.aborted) return [];
    for (const { partition, after, upTo } of concerned)
      if (after !== null && after === upTo) await markLostTail(partition, after, null);
    return found.filter(({ partition }) => !spools.get(partition)?.lostTail);
  }

  async function unlessOutrun(signal: AbortSignal | undefined, readLog: () => Promise<LogEntry[]>): Promise<LogEntry[]> {
    try {
      return await readLog();
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'position_expired')) throw error;
      // Another archiver may have archived and trimmed past us: then the manifests are ahead. Else there is a hole.
      const dropped = await spools.dropOutrun(signal);
      for (const spool of dropped) onOutrun(spool);
      if (dropped.length === 0) throw error;
      return [];
    }
  }

  return {
    read,
    async gather(signal) {
      const until = now() + limits.gatherMs;
      const sealed = () => spools.all().filter((spool) => spool.seals !== null).length;
      while (sealed() > 0 && sealed() < spools.all().length && now() < until && signal?.aborted !== true)
        await read(Math.min(50, Math.max(1, until - now())), signal);
    },
  };
}
