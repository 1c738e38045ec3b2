/** The archive read as the log it was made of: entries at their positions, and the barriers that ended segments. */
import { dropForgotten } from '@tributary/archive/compute/forget';
import { SAID_SQL } from '@tributary/archive/compute/relations';
import { dropLent } from '@tributary/archive/compute/withdrawn';
import { openDuckDb } from '@tributary/archive/duckdb';
import { leftToGo } from '@tributary/archive/forgotten';
import { findGeneration } from '@tributary/archive/generations';
import type { SegmentManifest } from '@tributary/archive/layout';
import { retiredBefore } from '@tributary/archive/retention/retired';
import { demandSameLog, lastSegmentNumber, readSegment } from '@tributary/archive/segments';
import { sqlText } from '@tributary/archive/sql-text';
import type { Position } from '@tributary/log/port';
import type { Barrier, Heartbeat } from '@tributary/model/partition-record';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { bytesOfLines, entriesIn, NO_BOUND_MS, rowsOf } from './archived-lines.ts';
import type { JoinRequest } from './archived-pieces.ts';
import { joinArchive } from './archived-records.ts';
import type { ReadEntry } from './decode.ts';

export interface ArchivedEntries {
  /** Up to where the partition is archived; null: nothing of it is. */
  upTo(partition: number): Promise<Position | null>;
  /**
   * Entries after `position` (null: from the first), of one segment, in order and up to its end; null: the archive ends there. `joining`: one entry
   * that stands for many, where they may be joined; its reader asks for the next one when it has applied that, and again where it gets none.
   */
  after(partition: number, position: Position | null, joining?: JoinRequest | null): Promise<readonly ReadEntry[] | null>;
  /** Ends what is read ahead of who asked. */
  close?(): Promise<void>;
}

/** What DuckDB may take: one session is open at a time, and what does not fit goes to the data folder. */
const MEMORY_LIMIT = '128MB';

export interface ArchivedEntriesOptions {
  readonly dataDir: string;
  readonly logIdentity: string;
  /** UTF-8 bytes of the lines of a segment of which DuckDB makes the entries in memory. */
  readonly mostAggregatedBytes?: number;
  /** Lines that one entry of joined records stands for, unless a single entry of the log has more. */
  readonly mostRows?: number;
  /** Rows before the place where records begin to be joined that are passed over at once. */
  readonly mostPassed?: number;
  /** Called where the records of a partition cannot be joined: it is read line by line. */
  readonly onNotJoined?: (partition: number, why: Error) => void;
}

export function openArchivedEntries({
  dataDir,
  logIdentity,
  mostAggregatedBytes,
  mostRows,
  mostPassed,
  onNotJoined,
}: ArchivedEntriesOptions): ArchivedEntries {
  /** The segment after each one that was read: a replay does not look for its place again. */
  const next = new Map<number, { readonly after: Position; readonly number: number }>();

  /** The first segment that ends after the position: as they are contiguous, it begins at or before it. */
  async function numberAfter(partition: number, position: Position | null, last: number): Promise<number> {
    if (position === null) return 0;
    const known = next.get(partition);
    if (known?.after === position) return known.number;
    let low = 0;
    for (let high = last + 1; low < high; ) {
      const middle = (low + high) >> 1;
      if ((await readSegment(dataDir, partition, middle)).upTo > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  async function segmentAfter(partition: number, position: Position | null): Promise<SegmentManifest | null> {
    const last = await lastSegmentNumber(dataDir, partition);
    const low = await numberAfter(partition, position, last);
    if (low > last) return null;
    const segment = await readSegment(dataDir, partition, low);
    demandSameLog(segment, logIdentity);
    return segment;
  }

  const openSession = () => openDuckDb({ memoryLimit: MEMORY_LIMIT, threads: 1, tempDir: dataPath(dataDir, 'staging', 'speed') });

  async function eventsOf(segment: SegmentManifest, after: Position | null): Promise<ReadEntry[]> {
    const { partition, files } = segment;
    const asked = { partition, bytes: bytesOfLines(files), ...(mostAggregatedBytes !== undefined && { mostAggregatedBytes }) };
    if (files.length === 0) return [];
    const gone = await leftToGo(dataDir, segment);
    const where = after === null ? '' : `WHERE position > ${sqlText(after)}`;
    const session = await openSession();
    try {
      const { from, line } = await rowsOf(session, dataDir, files);
      const lines = (relation: string) => `SELECT position, entry_index, ${line} AS line FROM ${relation} ${where}`;
      if (gone === null) return await entriesIn(session, lines(from), asked);
      // The same events, as they will be once all files are written again that have erased users.
      await session.run(`CREATE TABLE held AS SELECT *, ${SAID_SQL} AS said FROM ${from}`);
      await dropForgotten(session, dataDir, gone, 'held');
      await dropLent(session, dataDir, gone.lent, 'held');
      return await entriesIn(session, lines('held'), asked);
    } finally {
      await session.close();
    }
  }

  /** The last entry of a segment: its barrier, or what moves a reader to its end and says nothing else. */
  async function endOf({ partition, upTo, seals }: SegmentManifest): Promise<ReadEntry> {
    const end = { partition, position: upTo, appendedMs: NO_BOUND_MS, lineNumbers: [] };
    const definitions = seals === null ? null : await definitionsOf(seals);
    if (seals === null || definitions === null)
      return { ...end, kind: 'heartbeat', body: JSON.stringify({ receivedAt: 0 } satisfies Heartbeat) };
    return { ...end, kind: 'barrier', body: JSON.stringify({ generation: seals, definitions } satisfies Barrier) };
  }

  /** null: the generation's folder is gone. Without its barrier the state stays behind the cut, which answers report. */
  async function definitionsOf(generation: number): Promise<string | null> {
    return (await findGeneration(dataDir, generation))?.definitions ?? null;
  }

  function passed(segment: SegmentManifest): void {
    next.set(segment.partition, { after: segment.upTo, number: (segment.to ?? segment.number) + 1 });
  }

  const records = joinArchive({
    ...{ dataDir, openSession, endOf, ...(mostRows !== undefined && { mostRows }) },
    ...(mostPassed !== undefined && { mostPassed }),
    ...(onNotJoined !== undefined && { onNotJoined }),
    async segmentAfter(partition, position) {
      const segment = await segmentAfter(partition, position);
      if (segment !== null) passed(segment);
      return segment;
    },
    isPartly: async (segment) => (await leftToGo(dataDir, segment)) !== null,
    retiredBefore: () => retiredBefore(dataDir),
  });

  return {
    async upTo(partition) {
      const last = await lastSegmentNumber(dataDir, partition);
      return last < 0 ? null : (await readSegment(dataDir, partition, last)).upTo;
    },
    async after(partition, position, joining = null) {
      const joined = await records.next(partition, position, joining);
      if (joined !== null) return joined;
      const segment = await segmentAfter(partition, position);
      if (segment === null) return null;
      // One session at a time: what it may take is bounded once.
      await records.close();
      const entries = await eventsOf(segment, position);
      passed(segment);
      // An entry of events can be the last one itself.
      return entries.at(-1)?.position === segment.upTo ? entries : [...entries, await endOf(segment)];
    },
    close: () => records.close(),
  };
}
