/** The spools of the partitions that are this archiver's: opened after the newest segments, dropped where another archiver went on. */
import type { SharedArchive } from '@tributary/archive/changes/shared-archive';
import { makeFolder } from '@tributary/archive/durable';
import type { SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, demandSameLog, lastSegmentNumber } from '@tributary/archive/segments';
import type { EventLog } from '@tributary/log/port';
import type { LostTailMark } from './lost-tail.ts';
import { demandContinuity, hasLostTail } from './one-history.ts';
import type { OwnArchive } from './own-archive.ts';
import { cutToSpooled, openSpool, removeSpoolFiles, type Spool } from './spool.ts';
import type { Trimmer } from './trim.ts';

export interface SpoolSet {
  all(): Spool[];
  get(partition: number): Spool | undefined;
  /** Every partition of ours that has no spool gets an empty one after its newest segment; spools of others go. */
  follow(ours: ReadonlySet<number>, signal: AbortSignal | undefined): Promise<void>;
  /** After an iteration that failed halfway: the log is read again, but for what it no longer has. */
  startAgain(signal: AbortSignal | undefined): Promise<void>;
  /** Drops spools whose segment is written, and returns them. */
  dropOutrun(signal: AbortSignal | undefined): Promise<Spool[]>;
  drop(spool: Spool): Promise<void>;
  /** Opens the next one, after the segment of a spool that was dropped. */
  next(spool: Spool, segment: SegmentManifest): void;
}

export interface SpoolSetOptions {
  readonly log: EventLog;
  readonly dataDir: string;
  readonly folder: string;
  readonly trimmer: Trimmer;
  readonly markLostTail: LostTailMark;
  readonly own: OwnArchive;
  readonly shared?: SharedArchive;
}

export function createSpoolSet({ log, dataDir, folder, trimmer, markLostTail, own, shared }: SpoolSetOptions): SpoolSet {
  const spools = new Map<number, Spool>();

  async function drop(spool: Spool): Promise<void> {
    spools.delete(spool.partition);
    await removeSpoolFiles(spool);
  }

  async function open(partition: number, end: string | null, start: string | null): Promise<void> {
    const { last, sealed } = await archivedUpTo(dataDir, partition);
    if (last !== null) demandSameLog(last, log.identity);
    if (last !== null) await markLostTail(partition, last.upTo, end);
    demandContinuity(dataDir, partition, last, start);
    const spool = openSpool(folder, partition, (last?.number ?? -1) + 1, sealed, last?.upTo ?? null);
    await removeSpoolFiles(spool);
    spools.set(partition, spool);
    if (last !== null) trimmer.archived(partition, last.upTo);
  }

  async function dropOutrun(signal: AbortSignal | undefined): Promise<Spool[]> {
    await shared?.follow(signal);
    const dropped: Spool[] = [];
    for (const spool of [...spools.values()]) {
      if ((await lastSegmentNumber(dataDir, spool.partition)) < spool.number) continue;
      await drop(spool);
      dropped.push(spool);
    }
    return dropped;
  }

  return {
    drop,
    dropOutrun,
    all: () => [...spools.values()],
    get: (partition) => spools.get(partition),
    async follow(ours, signal) {
      for (const spool of [...spools.values()]) {
        if (ours.has(spool.partition) || (await hasLostTail(log, spool, signal))) continue;
        trimmer.drop(spool.partition);
        await drop(spool);
      }
      const missing = [...ours].filter((partition) => !spools.has(partition));
      if (missing.length === 0) return;
      await shared?.follow(signal);
      await own.demand();
      await makeFolder(folder);
      const [ends, starts] = [await log.ends(), await log.starts()];
      for (const partition of missing) await open(partition, ends[partition] ?? null, starts[partition] ?? null);
      // Before the next segment, which may be far.
      await own.claim();
    },
    async startAgain(signal) {
      await dropOutrun(signal);
      for (const spool of [...spools.values()]) {
        const isLost = await hasLostTail(log, spool, signal);
        if (isLost && (await cutToSpooled(spool))) continue;
        await drop(spool);
        if (isLost)
          throw new Error(
            `partition ${spool.partition}: ${spool.rows} rows that the log no longer has are not whole in ${folder}: they are lost`,
          );
      }
    },
    next({ partition, number, sealedBefore }, { seals, upTo }) {
      spools.set(partition, openSpool(folder, partition, number + 1, seals ?? sealedBefore, upTo));
      trimmer.archived(partition, upTo);
    },
  };
}
