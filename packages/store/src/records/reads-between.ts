/**
 * Records between two looks at what the states say of messages between keys. One after the other these are three round trips of an answer; on a single Redis
 * they go out in one packet, and are answered in the order in which they were sent.
 */
import type { Redis } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { RELAYING_FIELDS, relayingFrom } from '../format/state.ts';
import { sendTogether } from '../redis/one-packet.ts';
import { readOfTexts } from '../redis/short-read.ts';
import { type RecordsBetween, type ServingStore, SHORT_ANSWER_BYTES } from '../serving-store.ts';
import type { RecordReads } from './record-reads.ts';

/** Undefined on a cluster: what is sent later may be answered first there. `records`: short answers come over `redis`. */
export function createReadsBetween(
  redis: Redis,
  namespace: string,
  partitions: readonly number[],
  records: RecordReads,
): NonNullable<ServingStore['recordsBetween']> | undefined {
  if (redis.isCluster) return undefined;
  const snapshot = () =>
    Promise.all(
      partitions.map(async (partition) =>
        relayingFrom(await readRelayed(redis, `${partitionPrefix(namespace, partition)}state`)),
      ),
    );

  return async (users, maxBytes, onRecords): Promise<RecordsBetween> => {
    sendTogether(redis);
    const first = snapshot();
    // It is awaited below, unless what is read behind it fails first.
    first.catch(() => {});
    // Long answers come over another connection.
    if (maxBytes > SHORT_ANSWER_BYTES) await first;
    const reading = records(users, maxBytes, onRecords);
    // A single record is one command, which is on its way now. What is more is asked for once the first answer is there.
    if (users.length > 1 || onRecords !== undefined || maxBytes > SHORT_ANSWER_BYTES) await reading;
    const [before, found, after] = await Promise.all([first, reading, snapshot()]);
    return { before, records: found, after };
  };
}

/** Not by the library's automatic pipelines, which send what they gather behind the commands of this turn that go out by themselves. */
const readRelayed = readOfTexts('hmget', RELAYING_FIELDS);
