/**
 * The archiver, as the data flows:
 *
 *   log entries after the last segment ─▶ decode ─▶ spool, per partition ─▶ Parquet by day ─▶ segment manifest ─▶ trim the log
 *
 * Its position is the newest segment manifest; everything else can be lost, as long as the log has it. So a partition changes its archiver at any moment:
 * the old one drops its spool, the new one reads on after the newest manifest, and if both write, the first counts. What the log no longer has
 * is archived first, whosever the partition is. A segment ends at the first barrier of a new
 * generation, or when the spools outgrow their bounds: then all close together, which costs few COPYs instead of many.
 */
import type { DuckDb } from '@tributary/archive/duckdb';
import { makeFolder } from '@tributary/archive/durable';
import type { SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, demandSameLog, lastSegmentNumber } from '@tributary/archive/segments';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { closeSegments } from './close-segments.ts';
import type { Hook } from './hooks.ts';
import { demandContinuity, demandPredecessor, hasLostTail, readableUpTo, spoolsWithLostTail } from './one-history.ts';
import { COPY_LIMITS, type CopyLimits } from './plan.ts';
import { cutToSpooled, fillSpool, openSpool, removeSpoolFiles, type Spool } from './spool.ts';
import { stagingFolder } from './sweep.ts';
import { createTrimmer } from './trim.ts';

export interface ArchiverLimits {
  /** Entries of one partition in one read. */
  readonly maxEntries: number;
  /** Rows, and bytes, of one segment: bounds what DuckDB must hold. */
  readonly segmentRows: number;
  readonly segmentBytes: number;
  /** Rows, and bytes, in all spools together: bounds what the log must keep for the archiver. */
  readonly spoolRows: number;
  readonly spoolBytes: number;
  /** An entry is archived after this long, also without a barrier, ms. */
  readonly maxAgeMs: number;
  /** How long a read waits for entries, ms. */
  readonly waitMs: number;
  /** How long the first sealed partition waits for the others' barriers, ms. */
  readonly gatherMs: number;
}

export const DEFAULT_LIMITS: ArchiverLimits = {
  maxEntries: 64,
  segmentRows: 250_000,
  segmentBytes: 64 * 1024 * 1024,
  spoolRows: 1_000_000,
  spoolBytes: 512 * 1024 * 1024,
  // Longer than the time between two generations by default: normally the barrier ends a segment.
  maxAgeMs: 20 * 60_000,
  waitMs: 500,
  gatherMs: 250,
};

export interface ArchiverOptions {
  readonly log: EventLog;
  readonly dataDir: string;
  /** Hexadecimal; names this archiver process, never used again by another one. */
  readonly writer: string;
  readonly openSession: () => Promise<DuckDb>;
  readonly limits: ArchiverLimits;
  readonly copyLimits?: CopyLimits;
  readonly now: () => number;
  /** The partitions that are this archiver's at the moment; null while nobody can say: what is spooled stays. Without it, all. */
  readonly assigned?: () => ReadonlySet<number> | null;
  /** How far the speed layer has durably read a partition of this very log; null: nothing may be trimmed. */
  readonly speedPosition: (partition: number) => Promise<Position | null>;
  /** How long an entry stays in the log once both layers have it, ms; 0 by default. */
  readonly trimDelayMs?: number;
  readonly onSegment?: (segment: SegmentManifest) => void;
  /** Another archiver wrote the segment first. `lostRows`: spooled here, no longer in the log, and perhaps not in that segment. */
  readonly onFenced?: (partition: number, number: number, lostRows: number) => void;
  /** The log no longer has an entry that is archived: it lost its tail, or was put back. `end`: of the log, where it was asked. */
  readonly onLostTail?: (partition: number, archived: Position, end: Position | null) => void;
  readonly hook?: Hook;
}

export interface Archiver {
  /** Reads once, spools, closes what is due. After it threw, the next turn starts again from the manifests, but for what the log lost. */
  turn(signal?: AbortSignal): Promise<void>;
  /** Partitions with entries that are spooled but not archived, and since when. */
  spools(): readonly Readonly<Spool>[];
}

