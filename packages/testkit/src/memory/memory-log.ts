/**
 * The log in memory. With a `turn`, every operation first awaits it and nothing else: a simulation decides who goes on,
 * and no timer runs. Several logs may share one disk: reopening is making another log over it.
 */
import type { EventLog, LogEntry, LogRecord, Position, ReadLimits } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';

/** `reply-lost`: written, then `log_unavailable`. `not-applied`: `log_unavailable`. `duplicated`: written twice. */
export type AppendFault = 'reply-lost' | 'not-applied' | 'duplicated';

export interface MemoryLogOptions {
  readonly partitions: number;
  readonly turn?: () => Promise<void>;
  readonly disk?: MemoryDisk;
  /** The log's own clock; without one every entry counts as appended later than the times in it. */
  readonly now?: () => number;
  /** On a disk of lines apart, asked between two entries of events at each reading: whether they are read as one, as Kafka's readers do. */
  readonly joins?: () => boolean;
}

export interface MemoryLog extends EventLog {
  readonly disk: MemoryDisk;
  /** Strikes the next append of this log; called again, the one after it. */
  failNextAppend(fault: AppendFault): void;
}

interface Partition {
  entries: LogEntry[];
  /** When each entry was appended, epoch ms. */
  appendedMs: Map<Position, number>;
  written: number;
  trimmed: Position | null;
}

/** What outlives the processes that use it. */
export interface MemoryDisk {
  identity: string | null;
  partitions: Partition[];
  /** Each line has a position of its own, and entries may end elsewhere when they are read again. */
  readonly linesApart: boolean;
  /** Called after every append. */
  readonly watchers: Set<() => void>;
}

export function createMemoryDisk(linesApart = false): MemoryDisk {
  return { identity: null, partitions: [], linesApart, watchers: new Set() };
}

/** Empties the disk and creates a new log there, as if someone had deleted the old one. */
export function recreateMemoryDisk(disk: MemoryDisk): void {
  create(disk, disk.partitions.length);
}

let created = 0;

function create(disk: MemoryDisk, partitions: number): void {
  created += 1;
  disk.identity = `memory-${created}`;
  disk.partitions = Array.from({ length: partitions }, () => ({ entries: [], appendedMs: new Map(), written: 0, trimmed: null }));
}

const POSITION_DIGITS = 16;

function positionAt(number: number): Position {
  return String(number).padStart(POSITION_DIGITS, '0');
}

