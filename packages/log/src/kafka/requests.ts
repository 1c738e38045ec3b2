/** The requests that the log makes, in the versions that name a topic by its id (KIP-516) where there is one. */
import { type ByteReader, byteWriter, type Uuid } from './bytes.ts';
import type { KafkaRequest } from './connection.ts';

export interface Metadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly controllerId: number;
  readonly errorCode: number;
  readonly topicId: Uuid;
  readonly partitions: readonly {
    readonly errorCode: number;
    readonly partition: number;
    readonly leader: number;
    readonly replicas: number;
  }[];
}

const NO_ID: Uuid = '0'.repeat(32);

export function metadataRequest(topic: string): KafkaRequest<Metadata> {
  return {
    apiKey: 3,
    name: 'Metadata',
    versions: { min: 12, max: 12 },
    body() {
      const to = byteWriter();
      to.list([topic], (name) => to.uuid(NO_ID).text(name).noTags());
      // Neither create it nor tell what may be done with it.
      return to.int8(0).int8(0).noTags().done();
    },
    read: (reply) => readMetadata(reply),
  };
}

function readMetadata(reply: ByteReader): Metadata {
  reply.int32();
  const brokers = reply.list(() => {
    const broker = { nodeId: reply.int32(), host: reply.text() ?? '', port: reply.int32() };
    reply.text();
    reply.skipTags();
    return broker;
  });
  reply.text();
  const controllerId = reply.int32();
  const [topic] = reply.list(() => {
    const errorCode = reply.int16();
    reply.text();
    const topicId = reply.uuid();
    reply.int8();
    const partitions = reply.list(() => {
      const led = { errorCode: reply.int16(), partition: reply.int32(), leader: reply.int32() };
      reply.int32();
      const [replicas = []] = ['replicas', 'in sync', 'offline'].map(() => reply.list(() => reply.int32()));
      reply.skipTags();
      return { ...led, replicas: replicas.length };
    });
    reply.int32();
    reply.skipTags();
    return { errorCode, topicId, partitions };
  });
  if (topic === undefined) throw new Error('the reply to Metadata names no topic');
  return { brokers, controllerId, ...topic };
}