export function createArchiver(options: ArchiverOptions): Archiver {
  const { log, dataDir, limits, now } = options;
  const hook: Hook = options.hook ?? (() => {});
  const folder = stagingFolder(dataDir, options.writer);
  const spools = new Map<number, Spool>();
  const trimmer = createTrimmer(log, {
    speedPosition: options.speedPosition,
    readableUpTo: (partition) => readableUpTo(dataDir, partition),
    now,
    ...(options.trimDelayMs && { delayMs: options.trimDelayMs }),
  });
  const all = new Set(Array.from({ length: log.partitions }, (_, partition) => partition));
  const assigned = options.assigned ?? (() => all);

  /** A turn failed halfway, and no one knows what it did: the log is read again, but for what it no longer has. */
  let inDoubt = false;

  /** Every partition of ours that has no spool gets an empty one after its newest segment; spools of others go. */
  async function followAssigned(ours: ReadonlySet<number>, signal: AbortSignal | undefined): Promise<void> {
    for (const spool of [...spools.values()])
      if (!ours.has(spool.partition) && !(await hasLostTail(log, spool, signal))) await giveUp(spool);
    const missing = [...ours].filter((partition) => !spools.has(partition));
    if (missing.length === 0) return;
    await makeFolder(folder);
    const [ends, starts] = [await log.ends(), await log.starts()];
    for (const partition of missing) {
      const { last, sealed } = await archivedUpTo(dataDir, partition);
      if (last !== null) demandSameLog(last, log.identity);
      if (last !== null) await mend(partition, last.upTo, ends[partition] ?? null);
      demandContinuity(dataDir, partition, last, starts[partition] ?? null);
      const spool = openSpool(folder, partition, (last?.number ?? -1) + 1, sealed, last?.upTo ?? null);
      await removeSpoolFiles(spool);
      spools.set(partition, spool);
      if (last !== null) trimmer.archived(partition, last.upTo);
    }
  }

  async function mend(partition: number, archived: Position, end: Position | null): Promise<void> {
    if (await log.mend?.(partition, archived)) options.onLostTail?.(partition, archived, end);
  }

  async function giveUp(spool: Spool): Promise<void> {
    trimmer.drop(spool.partition);
    await drop(spool);
  }

  async function drop(spool: Spool): Promise<void> {
    spools.delete(spool.partition);
    await removeSpoolFiles(spool);
  }

  async function startAgain(signal: AbortSignal | undefined): Promise<void> {
    await dropOutrun();
    for (const spool of [...spools.values()]) {
      const isLost = await hasLostTail(log, spool, signal);
      if (isLost && (await cutToSpooled(spool))) continue;
      await drop(spool);
      if (isLost)
        throw new Error(
          `partition ${spool.partition}: ${spool.rows} rows that the log no longer has are not whole in ${folder}: they are lost`,
        );
    }
    inDoubt = false;
  }

  async function read(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    const open = [...spools.values()].filter((spool) => spool.seals === null && !spool.lostTail);
    const after = new Map(open.map((spool) => [spool.partition, spool.upTo]));
    if (after.size === 0) return;
    const entries = await unlessOutrun(async () => {
      const found = await log.read(after, { maxEntries: limits.maxEntries, waitMs, ...(signal && { signal }) });
      return followOn(found, signal);
    });
    const room = Math.max(1, limits.spoolRows - sum(spools.values(), (spool) => spool.rows));
    for (const [partition, own] of Map.groupBy(entries, ({ partition }) => partition)) {
      const spool = spools.get(partition) as Spool;
      const rows = Math.min(limits.segmentRows, spool.rows + room);
      await fillSpool(spool, own, log.partitions, { rows, bytes: limits.segmentBytes }, now());
    }
    if (entries.length > 0) await hook('afterSpool');
  }

  /**
   * Of the entries found those that follow what is spooled. Where the log lost what is spooled, the segment ends before them: behind
   * it the log is mended, and readers that had not come so far find in the archive what the log no longer has.
   */
  async function followOn(found: LogEntry[], signal: AbortSignal | undefined): Promise<LogEntry[]> {
    if (log.mend === undefined) return found;
    const concerned = [...new Set(found.map(({ partition }) => partition))].map((partition) => spools.get(partition) as Spool);
    for (const spool of await spoolsWithLostTail(log, concerned, signal)) spool.lostTail = true;
    if (signal?.aborted) return [];
    for (const { partition, after, upTo } of concerned) if (after !== null && after === upTo) await mend(partition, after, null);
    return found.filter(({ partition }) => !spools.get(partition)?.lostTail);
  }

  async function unlessOutrun(read: () => Promise<LogEntry[]>): Promise<LogEntry[]> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'position_expired')) throw error;
      // Another archiver may have archived and trimmed past us: then the manifests are ahead. Else there is a hole.
      const dropped = await dropOutrun();
      for (const spool of dropped) tellFenced(spool);
      if (dropped.length === 0) throw error;
      return [];
    }
  }

  /** Drops spools whose segment is written, and returns them. */
  async function dropOutrun(): Promise<Spool[]> {
    const dropped: Spool[] = [];
    for (const spool of [...spools.values()]) {
      if ((await lastSegmentNumber(dataDir, spool.partition)) < spool.number) continue;
      await drop(spool);
      dropped.push(spool);
    }
    return dropped;
  }

  function tellFenced({ partition, number, lostTail, rows }: Spool): void {
    options.onFenced?.(partition, number, lostTail ? rows : 0);
  }

  /** Barriers reach the partitions within moments of each other: partitions sealed together close together. */
  async function gather(signal: AbortSignal | undefined): Promise<void> {
    const until = now() + limits.gatherMs;
    const sealed = () => [...spools.values()].filter((spool) => spool.seals !== null).length;
    while (sealed() > 0 && sealed() < spools.size && now() < until && signal?.aborted !== true)
      await read(Math.min(50, Math.max(1, until - now())), signal);
  }

  function due(): Spool[] {
    const filled = [...spools.values()].filter((spool) => spool.upTo !== spool.after);
    const outgrown =
      sum(filled, (spool) => spool.rows) >= limits.spoolRows ||
      sum(filled, (spool) => spool.bytes) >= limits.spoolBytes ||
      filled.some((spool) => spool.rows >= limits.segmentRows || spool.bytes >= limits.segmentBytes);
    const old = now() - limits.maxAgeMs;
    return filled.filter((spool) => outgrown || spool.seals !== null || spool.lostTail || (spool.openedAtMs ?? now()) <= old);
  }

  async function close(closing: readonly Spool[]): Promise<void> {
    for (const { partition, number, after } of closing) await demandPredecessor(dataDir, partition, number, after);
    const { writer, openSession } = options;
    const copyLimits = options.copyLimits ?? COPY_LIMITS;
    const closed = await closeSegments(closing, {
      dataDir,
      folder,
      writer,
      openSession,
      copyLimits,
      logIdentity: log.identity,
      hook,
    });
    for (const { spool, segment } of closed) {
      await drop(spool);
      if (segment === null) {
        tellFenced(spool);
        continue;
      }
      const sealed = segment.seals ?? spool.sealedBefore;
      spools.set(spool.partition, openSpool(folder, spool.partition, spool.number + 1, sealed, segment.upTo));
      trimmer.archived(spool.partition, segment.upTo);
      options.onSegment?.(segment);
    }
    // Before anything follows what the log lost: a reader that stands before it would read over it.
    for (const { segment } of closed) if (segment !== null) await mend(segment.partition, segment.upTo, null);
  }

  return {
    async turn(signal) {
      const ours = assigned();
      if (ours === null) return;
      try {
        if (inDoubt) await startAgain(signal);
        await followAssigned(ours, signal);
        await read(limits.waitMs, signal);
        await gather(signal);
        const closing = due();
        if (closing.length > 0) await close(closing);
      } catch (error) {
        // A reader that could not reach the log still has its spools as they were.
        if (!(error instanceof TributaryError && error.code === 'log_unavailable')) inDoubt = true;
        throw error;
      }
      await trimmer.trim();
    },
    spools: () => [...spools.values()],
  };
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
