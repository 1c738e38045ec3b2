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
import type { SharedArchive } from '@tributary/archive/changes/shared-archive';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { SegmentManifest } from '@tributary/archive/layout';
import { ARCHIVER_SETTINGS } from '@tributary/configuration/roles/archiver';
import type { EventLog, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { ArchiveClaims } from '@tributary/runtime/event-log/own-archive';
import { closeSegments } from './close-segments.ts';
import { COPY_LIMITS, type CopyLimits } from './copy-plan.ts';
import { dueSpools } from './due.ts';
import { createFiller, type ReadLimits } from './fill.ts';
import type { Hook } from './hooks.ts';
import { createLostTailMark, type OnLostTail } from './lost-tail.ts';
import { demandPredecessor, readableUpTo } from './one-history.ts';
import { createOwnArchive } from './own-archive.ts';
import type { Spool } from './spool.ts';
import { createSpoolSet } from './spool-set.ts';
import { stagingFolder } from './sweep.ts';
import { createTrimmer } from './trim.ts';

export interface ArchiverLimits extends ReadLimits {
  /** How long a read waits for entries, ms. */
  readonly waitMs: number;
}

export const DEFAULT_LIMITS: ArchiverLimits = {
  // What follows light entries may be heavy, all of it: with 16 partitions and entries of 64 KiB this is 67 MB at once.
  maxEntries: 64,
  segmentRows: 250_000,
  segmentBytes: 64 * 1024 * 1024,
  spoolRows: ARCHIVER_SETTINGS.spoolRows.default,
  spoolBytes: ARCHIVER_SETTINGS.spoolBytes.default,
  // Longer than the time between two generations by default: normally the barrier ends a segment.
  maxAgeMs: ARCHIVER_SETTINGS.segmentMaxAgeMs.default,
  waitMs: 500,
  gatherMs: 250,
};

export interface ArchiverOptions {
  readonly log: EventLog;
  readonly dataDir: string;
  /** Where it stands which archive this log is archived in. */
  readonly claims: ArchiveClaims;
  /** Hexadecimal; names this archiver process, never used again by another one. */
  readonly writer: string;
  readonly openSession: () => Promise<DuckDb>;
  readonly limits: ArchiverLimits;
  readonly copyLimits?: CopyLimits;
  readonly now: () => number;
  /** The partitions that are this archiver's at the moment; null while it is not known: what is spooled stays. Without it, all. */
  readonly assigned?: () => ReadonlySet<number> | null;
  /** How far the speed layer has durably read a partition of this very log; null: nothing may be trimmed. */
  readonly speedPosition: (partition: number) => Promise<Position | null>;
  /** How long an entry stays in the log once both layers have it, ms; 0 by default. */
  readonly trimDelayMs?: number;
  readonly onSegment?: (segment: SegmentManifest) => void;
  /** Another archiver wrote the segment first. `lostRows`: spooled here, no longer in the log, and perhaps not in that segment. */
  readonly onFenced?: (partition: number, number: number, lostRows: number) => void;
  readonly onLostTail?: OnLostTail;
  readonly hook?: Hook;
  /** Where the archive lies in an object store, of which the folder has a copy. */
  readonly shared?: SharedArchive;
}

export interface Archiver {
  /**
   * One iteration: reads once, spools, closes what is due. After it threw, the next one starts again from the manifests, but for what the log lost. True: the log
   * may have more of a partition than one read brings.
   */
  turn(signal?: AbortSignal): Promise<boolean>;
  /** Partitions with entries that are spooled but not archived, and since when. */
  spools(): readonly Readonly<Spool>[];
}

export function createArchiver(options: ArchiverOptions): Archiver {
  const { log, dataDir, limits, now, writer, openSession, copyLimits = COPY_LIMITS, hook = () => {}, shared } = options;
  const inStore = shared !== undefined && { shared };
  const folder = stagingFolder(dataDir, writer);
  const own = createOwnArchive(dataDir, log, options.claims, undefined, shared);
  const trimmer = createTrimmer(log, {
    speedPosition: options.speedPosition,
    async readableUpTo(partition) {
      await shared?.demandWhole(partition);
      return readableUpTo(dataDir, partition);
    },
    now,
    ...(options.trimDelayMs && { delayMs: options.trimDelayMs }),
  });
  const markLostTail = createLostTailMark(log, options.onLostTail);
  const spools = createSpoolSet({ log, dataDir, folder, trimmer, markLostTail, own, ...inStore });
  const filler = createFiller({ log, spools, limits, markLostTail, now, hook, onOutrun: reportFenced });
  const all = new Set(Array.from({ length: log.partitions }, (_, partition) => partition));
  const assigned = options.assigned ?? (() => all);

  /** An iteration failed halfway, and what it did is not known. */
  let inDoubt = false;
  /** Partitions whose segment could not be written, and its end: tried again at once, not when they are due again. */
  const owed = new Map<number, Position>();

  function reportFenced({ partition, number, lostTail, rows }: Spool): void {
    options.onFenced?.(partition, number, lostTail ? rows : 0);
  }

  async function close(closing: readonly Spool[], signal: AbortSignal | undefined): Promise<void> {
    for (const { partition, number, after } of closing) await demandPredecessor(dataDir, partition, number, after);
    await own.claim();
    const settings = { dataDir, folder, writer, openSession, copyLimits, logIdentity: log.identity, hook, ...inStore };
    const closed = await closeSegments(closing, { ...settings, ...(signal && { signal }) });
    for (const { spool, segment } of closed) {
      await spools.drop(spool);
      if (segment === null) reportFenced(spool);
      else {
        spools.next(spool, segment);
        options.onSegment?.(segment);
      }
    }
    // Before anything follows what the log lost: a reader that stands before it would read over it.
    for (const { segment } of closed) if (segment !== null) await markLostTail(segment.partition, segment.upTo, null);
  }

  const owes = ({ partition }: Spool, position: Position | null) => (position ?? '') < (owed.get(partition) ?? '');

  /** All that is owed, as far as the bounds go: a part of it, written, would pass for the whole, and the rest wait until it is due. */
  async function readOwed(signal: AbortSignal | undefined): Promise<void> {
    for (const spool of spools.all()) if (!owes(spool, spool.after)) owed.delete(spool.partition);
    const places = () => {
      const due = new Set(dueSpools(spools.all(), limits, now()));
      const behind = spools.all().filter((spool) => owes(spool, spool.upTo) && !due.has(spool));
      return behind.map(({ partition, upTo }) => `${partition} ${upTo}`).join();
    };
    let before = '';
    for (let left = places(); left !== '' && left !== before && signal?.aborted !== true; left = places()) {
      before = left;
      await filler.read(limits.waitMs, signal);
    }
  }

  return {
    async turn(signal) {
      const ours = assigned();
      if (ours === null) return false;
      let hasMore = false;
      try {
        if (inDoubt) await spools.startAgain(signal);
        inDoubt = false;
        await spools.follow(ours, signal);
        hasMore = await filler.read(limits.waitMs, signal);
        await readOwed(signal);
        await filler.gather(signal);
        const due = new Set(dueSpools(spools.all(), limits, now()));
        const closing = spools
          .all()
          .filter((spool) => due.has(spool) || (owed.has(spool.partition) && spool.upTo !== spool.after));
        if (closing.length > 0) {
          for (const spool of closing) if (!owes(spool, spool.upTo)) owed.set(spool.partition, spool.upTo ?? '');
          await close(closing, signal);
          for (const spool of closing) if (!owes(spool, spool.upTo)) owed.delete(spool.partition);
        }
      } catch (error) {
        // A reader that could not reach the log still has its spools as they were.
        if (!(error instanceof TributaryError && error.code === 'log_unavailable')) inDoubt = true;
        throw error;
      }
      await trimmer.trim();
      return hasMore;
    },
    spools: spools.all,
  };
}
