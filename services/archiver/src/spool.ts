/**
 * One partition on its way into its next segment: what was read after the last segment and is not archived yet. All of it
 * can be dropped at any time: the log still has it.
 */
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { partitionName } from '@tributary/archive/segments';
import type { LogEntry } from '@tributary/log/port';
import { decodeBarrier, decodeHeartbeat } from '@tributary/model/partition-record';
import { sha256Hex } from '@tributary/runtime/definitions';
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
  /** Of rows and dead records together, on disk. */
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
  for (const entry of entries) {
    if (spool.seals !== null || spool.rows + text.rows.length >= room.rows || spool.bytes + text.units >= room.bytes) break;
    if (entry.kind === 'events') addEvents(text, entry, partitions);
    else if (entry.kind === 'barrier') takeBarrier(spool, text, entry);
    else takeHeartbeat(text, entry);
    spool.beforeLast = spool.upTo;
    spool.upTo = entry.position;
    spool.openedAtMs ??= nowMs;
  }
  await write(spool, text);
}

/** Removes the spool's files: after its segment is written, or to start again from the log. */
export async function removeSpoolFiles(spool: Spool): Promise<void> {
  await rm(spool.rowsPath, { force: true });
  await rm(spool.deadPath, { force: true });
}

/** Only the first barrier of a generation newer than any sealed before ends a segment: the speed layer decides alike. */
function takeBarrier(spool: Spool, text: SpoolText, entry: LogEntry): void {
  const decoded = decodeBarrier(entry.body, spool.sealedBefore, sha256Hex);
  if (!decoded.ok) addDead(text, entry, 0, decoded.code, decoded.message, entry.body);
  else if (!('repeated' in decoded)) spool.seals = decoded.barrier.generation;
}

/** A heartbeat says nothing to the archive, but what is none is kept as any record is. */
function takeHeartbeat(text: SpoolText, entry: LogEntry): void {
  const decoded = decodeHeartbeat(entry.body);
  if (!decoded.ok) addDead(text, entry, 0, decoded.code, decoded.message, entry.body);
}

async function write(spool: Spool, text: SpoolText): Promise<void> {
  if (text.rows.length > 0) {
    const rows = Buffer.from(text.rows.join(''));
    await appendFile(spool.rowsPath, rows);
    spool.bytes += rows.length;
  }
  if (text.dead.length > 0) {
    const dead = Buffer.from(text.dead.join(''));
    await appendFile(spool.deadPath, dead);
    spool.bytes += dead.length;
    spool.deadBytes += dead.length;
  }
  spool.rows += text.rows.length;
  for (const [day, rows] of text.rowsByDay) spool.rowsByDay.set(day, (spool.rowsByDay.get(day) ?? 0) + rows);
  spool.deadRows += text.dead.length;
  spool.longestRow = Math.max(spool.longestRow, text.longestRow);
}
