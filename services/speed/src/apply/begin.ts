/** Beginning a batch: what is read of each partition is decoded, and the records of its users are asked for. */
import { setImmediate as soon } from 'node:timers/promises';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { OwnRuns } from '../partitions/own-runs.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import { type DecodedBatch, decodeBatch, endsEarly } from '../read/decode.ts';
import type { ReadAhead } from '../read/read-ahead.ts';
import type { UserRecords } from './user-records.ts';

/** A batch of one partition that is begun and not applied yet. */
export interface BegunBatch {
  readonly run: PartitionRun;
  readonly batch: DecodedBatch;
  /** null: the records could not be had, the partition was forgotten. */
  readonly users: Promise<readonly (CachedUser | undefined)[] | null>;
  /** The number of the batch: users of those up to the newest one committed may be evicted. */
  readonly number: number;
}

export interface Begun {
  readonly entries: number;
  readonly batches: readonly BegunBatch[];
}

export interface Beginner {
  /** Reads the next entries; `run.logTimeMs` stays that of what is applied. Without `waitMs` it is ahead of what is applied. */
  begin(signal: AbortSignal | undefined, waitMs?: number): Promise<Begun>;
  load(run: PartitionRun, batch: DecodedBatch, number: number): BegunBatch;
}

export interface BeginnerOptions {
  readonly reader: ReadAhead;
  readonly runs: OwnRuns;
  readonly records: UserRecords;
  /** How many partitions the log has. */
  readonly partitions: number;
  readonly sha256Hex: (text: string) => string;
  readonly longBatchEvents: number;
}

/** A batch is applied in at most as many pieces as it has entries; their numbers lie between its own and the next one's. */
const MOST_PIECES = 1_000_000;

export function createBeginner(options: BeginnerOptions): Beginner {
  const { reader, runs, records, partitions, sha256Hex, longBatchEvents } = options;
  let batchNumber = 0;

  function load(run: PartitionRun, batch: DecodedBatch, number: number, isNext = false): BegunBatch {
    const users = records.load(run, batch, number, isNext).catch((error: Error) => {
      runs.forget(run, error);
      return null;
    });
    return { run, batch, users, number };
  }

  return {
    load,
    async begin(signal, waitMs) {
      const entries = await reader.take(signal, waitMs);
      batchNumber += MOST_PIECES;
      const number = batchNumber;
      const batches: BegunBatch[] = [];
      // Runs as they stand at the read: what was read for one says nothing to another that replaces it meanwhile.
      const grouped = Map.groupBy(entries, ({ partition }) => partition);
      const read = [...grouped].map(([partition, own]) => [runs.get(partition), own] as const);
      for (const [run, own] of read) {
        if (run === undefined || !runs.isCurrent(run)) continue;
        const readsReports = run.definitions.web !== undefined;
        const batch = decodeBatch(own, run.decodedLogTimeMs, run.generation, partitions, sha256Hex, readsReports);
        run.decodedLogTimeMs = batch.logTimeMs;
        if (endsEarly(batch)) reader.seek(run.partition, batch.upTo); // what lies after it is the next batch's
        batches.push(load(run, batch, number, waitMs !== undefined));
        if (batch.arrivals.length > longBatchEvents) await soon();
      }
      return { entries: entries.length, batches };
    },
  };
}
