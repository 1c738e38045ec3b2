/**
 * The log on Apache Kafka: what many machines run. One topic; `layout.ts` says how it lies there. Kafka keeps what it
 * acknowledges on `minInsync` replicas, not on their disks: see docs/decisions/0010.
 *
 * What it cannot notice: a partition that lost its tail and grew past a reader's position again before the next read
 * (an unclean election, which opening refuses, or a broker with a restored disk).
 */
import { TributaryError } from '@tributary/model/errors';
import { patience } from '@tributary/runtime/wait';
import type { AppendLimits } from '../append-queue.ts';
import type { EventLog, Position } from '../port.ts';
import { createAppender } from './appender.ts';
import type { Address } from './connection.ts';
import { createConnections } from './connections.ts';
import { createTopic } from './create-topic.ts';
import { ENTRY_LIMITS, type EntryLimits } from './entries.ts';
import { asLogError, unavailable } from './errors.ts';
import { firstMessageMs } from './first-message.ts';
import { type EnvelopeOf, eventEnvelope, offsetOf, positionOf } from './layout.ts';
import { commitProgress } from './progress.ts';
import { createReader } from './reader.ts';
import type { KafkaSettings, TopicSettings } from './settings.ts';
import { ASK_EVERY_MS, watchTopic } from './topic.ts';
import { deleteRecordsRequest, EARLIEST, LATEST, listOffsetsRequest } from './topic-requests.ts';

export interface KafkaLogOptions {
  readonly kafka: KafkaSettings;
  readonly topic: string;
  readonly partitions: number;
  /** For a topic that is not there yet; by default one replica and no retention by time. */
  readonly settings?: TopicSettings;
  readonly now: () => number;
  /** `managed`: the operator vouches for a topic whose settings are hidden or break the rules. */
  readonly durability?: 'checked' | 'managed';
  /** Opens a topic that is there, and creates none. */
  readonly mustExist?: boolean;
  /** What other tools see of a line; by default a CloudEvent. */
  readonly envelope?: EnvelopeOf;
  readonly entryLimits?: EntryLimits;
  readonly appendLimits?: AppendLimits;
  readonly appendTimeoutMs?: number;
}

export const TOPIC_SETTINGS: TopicSettings = { replication: 1, minInsync: 1, retentionMs: -1 };
const APPEND_TIMEOUT_MS = 5_000;
const LED_MS = 15_000;
const TRIM_TIMEOUT_MS = 5_000;

