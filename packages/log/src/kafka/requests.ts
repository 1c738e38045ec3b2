/**
 * The two requests that carry messages, each naming the topic by its id (KIP-516) where there is one. Their record batches are ours
 * (record-batch.ts): the library unpacks those of a fetch without a bound, takes a damaged one, and writes none by topic id.
 */
import { fetchV13, type Reader, Writer } from '@platformatic/kafka';
import type { KafkaRequest } from './request.ts';

export interface FetchFrom {
  readonly partition: number;
  readonly offset: number;
  /** The bytes of its batches, at most; less than the first batch gives nothing, but for the first partition of the request. */
  readonly maxBytes: number;
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  /** The oldest offset retained; -1 with an error. */
  readonly logStart: number;
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[];
  readonly records: Buffer | null;
}

export interface FetchLimits {
  readonly waitMs: number;
  readonly replyBytes: number;
}

/** An error code of the whole reply leaves the partitions empty. */
export interface Fetched {
  readonly errorCode: number;
  readonly partitions: readonly FetchedPartition[];
}

/** Committed messages only. The first partition gets a whole batch, however large; the others what fits. */
export function fetchRequest(topicId: string, from: readonly FetchFrom[], limits: FetchLimits): KafkaRequest<Fetched> {
  const { key, version } = fetchV13.api;
  const MIN_BYTES = 1;
  const READ_COMMITTED = 1;
  /** Every request names all partitions. */
  const NO_SESSION = [0, -1] as const;
  return {
    apiKey: key,
    versions: { min: version, max: version },
    waitMs: limits.waitMs,
    body() {
      const partitions = from.map(({ partition, offset, maxBytes }) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset: BigInt(offset),
        lastFetchedEpoch: -1,
        partitionMaxBytes: maxBytes,
      }));
      const topics = [{ topicId, partitions }];
      return fetchV13.createRequest(limits.waitMs, MIN_BYTES, limits.replyBytes, READ_COMMITTED, ...NO_SESSION, topics, [], '');
    },
    read(reply) {
      reply.readInt32();
      const errorCode = reply.readInt16();
      reply.readInt32();
      const topics = reply.readArray(() => {
        reply.readUUID();
        return reply.readArray(readFetched);
      });
      return { errorCode, partitions: topics.flat() };
    },
  };
}

function readFetched(reply: Reader): FetchedPartition {
  const partition = reply.readInt32();
  const errorCode = reply.readInt16();
  // High watermark, last stable offset.
  reply.readInt64();
  reply.readInt64();
  const logStart = Number(reply.readInt64());
  const aborted = reply.readArray(() => ({ producerId: Number(reply.readInt64()), firstOffset: Number(reply.readInt64()) }));
  reply.readInt32();
  return { partition, errorCode, logStart, aborted, records: reply.readNullableBytes() };
}

export interface Produced {
  readonly partition: number;
  readonly errorCode: number;
  /** Offset of the first message of the batch. */
  readonly baseOffset: number;
  readonly message: string | null;
}

const PRODUCE = 0;
/** From this version on the topic is named by its id. */
const BY_ID = 13;

/** Versions below 13 name the topic by its name: they cannot tell a recreated one. */
export function produceRequest(
  topic: string,
  topicId: string,
  batches: ReadonlyMap<number, Buffer>,
  timeoutMs: number,
): KafkaRequest<readonly Produced[]> {
  const ALL_IN_SYNC = -1;
  return {
    apiKey: PRODUCE,
    versions: { min: 9, max: BY_ID },
    waitMs: timeoutMs,
    body(version) {
      return Writer.create()
        .appendString(null)
        .appendInt16(ALL_IN_SYNC)
        .appendInt32(timeoutMs)
        .appendArray([topicId], (to) => {
          if (version >= BY_ID) to.appendUUID(topicId);
          else to.appendString(topic);
          to.appendArray([...batches], (_, [partition, batch]) => to.appendInt32(partition).appendBytes(batch));
        })
        .appendTaggedFields();
    },
    read(reply, version) {
      const topics = reply.readArray(() => {
        if (version >= BY_ID) reply.readUUID();
        else reply.readString();
        return reply.readArray(readProduced);
      });
      return topics.flat();
    },
  };
}

function readProduced(reply: Reader): Produced {
  const partition = reply.readInt32();
  const errorCode = reply.readInt16();
  const baseOffset = Number(reply.readInt64());
  // When it was appended, the oldest offset retained.
  reply.readInt64();
  reply.readInt64();
  const [rejected] = reply.readArray(() => {
    reply.readInt32();
    return reply.readNullableString();
  });
  const message = reply.readNullableString() ?? rejected ?? null;
  return { partition, errorCode, baseOffset, message };
}
