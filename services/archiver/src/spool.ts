/**
 * One partition on its way into its next segment: what was read after the last segment and is not archived yet. It can be
 * dropped as long as the log still has it. Its fields tell what its files hold for certain: they change after each write.
 */
import { appendFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@tributary/archive/durable';
import { partitionName } from '@tributary/archive/segments';
import type { LogEntry } from '@tributary/log/port';
import { decodeBarrier, decodeHeartbeat } from '@tributary/model/partition-record';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { addDead, addEvents, emptySpoolText, type SpoolText } from './spool-format.ts';

export interface Spool {
  readonly partition: number;
  /** The number its segment will have. */
  readonly number: number;
  /** The largest generation sealed before it: barriers up to it mean nothing any more. */
  readonly sealedBefore: number;
  /** The range is `(after, upTo]`; `upTo === after` while it is empty. */
  readonly after: string | null;
  upTo: string | null;
  /** The entry before `upTo`; `after` when there is none: where to ask the log whether it still has `upTo`. */
  beforeLast: string | null;
  /** The log no longer has the entry at `upTo`: nothing more may enter, what was lost is here alone. */
  lostTail: boolean;
  /** The generation whose barrier ended it: nothing more may enter. */
  seals: number | null;
  rows: number;
  /** By the UTC day of their `ts`. */
  readonly rowsByDay: Map<string, number>;
  deadRows: number;
  /** Bytes of rows and dead records together, on disk. */
  bytes: number;
  deadBytes: number;
  longestRow: number;
  /** When its first entry was read, epoch ms; null while it is empty. */
  openedAtMs: number | null;
  readonly rowsPath: string;
  readonly deadPath: string;
}

export function openSpool(folder: string, partition: number, number: number, sealedBefore: number, after: string | null): Spool {
  const name = partitionName(partition);
  return {
    partition,
    number,
    sealedBefore,
    after,
    upTo: after,
    beforeLast: after,
    lostTail: false,
    seals: null,
    rows: 0,
    rowsByDay: new Map(),
    deadRows: 0,
    bytes: 0,
    deadBytes: 0,
    longestRow: 0,
    openedAtMs: null,
    rowsPath: join(folder, `${name}.tsv`),
    deadPath: join(folder, `${name}.dead.ndjson`),
  };
}

/** What may be in a spool before it takes no further entry: that entry is read again later. */
export interface SpoolRoom {
  readonly rows: number;
  readonly bytes: number;
}

export async function fillSpool(
  spool: Spool,
  entries: readonly LogEntry[],
  partitions: number,
  room: SpoolRoom,
  nowMs: number,
): Promise<void> {
  const text = emptySpoolText();
  let { upTo, beforeLast, seals } = spool;
  for (const entry of entries) {
    if (seals !== null || spool.rows + text.rows.length >= room.rows || spool.bytes + text.units >= room.bytes) break;
    if (entry.kind === 'events') addEvents(text, entry, partitions);
    else if (entry.kind === 'barrier') seals = sealOf(spool, text, entry);
    else takeHeartbeat(text, entry);
    beforeLast = upTo;
    upTo = entry.position;
  }
  if (upTo === spool.upTo) return;
  await write(spool, text);
  Object.assign(spool, { upTo, beforeLast, seals, openedAtMs: spool.openedAtMs ?? nowMs });
}

/** Cuts off what a failed write left behind the spooled records; false where some of them are not there any more. */
export async function cutToSpooled({ rowsPath, deadPath, bytes, deadBytes }: Spool): Promise<boolean> {
  for (const [path, expected] of [
    [rowsPath, bytes - deadBytes],
    [deadPath, deadBytes],
  ] as const) {
    const found = (await sizeOf(path)) ?? 0;
    if (found < expected) return false;
    if (found > expected) await truncate(path, expected);
  }
  return true;
}

/** Bytes; null: there is no such file. */
export async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Removes the spool's files: after its segment is written, or to start again from the log. */
export async function removeSpoolFiles(spool: Spool): Promise<void> {
  await rm(spool.rowsPath, { force: true });
  await rm(spool.deadPath, { force: true });
}

/** Only the first barrier of a generation newer than any sealed before ends a segment: the speed layer decides alike. */
function sealOf({ sealedBefore }: Spool, text: SpoolText, entry: LogEntry): number | null {
  const decoded = decodeBarrier(entry, sealedBefore, sha256Hex);
  if (!decoded.ok) addDead(text, entry.kind, { position: entry.position, line: 0 }, decoded, entry.body);
  return decoded.ok && !('repeated' in decoded) ? decoded.barrier.generation : null;
}

/** A heartbeat says nothing to the archive, but what is none is kept as any record is. */
function takeHeartbeat(text: SpoolText, entry: LogEntry): void {
  const decoded = decodeHeartbeat(entry.body);
  if (!decoded.ok) addDead(text, entry.kind, { position: entry.position, line: 0 }, decoded, entry.body);
}

async function write(spool: Spool, text: SpoolText): Promise<void> {
  const [rows, dead] = [text.rows, text.dead].map((lines) => Buffer.from(lines.join(''))) as [Buffer, Buffer];
  if (rows.length > 0) await appendFile(spool.rowsPath, rows);
  if (dead.length > 0) await appendFile(spool.deadPath, dead);
  spool.bytes += rows.length + dead.length;
  spool.deadBytes += dead.length;
  spool.rows += text.rows.length;
  for (const [day, more] of text.rowsByDay) spool.rowsByDay.set(day, (spool.rowsByDay.get(day) ?? 0) + more);
  spool.deadRows += text.dead.length;
  spool.longestRow = Math.max(spool.longestRow, text.longestRow);
}