/**
 * Opens the log, creating its topic if there is none.
 * Throws `not_durable`, `partition_mismatch`, `log_unavailable`, `invalid_config`.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const { kafka, partitions, now } = options;
  const bootstrap = kafka.brokers.map(addressOf);
  const connections = createConnections(kafka);
  const base = { name: options.topic, partitions, connections, bootstrap };
  const settings = options.settings ?? TOPIC_SETTINGS;
  const { metadata, isNew, maxMessageBytes } = await createTopic({
    ...base,
    settings,
    durability: options.durability ?? 'checked',
    mustExist: options.mustExist ?? false,
  }).catch((error: unknown) => {
    connections.closeAll();
    throw asLogError(error, 'it could not be opened');
  });
  const topic = watchTopic(base, metadata);
  /** Appends have connections of their own: a trim or a question about the ends does not hold up appends. */
  const appends = createConnections(kafka);
  const appender = createAppender({
    topic,
    connections: appends,
    envelopeOf: options.envelope ?? eventEnvelope,
    maxMessageBytes,
    timeoutMs: options.appendTimeoutMs ?? APPEND_TIMEOUT_MS,
    now,
    ...(options.appendLimits && { limits: options.appendLimits }),
  });
  const reader = createReader({ topic, kafka, entryLimits: options.entryLimits ?? ENTRY_LIMITS });
  const all = Array.from({ length: partitions }, (_, partition) => partition);

  /** The positions before the offsets: of the newest message, or of the newest one that was dropped. */
  async function positionsBefore(which: typeof EARLIEST | typeof LATEST): Promise<(Position | null)[]> {
    // These requests name the topic by its name only.
    await topic.refresh();
    const positions: (Position | null)[] = Array.from(all, () => null);
    for (const { address, partitions: led } of (await topic.byLeader(all)).values()) {
      const connection = await connections.to(address);
      for (const { partition, errorCode, offset } of await connection.send(listOffsetsRequest(topic.name, led, which))) {
        if (errorCode !== 0) throw unavailable(`the offsets of partition ${partition} are not known (error ${errorCode})`);
        positions[partition] = offset === 0 ? null : positionOf(offset - 1);
      }
    }
    return positions;
  }

  async function ageAfter(after: ReadonlyMap<number, Position | null>): Promise<ReadonlyMap<number, number>> {
    await topic.refresh();
    const ages = new Map<number, number>();
    for (const { address, partitions: led } of (await topic.byLeader([...after.keys()])).values()) {
      const connection = await connections.to(address);
      for (const partition of led) {
        const position = after.get(partition) ?? null;
        const atMs = await firstMessageMs(topic, connection, partition, position === null ? null : offsetOf(position) + 1);
        if (atMs !== null) ages.set(partition, now() - atMs);
      }
    }
    return ages;
  }

  /** A broker is named as the leader before it knows that it is: until then it refuses appends. */
  async function untilLed(): Promise<void> {
    const more = patience(LED_MS, ASK_EVERY_MS);
    for (;;) {
      try {
        return void (await positionsBefore(LATEST));
      } catch (error) {
        if (!(await more())) throw error;
      }
    }
  }

  async function close(): Promise<void> {
    reader.close();
    await appender.close();
    appends.closeAll();
    connections.closeAll();
  }

  async function trim(partition: number, upTo: Position): Promise<void> {
    await topic.refresh();
    for (const { address } of (await topic.byLeader([partition])).values()) {
      const connection = await connections.to(address);
      const code = await connection.send(deleteRecordsRequest(topic.name, partition, offsetOf(upTo) + 1, TRIM_TIMEOUT_MS));
      if (code !== 0) throw unavailable(`a trim of partition ${partition} failed (error ${code}); trimming again is safe`);
    }
  }

  if (isNew)
    await untilLed().catch(async (error: unknown) => {
      await close();
      throw asLogError(error, 'it could not be opened');
    });
  return {
    identity: topic.id,
    partitions,
    mayMisplace: true,
    append: appender.append,
    read: reader.read,
    ends: () =>
      positionsBefore(LATEST).catch((error: unknown) => Promise.reject(asLogError(error, 'its ends could not be read'))),
    starts: () =>
      positionsBefore(EARLIEST).catch((error: unknown) => Promise.reject(asLogError(error, 'its starts could not be read'))),
    async ageAfter(after) {
      for (const partition of after.keys())
        if (!all.includes(partition)) throw new RangeError(`partition ${partition} of ${partitions}`);
      return ageAfter(after).catch((error: unknown) => Promise.reject(asLogError(error, 'how old its entries are is not known')));
    },
    async trim(partition, upTo) {
      if (!all.includes(partition)) throw new RangeError(`partition ${partition} of ${partitions}`);
      await trim(partition, upTo).catch((error: unknown) =>
        Promise.reject(asLogError(error, 'a trim failed; trimming again is safe')),
      );
    },
    async reportProgress(group, positions) {
      const [led] = (await topic.byLeader([0])).values();
      if (led === undefined || positions.size === 0) return;
      await commitProgress(connections, led.address, topic.name, group, positions).catch((error: unknown) =>
        Promise.reject(asLogError(error, 'the progress of readers was not noted')),
      );
    },
    close,
  };
}

function addressOf(broker: string): Address {
  const colon = broker.lastIndexOf(':');
  const port = Number(broker.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TributaryError(
      'invalid_config',
      `TRIBUTARY_KAFKA_BROKERS must be addresses such as kafka-1:9092 (got "${broker}"). Write host:port.`,
    );
  return { host: broker.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port };
}
