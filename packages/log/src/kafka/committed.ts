/** From the record batches of a fetch to the messages that count: no aborted transactions, no control records, no holes. */
import { TributaryError } from '@tributary/model/errors';
import { type Batch, batchesOf, type MessageView, visitMessages } from './record-batch.ts';
import type { FetchedPartition } from './requests.ts';

/**
 * Visits the committed messages from the offset `from` on; returns the offset after the last batch, `from` when there is none.
 * Without compaction offsets have no holes: one is `position_expired`, never a silent skip.
 */
export function visitCommitted(
  { partition, aborted, records }: FetchedPartition,
  from: number,
  visit: (message: MessageView) => void,
): number {
  let next = from;
  if (records === null) return next;
  const isAborted = abortedProducers(aborted);
  for (const batch of batchesOf(records)) {
    // Kafka sends the whole batch that holds the offset.
    if (batch.lastOffset < next) continue;
    if (batch.baseOffset > next) throw hole(partition, next, batch.baseOffset);
    const wanted = next;
    if (!isAborted(batch) && !batch.isControl)
      visitMessages(batch, (message) => {
        if (message.offset >= wanted) visit(message);
      });
    next = batch.lastOffset + 1;
  }
  return next;
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
