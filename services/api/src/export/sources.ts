/** Where an export reads, in order, with what it needs for each place. */
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { archivedUpTo } from '@tributary/archive/segments';
import type { EventLog } from '@tributary/log/port';
import { partitionOf } from '@tributary/model/user-key';
import type { RecordReader } from '@tributary/serving/users/find-conversion';
import type { DeadLetters } from '@tributary/store/dead-letters';
import type { SubjectReads } from '@tributary/store/subject-reads';
import type { Source } from './export.ts';
import { fromArchive, fromDeadRecords, fromGenerations, fromUnread, spillFolder } from './from-folder.ts';
import { fromLog } from './from-logs.ts';
import { fromDeadLetters, fromIndex, fromOutbox, fromRecord, fromSegments } from './from-redis.ts';

/** What an export needs beside what every route has. */
export interface ExportDeps {
  readonly dataDir: string;
  /** Bound of DuckDB's buffers, e.g. "256MiB". */
  readonly memoryLimit: string;
  readonly log: Pick<EventLog, 'identity' | 'read' | 'ends' | 'starts'>;
  /** null: outputs were never on. The caller closes it. */
  readonly openOutputs: () => Promise<Pick<EventLog, 'identity' | 'read' | 'ends' | 'starts' | 'ageAfter' | 'close'> | null>;
  readonly subjects: SubjectReads;
}

export interface Subject {
  readonly userKey: string;
  /** The public half of the key that asks: its share of what may be read. */
  readonly asker: string;
  readonly signal: AbortSignal;
}

interface Reads extends ExportDeps {
  readonly partitions: number;
  readonly records: RecordReader;
  readonly deadLetters: DeadLetters;
  /** Segments whose members a partition follows. */
  readonly segmentVersions: (partition: number) => readonly string[];
}

export function sourcesOf(reads: Reads, { userKey, asker, signal }: Subject): Source[] {
  const { dataDir, partitions, subjects, log } = reads;
  const partition = partitionOf(userKey, partitions);
  const owner = { partition, userKey };
  // Their own partition first. In others lie events of other users that name this one, and what was misplaced.
  const all = [partition, ...Array.from({ length: partitions }, (_, p) => p).filter((p) => p !== partition)];
  const withSession = async function* <T>(work: (session: DuckDb) => AsyncIterable<T>) {
    const session = await openDuckDb({
      memoryLimit: reads.memoryLimit,
      threads: 1,
      tempDir: spillFolder(dataDir),
      tempLimit: '2GB',
    });
    const interrupt = () => session.interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      // Where the time was over while it was opened, nothing interrupts what it is asked.
      signal.throwIfAborted();
      yield* work(session);
    } finally {
      signal.removeEventListener('abort', interrupt);
      await session.close();
    }
  };
  return [
    { place: 'deadLetters', read: () => fromDeadLetters(reads.deadLetters, userKey) },
    { place: 'outbox', read: () => fromOutbox(subjects, all, userKey) },
    {
      place: 'outputs',
      async *read() {
        const outputs = await reads.openOutputs();
        if (outputs === null) return;
        try {
          const ends = await outputs.ends();
          for (const p of all)
            yield* fromLog(outputs, { place: 'outputs', partition: p, after: null, end: ends[p] ?? null }, userKey, signal);
        } finally {
          await outputs.close();
        }
      },
    },
    {
      place: 'log',
      async *read() {
        const ends = await log.ends();
        for (const p of all) {
          const { last } = await archivedUpTo(dataDir, p);
          const after = last !== null && last.logIdentity === log.identity ? last.upTo : null;
          yield* fromLog(log, { place: 'log', partition: p, after, end: ends[p] ?? null }, userKey, signal);
        }
      },
    },
    {
      place: 'record',
      async *read() {
        // 64 MiB at most (RECORD_LIMITS), as a copy of its own: what is read is given back at once. It is that of the key, also where an owner answers.
        const record = await reads.records.read(asker, [owner], (_, [key]) => key?.asked && Buffer.from(key.asked));
        yield* fromRecord(subjects.recordKey(owner), record ?? null);
      },
    },
    { place: 'segments', read: () => fromSegments(subjects, owner, reads.segmentVersions(partition)) },
    { place: 'conversionIndex', read: () => fromIndex(subjects, owner) },
    { place: 'archive', read: () => withSession((session) => fromArchive({ dataDir, session, signal }, userKey)) },
    { place: 'deadRecords', read: () => fromDeadRecords({ dataDir, signal }, userKey) },
    { place: 'generations', read: () => withSession((session) => fromGenerations({ dataDir, session, signal }, userKey)) },
    { place: 'staging', read: () => fromUnread(dataDir) },
  ];
}