export interface FetchFrom {
  readonly partition: number;
  readonly offset: number;
  /** Of its batches, at the most; less than the first batch gives nothing, but for the first partition of the request. */
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
export function fetchRequest(topicId: Uuid, from: readonly FetchFrom[], limits: FetchLimits): KafkaRequest<Fetched> {
  const READ_COMMITTED = 1;
  return {
    apiKey: 1,
    name: 'Fetch',
    versions: { min: 13, max: 13 },
    waitMs: limits.waitMs,
    body() {
      const to = byteWriter();
      to.int32(-1).int32(limits.waitMs).int32(1).int32(limits.replyBytes).int8(READ_COMMITTED);
      // Without a session: every request names all partitions.
      to.int32(0).int32(-1);
      to.list([topicId], (id) => {
        to.uuid(id);
        to.list(from, ({ partition, offset, maxBytes }) =>
          to.int32(partition).int32(-1).int64(offset).int32(-1).int64(-1).int32(maxBytes).noTags(),
        ).noTags();
      });
      return to
        .list([], () => {})
        .text('')
        .noTags()
        .done();
    },
    read(reply) {
      reply.int32();
      const errorCode = reply.int16();
      reply.int32();
      const topics = reply.list(() => {
        reply.uuid();
        const partitions = reply.list(() => readFetched(reply));
        reply.skipTags();
        return partitions;
      });
      return { errorCode, partitions: topics.flat() };
    },
  };
}

function readFetched(reply: ByteReader): FetchedPartition {
  const partition = reply.int32();
  const errorCode = reply.int16();
  reply.int64();
  reply.int64();
  const logStart = reply.int64();
  const aborted = reply.list(() => {
    const transaction = { producerId: reply.int64(), firstOffset: reply.int64() };
    reply.skipTags();
    return transaction;
  });
  reply.int32();
  const records = reply.bytes();
  reply.skipTags();
  return { partition, errorCode, logStart, aborted, records };
}

export interface Produced {
  readonly partition: number;
  readonly errorCode: number;
  /** Offset of the first message of the batch. */
  readonly baseOffset: number;
  readonly message: string | null;
}

/** Versions below 13 name the topic by its name: they cannot tell a recreated one. */
export function produceRequest(
  topic: string,
  topicId: Uuid,
  batches: ReadonlyMap<number, Buffer>,
  timeoutMs: number,
): KafkaRequest<readonly Produced[]> {
  const ALL_IN_SYNC = -1;
  return {
    apiKey: 0,
    name: 'Produce',
    versions: { min: 9, max: 13 },
    waitMs: timeoutMs,
    body(version) {
      const to = byteWriter();
      to.text(null).int16(ALL_IN_SYNC).int32(timeoutMs);
      to.list([topicId], (id) => {
        if (version >= 13) to.uuid(id);
        else to.text(topic);
        to.list([...batches], ([partition, batch]) => to.int32(partition).bytes(batch).noTags()).noTags();
      });
      return to.noTags().done();
    },
    read(reply, version) {
      return reply
        .list(() => {
          if (version >= 13) reply.uuid();
          else reply.text();
          const partitions = reply.list(() => readProduced(reply));
          reply.skipTags();
          return partitions;
        })
        .flat();
    },
  };
}

function readProduced(reply: ByteReader): Produced {
  const partition = reply.int32();
  const errorCode = reply.int16();
  const baseOffset = reply.int64();
  reply.int64();
  reply.int64();
  const [rejected] = reply.list(() => {
    reply.int32();
    const message = reply.text();
    reply.skipTags();
    return message;
  });
  const message = reply.text() ?? rejected ?? null;
  reply.skipTags();
  return { partition, errorCode, baseOffset, message };
}

export const EARLIEST = -2;
export const LATEST = -1;

export interface ListedOffset {
  readonly partition: number;
  readonly errorCode: number;
  readonly offset: number;
}

export function listOffsetsRequest(
  topic: string,
  partitions: readonly number[],
  which: typeof EARLIEST | typeof LATEST,
): KafkaRequest<readonly ListedOffset[]> {
  return {
    apiKey: 2,
    name: 'ListOffsets',
    versions: { min: 6, max: 7 },
    body() {
      const to = byteWriter();
      to.int32(-1).int8(0);
      to.list([topic], (name) => {
        to.text(name);
        to.list(partitions, (partition) => to.int32(partition).int32(-1).int64(which).noTags()).noTags();
      });
      return to.noTags().done();
    },
    read(reply) {
      reply.int32();
      return reply
        .list(() => {
          reply.text();
          const listed = reply.list(() => {
            const partition = reply.int32();
            const errorCode = reply.int16();
            reply.int64();
            const offset = reply.int64();
            reply.int32();
            reply.skipTags();
            return { partition, errorCode, offset };
          });
          reply.skipTags();
          return listed;
        })
        .flat();
    },
  };
}

/** Drops what lies before the offset. */
export function deleteRecordsRequest(topic: string, partition: number, before: number, timeoutMs: number): KafkaRequest<number> {
  return {
    apiKey: 21,
    name: 'DeleteRecords',
    versions: { min: 2, max: 2 },
    waitMs: timeoutMs,
    body() {
      const to = byteWriter();
      to.list([topic], (name) => {
        to.text(name);
        to.list([partition], (index) => to.int32(index).int64(before).noTags()).noTags();
      });
      return to.int32(timeoutMs).noTags().done();
    },
    read(reply) {
      reply.int32();
      const [code] = reply
        .list(() => {
          reply.text();
          const codes = reply.list(() => {
            reply.int32();
            reply.int64();
            const errorCode = reply.int16();
            reply.skipTags();
            return errorCode;
          });
          reply.skipTags();
          return codes;
        })
        .flat();
      if (code === undefined) throw new Error('the reply to DeleteRecords names no partition');
      return code;
    },
  };
}
