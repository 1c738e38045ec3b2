/**
 * Sends groups of appends: one group at a time, one produce request to each leader, one record batch to each partition.
 * The reply must name every partition that was sent. What has no reply has an unknown outcome: it is rejected with
 * `log_unavailable` and never sent again from here.
 */
import { TributaryError } from '@tributary/model/errors';
import { type Append, type AppendLimits, createAppendQueue } from '../append-queue.ts';
import type { LogRecord, Position } from '../port.ts';
import type { Connections } from './connections.ts';
import { asLogError, CODE, isMoved, isUnknownTopic, unavailable } from './errors.ts';
import { type EnvelopeOf, positionOf } from './layout.ts';
import { encodeBatch } from './record-batch.ts';
import { type Produced, produceRequest } from './requests.ts';
import type { Led, Topic } from './topic.ts';
import { type Encoded, type Wave, wavesOf } from './waves.ts';

export interface Appender {
  append(partition: number, record: LogRecord): Promise<Position>;
  close(): Promise<void>;
}

export interface AppenderOptions {
  readonly topic: Topic;
  readonly connections: Connections;
  readonly envelopeOf: EnvelopeOf;
  /** Bytes of one record batch, at most. */
  readonly maxMessageBytes: number;
  readonly limits?: AppendLimits;
  /** How long the leader may wait for its replicas, ms. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** Less than the other adapter's: headers are added to each event. */
export const KAFKA_APPEND_LIMITS: AppendLimits = {
  maxAppends: 10_000,
  maxBytes: 64 * 1024 * 1024,
  groupAppends: 1_000,
  groupBytes: 4 * 1024 * 1024,
};

export function createAppender(options: AppenderOptions): Appender {
  const { topic, connections, envelopeOf, maxMessageBytes, timeoutMs, now } = options;
  let closed = false;
  const queue = createAppendQueue(send, options.limits ?? KAFKA_APPEND_LIMITS);

  async function send(group: readonly Append[]): Promise<void> {
    try {
      const { waves, tooLarge } = wavesOf(group, { topic: topic.name, envelopeOf, maxMessageBytes });
      for (const { append, error } of tooLarge) append.reject(error);
      for (const wave of waves) await sendWave(wave);
    } catch (cause) {
      // A defect here must not leave appends without an answer; those that have one ignore this.
      for (const append of group) append.reject(unavailable('an append failed, the outcome is unknown', cause));
    }
  }

  async function sendWave(wave: Wave): Promise<void> {
    let leaders: ReadonlyMap<number, Led>;
    try {
      await topic.check();
      leaders = await topic.byLeader([...wave.keys()]);
    } catch (cause) {
      const error = asLogError(cause, 'nothing was written') as TributaryError;
      for (const batch of wave.values()) rejectAll(batch, error);
      return;
    }
    await Promise.all([...leaders.values()].map((led) => sendTo(led, wave)));
  }

  async function sendTo({ address, partitions }: Led, wave: Wave): Promise<void> {
    const batchOf = (partition: number) => wave.get(partition) as Encoded[];
    const encoded = new Map<number, Buffer>();
    for (const partition of partitions)
      encoded.set(
        partition,
        encodeBatch(
          batchOf(partition).flatMap(({ messages }) => messages),
          now(),
        ),
      );
    let replies: readonly Produced[];
    try {
      const connection = await connections.to(address);
      replies = await connection.send(produceRequest(topic.name, topic.id, encoded, timeoutMs));
    } catch (cause) {
      // Perhaps the broker is gone for good: the next group asks who leads now.
      topic.refresh().catch(() => {});
      const error = asLogError(cause, 'an append failed, the outcome is unknown') as TributaryError;
      for (const partition of partitions) rejectAll(batchOf(partition), error);
      return;
    }
    const answered = new Map(replies.map((reply) => [reply.partition, reply]));
    for (const partition of partitions) await settle(batchOf(partition), answered.get(partition));
  }

  async function settle(batch: readonly Encoded[], reply: Produced | undefined): Promise<void> {
    if (reply === undefined)
      return rejectAll(batch, unavailable('the broker left an append out of its reply, the outcome is unknown'));
    if (reply.errorCode !== 0) return rejectAll(batch, await refusal(reply));
    if (reply.baseOffset < 0)
      return rejectAll(batch, unavailable('the broker gave no offset of an append, the outcome is unknown'));
    let offset = reply.baseOffset - 1;
    for (const { append, messages } of batch) {
      offset += messages.length;
      append.resolve(positionOf(offset));
    }
  }

  async function refusal({ errorCode, message }: Produced): Promise<TributaryError> {
    if (errorCode === CODE.messageTooLarge || errorCode === CODE.recordListTooLarge)
      return new TributaryError(
        'body_too_large',
        `a log entry must fit into a message of the topic ${topic.name} (got error ${errorCode} of the broker)`,
      );
    const why = message === null ? '' : `: ${message}`;
    const error = unavailable(`an append was refused or is not known to be durable (error ${errorCode}${why})`);
    if (!isMoved(errorCode) && !isUnknownTopic(errorCode)) return error;
    // Asked now, so that a topic made again is named as what it is, and the next group finds the leader.
    return topic.refresh().then(
      () => error,
      (cause: unknown) => asLogError(cause, 'an append was refused') as TributaryError,
    );
  }

  return {
    append(partition, record) {
      if (closed) return Promise.reject(unavailable('it was closed, nothing was written'));
      if (!(Number.isInteger(partition) && partition >= 0 && partition < topic.partitions))
        return Promise.reject(new RangeError(`partition ${partition} of ${topic.partitions}`));
      return queue.append(partition, record);
    },
    async close() {
      closed = true;
      await queue.drained();
    },
  };
}

function rejectAll(batch: readonly Encoded[], error: TributaryError): void {
  for (const { append } of batch) append.reject(error);
}
