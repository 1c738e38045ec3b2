/**
 * Whether the data folder holds the archive of this very log. A folder that is not mounted looks like the folder of a new
 * platform: to archive there, and to trim the log behind it, would take acknowledged events out of the archive (law 6).
 */
import { join } from 'node:path';
import type { SegmentManifest } from '@tributary/archive/layout';
import { archivedUpTo, lastSegmentNumber, readSegment } from '@tributary/archive/segments';
import type { EventLog, Position } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { type Spool, sizeOf } from './spool.ts';

/** Throws `history_mismatch` or `position_expired` unless the log still has everything after the newest segment. `start`: the newest position that the log dropped. */
export function demandContinuity(dataDir: string, partition: number, last: SegmentManifest | null, start: Position | null): void {
  if (start === null || (last !== null && last.upTo >= start)) return;
  // Without a segment the folder is most likely not the right one; with one that ends too early, entries are gone.
  const [code, archive] =
    last === null
      ? (['history_mismatch', 'has no segment of it'] as const)
      : (['position_expired', `ends at ${last.upTo}`] as const);
  throw new TributaryError(
    code,
    `the log of partition ${partition} begins after ${start}, the archive in ${dataDir} ${archive}: it is not the archive of this log, it lost files, or the log dropped entries by age before they were archived`,
  );
}

/** Throws `history_mismatch` unless the segment before `number` is in the folder and ends at `after`: a folder can be unmounted while we run. */
export async function demandPredecessor(
  dataDir: string,
  partition: number,
  number: number,
  after: Position | null,
): Promise<void> {
  if (number === 0) return;
  const last = await lastSegmentNumber(dataDir, partition);
  const before = last < number - 1 ? null : await readSegment(dataDir, partition, number - 1);
  if (before?.upTo === after) return;
  const found = before === null ? `its newest one is ${last}` : `that one ends at ${before.upTo}`;
  throw new TributaryError(
    'history_mismatch',
    `segment ${number} of partition ${partition} must follow segment ${number - 1}, which ended at ${after}; in ${dataDir} ${found}`,
  );
}

/** How far readers of the folder get by its manifests: what lies behind that may leave the log. Throws what makes it unreadable. */
export async function readableUpTo(dataDir: string, partition: number): Promise<Position | null> {
  const { last } = await archivedUpTo(dataDir, partition);
  if (last === null) return null;
  await demandPredecessor(dataDir, partition, last.number, last.after);
  for (const { path, bytes } of [...last.files, ...(last.dead === null ? [] : [last.dead])])
    if ((await sizeOf(join(dataDir, path))) !== bytes)
      throw new TributaryError(
        'manifest_corrupt',
        `segment ${last.number} of partition ${partition} names ${path}, which is not there whole`,
      );
  return last.upTo;
}

/**
 * The spools whose last entry the log no longer has: it was put back to an older copy. Asked after a read: as long as that entry is
 * there, what was read follows it without a hole.
 */
export async function spoolsWithLostTail(
  log: Pick<EventLog, 'read'>,
  spools: readonly Spool[],
  signal: AbortSignal | undefined,
): Promise<Spool[]> {
  const filled = spools.filter((spool) => spool.upTo !== spool.after);
  if (filled.length === 0) return [];
  const before = new Map(filled.map((spool) => [spool.partition, spool.beforeLast]));
  const found = await log.read(before, { maxEntries: 1, waitMs: 0, ...(signal && { signal }) });
  if (signal?.aborted) return [];
  const positions = new Map(found.map(({ partition, position }) => [partition, position]));
  return filled.filter((spool) => positions.get(spool.partition) !== spool.upTo);
}

/** Notes and returns whether the log no longer has what was spooled last: then it is here alone. Rejects as long as the log cannot be asked. */
export async function hasLostTail(
  log: Pick<EventLog, 'read' | 'markLostTail'>,
  spool: Spool,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (spool.lostTail || log.markLostTail === undefined) return spool.lostTail;
  try {
    spool.lostTail = (await spoolsWithLostTail(log, [spool], signal)).length > 0;
  } catch (error) {
    // The archiver that made the log begin later has archived what lies before.
    if (!(error instanceof TributaryError && error.code === 'position_expired')) throw error;
  }
  return spool.lostTail;
}