export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const { partitions, turn, disk = createMemoryDisk(), now: clock, joins } = options;
  const now = clock ?? Date.now;
  if (disk.identity === null) create(disk, partitions);
  if (disk.partitions.length !== partitions) {
    const message = `TRIBUTARY_PARTITIONS must be ${disk.partitions.length}, as the log ${disk.identity} has them (got ${partitions})`;
    throw new TributaryError('partition_mismatch', message);
  }
  const identity = disk.identity as string;
  const faults: AppendFault[] = [];
  const closing = new Set<() => void>();
  let closed = false;

  async function enter(): Promise<void> {
    if (closed) throw unavailable('it was closed');
    if (turn !== undefined) await turn();
    if (disk.identity !== identity)
      throw new TributaryError('log_recreated', `the log ${identity} is gone, found ${disk.identity}`);
  }

  function write(partition: number, record: LogRecord): Position {
    const into = partitionOf(disk, partition);
    const first = into.written + 1;
    const { kind, body } = record;
    const isApart = disk.linesApart && kind === 'events';
    into.written += isApart ? body.split('\n').length : 1;
    const position = positionAt(into.written);
    into.appendedMs.set(position, now());
    const appendedMs = clock?.() ?? Number.MAX_SAFE_INTEGER;
    into.entries.push({ partition, position, kind, body, appendedMs, ...(isApart && { firstLine: positionAt(first) }) });
    for (const watcher of [...disk.watchers]) watcher();
    return position;
  }

  return {
    identity,
    partitions,
    disk,
    failNextAppend: (fault) => faults.push(fault),
    async append(partition, record) {
      partitionOf(disk, partition);
      await enter();
      const fault = faults.shift();
      if (fault === 'not-applied') throw unavailable('nothing was written');
      const position = write(partition, record);
      if (fault === 'reply-lost') throw unavailable('the reply was lost');
      if (fault === 'duplicated') write(partition, record);
      return position;
    },
    async read(after, limits) {
      if (!(Number.isInteger(limits.maxEntries) && limits.maxEntries > 0))
        throw new RangeError(`maxEntries ${limits.maxEntries}`);
      if (limits.signal?.aborted) return [];
      await enter();
      const entries = joined(collect(disk, after, limits.maxEntries, limits.maxBytes), joins);
      if (entries.length > 0 || limits.waitMs === 0 || turn !== undefined) return entries;
      await appended(disk, () => collect(disk, after, 1).length > 0, limits, closing);
      if (closed || limits.signal?.aborted) return [];
      await enter();
      return joined(collect(disk, after, limits.maxEntries, limits.maxBytes), joins);
    },
    async ends() {
      await enter();
      return disk.partitions.map(({ written }) => (written === 0 ? null : positionAt(written)));
    },
    async ageAfter(after) {
      for (const partition of after.keys()) partitionOf(disk, partition);
      await enter();
      const ages = new Map<number, number>();
      for (const [partition, position] of after) {
        const { entries, appendedMs } = partitionOf(disk, partition);
        const first = entries[position === null ? 0 : firstAfter(entries, position)];
        if (first !== undefined) ages.set(partition, now() - (appendedMs.get(first.position) as number));
      }
      return ages;
    },
    async starts() {
      await enter();
      return disk.partitions.map(({ trimmed }) => trimmed);
    },
    async markLostTail(partition, archived) {
      const from = partitionOf(disk, partition);
      await enter();
      if ((from.trimmed ?? '') >= archived || from.entries.some(({ position }) => position === archived)) return false;
      from.trimmed = archived;
      from.entries = from.entries.filter(({ position }) => position > archived);
      from.written = Math.max(from.written, Number(archived));
      return true;
    },
    async trim(partition, upTo) {
      const from = partitionOf(disk, partition);
      await enter();
      const kept = from.entries.filter(({ position }) => position > upTo);
      const dropped = from.entries.length - kept.length;
      if (dropped > 0) from.trimmed = (from.entries[dropped - 1] as LogEntry).position;
      for (const { position } of from.entries.slice(0, dropped)) from.appendedMs.delete(position);
      from.entries = kept;
    },
    async close() {
      closed = true;
      for (const end of [...closing]) end();
    },
  };
}

function collect(
  disk: MemoryDisk,
  after: ReadonlyMap<number, Position | null>,
  maxEntries: number,
  maxBytes = Infinity,
): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const [partition, position] of after) {
    const from = partitionOf(disk, partition);
    if (position !== null && from.trimmed !== null && position < from.trimmed) {
      const message = `partition ${partition} was trimmed up to ${from.trimmed}, past the position ${position}`;
      throw new TributaryError('position_expired', message);
    }
    const first = position === null ? 0 : firstAfter(from.entries, position);
    let bytes = 0;
    for (const entry of from.entries.slice(first, first + maxEntries)) {
      if (bytes > 0 && bytes + entry.body.length > maxBytes / after.size) break;
      bytes += entry.body.length;
      entries.push(entry);
    }
  }
  return entries;
}

/** Entries of lines apart, some of them read as one. */
function joined(entries: LogEntry[], joins: MemoryLogOptions['joins']): LogEntry[] {
  if (joins === undefined) return entries;
  const read: LogEntry[] = [];
  for (const entry of entries) {
    const last = read.at(-1);
    const fits = last?.firstLine !== undefined && entry.firstLine !== undefined && last.partition === entry.partition;
    if (!fits || !joins()) read.push(entry);
    else read.splice(-1, 1, { ...entry, firstLine: last.firstLine, body: `${last.body}\n${entry.body}` });
  }
  return read;
}

function firstAfter(entries: readonly LogEntry[], position: Position): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle] as LogEntry).position > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Resolves once `there()` after an append, after the wait, when aborted or closed. */
function appended(
  disk: MemoryDisk,
  there: () => boolean,
  { waitMs, signal }: ReadLimits,
  closing: Set<() => void>,
): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      disk.watchers.delete(look);
      closing.delete(end);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const look = () => {
      if (there()) end();
    };
    const timer = setTimeout(end, waitMs);
    disk.watchers.add(look);
    closing.add(end);
    signal?.addEventListener('abort', end);
  });
}

function partitionOf(disk: MemoryDisk, partition: number): Partition {
  const found = disk.partitions[partition];
  if (found === undefined) throw new RangeError(`partition ${partition} of ${disk.partitions.length}`);
  return found;
}

function unavailable(what: string): TributaryError {
  return new TributaryError('log_unavailable', `the log in memory: ${what}`);
}
