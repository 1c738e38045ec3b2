/** From the record batches of a fetch to the messages that count: no aborted transactions, no control records, no holes. */
import { TributaryError } from '@tributary/model/errors';
import { MAX_UNPACKED_BYTES, UnreadableBatch } from './decompress.ts';
import { type Batch, batchesOf, type MessageView, visitMessages } from './record-batch.ts';
import type { FetchedPartition } from './requests.ts';

/** Each method returns whether more is wanted. */
export interface Visitor {
  message(message: MessageView): boolean;
  /** The messages of the batch from the offset `from` on cannot be read. */
  unreadable(batch: Batch, from: number, why: string): boolean;
}

export interface Visited {
  /** The offset after what was visited; `from` when nothing was. */
  readonly next: number;
  /** Bytes that were unpacked, about. */
  readonly work: number;
  /** Why what lies there cannot be visited, although it is there. */
  readonly failure: Error | null;
}

/**
 * Visits the committed messages from the offset `from` on, until the visitor wants no more, or `maxWork` bytes were unpacked.
 * Without compaction offsets have no holes: one is `position_expired`, never a silent skip.
 */
export function visitCommitted(
  { partition, aborted, records }: FetchedPartition,
  from: number,
  visitor: Visitor,
  maxWork = Number.POSITIVE_INFINITY,
): Visited {
  let next = from;
  let work = 0;
  try {
    const isAborted = abortedProducers(aborted);
    for (const batch of batchesOf(records ?? Buffer.alloc(0))) {
      // Kafka sends the whole batch that holds the offset.
      if (batch.lastOffset < next) continue;
      if (batch.baseOffset > next) throw hole(partition, next, batch.baseOffset);
      const isSkipped = isAborted(batch) || batch.isControl;
      const visited = isSkipped ? { next: batch.lastOffset + 1, work: 0, wantsMore: true } : visitBatch(batch, next, visitor);
      next = visited.next;
      work += visited.work;
      if (!visited.wantsMore || work >= maxWork) break;
    }
    return { next, work, failure: null };
  } catch (error) {
    const failure = error instanceof TributaryError ? error : unreadablePartition(partition, next, error as Error);
    return { next, work, failure };
  }
}

interface VisitedBatch {
  readonly next: number;
  readonly work: number;
  readonly wantsMore: boolean;
}

/** What comes before the fault of a batch counts; the rest becomes one dead letter, and reading goes on behind it. */
function visitBatch(batch: Batch, from: number, visitor: Visitor): VisitedBatch {
  let next = from;
  let wantsMore = true;
  try {
    const work = visitMessages(batch, (message) => {
      if (message.offset < from) return true;
      wantsMore = visitor.message(message);
      next = message.offset + 1;
      return wantsMore;
    });
    return { next: wantsMore ? batch.lastOffset + 1 : next, work, wantsMore };
  } catch (error) {
    if (!(error instanceof UnreadableBatch)) throw error;
    wantsMore = visitor.unreadable(batch, next, error.message);
    return { next: batch.lastOffset + 1, work: MAX_UNPACKED_BYTES, wantsMore };
  }
}

/** Follows the transactions through the batches, in order. Source: CompletedFetch of the Java client. */
function abortedProducers(aborted: FetchedPartition['aborted']): (batch: Batch) => boolean {
  if (aborted.length === 0) return () => false;
  const begins = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
  const open = new Set<number>();
  let begun = 0;
  return (batch) => {
    for (let next = begins[begun]; next !== undefined && next.firstOffset <= batch.lastOffset; next = begins[begun]) {
      open.add(next.producerId);
      begun++;
    }
    // The end of a transaction: committed, or the aborted one that was open.
    if (batch.isControl) open.delete(batch.producerId);
    return batch.isTransactional && open.has(batch.producerId);
  };
}

function hole(partition: number, expected: number, found: number): TributaryError {
  const message = `partition ${partition} jumps from offset ${expected} to ${found}: messages in between are missing`;
  return new TributaryError('position_expired', message);
}

function unreadablePartition(partition: number, offset: number, cause: Error): Error {
  return new Error(`partition ${partition} cannot be read from offset ${offset} on: ${cause.message}`, { cause });
}
