/** When the first message at or after an offset was appended. */
import { visitCommitted } from './committed.ts';
import type { Connection } from './connection.ts';
import { unavailable } from './errors.ts';
import { stampOf } from './record-batch.ts';
import { fetchRequest } from './requests.ts';
import type { Topic } from './topic.ts';
import { EARLIEST, listOffsetsRequest } from './topic-requests.ts';

/** A broker gives a whole batch, however large, but one batch only. */
const ONE_BATCH = { waitMs: 0, replyBytes: 1 };
/** Batches that hold nothing but markers, or messages that their producer took back. */
const MOST_BATCHES = 100;

/**
 * By the broker's clock where the topic stamps its messages (LogAppendTime), else by the producer's. null: nothing comes after.
 * `offset`: null for the oldest retained message. Throws `log_unavailable`.
 */
export async function firstMessageMs(
  topic: Topic,
  connection: Connection,
  partition: number,
  offset: number | null,
): Promise<number | null> {
  const [start] = await connection.send(listOffsetsRequest(topic.name, [partition], EARLIEST));
  if (start === undefined || start.errorCode !== 0)
    throw unavailable(`the start of partition ${partition} is not known (error ${start?.errorCode ?? 'none'})`);
  let from = Math.max(offset ?? 0, start.offset);
  for (let batches = 0; batches < MOST_BATCHES; batches++) {
    const reply = await connection.send(fetchRequest(topic.id, [{ partition, offset: from, maxBytes: 1 }], ONE_BATCH));
    const [fetched] = reply.partitions;
    const errorCode = reply.errorCode || (fetched?.errorCode ?? 0);
    if (fetched === undefined || errorCode !== 0)
      throw unavailable(`the first message of partition ${partition} was not read (error ${errorCode})`);
    let firstMs: number | null = null;
    const { next, failure } = visitCommitted(fetched, from, {
      message({ timestampMs }) {
        firstMs = timestampMs;
        return false;
      },
      unreadable(batch) {
        firstMs = stampOf(batch);
        return false;
      },
    });
    if (failure !== null && next === from) throw failure;
    if (firstMs !== null || next === from) return firstMs;
    from = next;
  }
  throw unavailable(`partition ${partition} has ${MOST_BATCHES} batches without a message after offset ${offset}`);
}
