/** The log that a process was configured with: Kafka where its brokers are named, else the Redis Streams of one machine. */

import { logNamespace } from '@tributary/runtime/event-log/keys';
import type { Redis } from 'ioredis';
import type { EnvelopeOf } from './kafka/layout.ts';
import type { KafkaConfiguration, TopicSettings } from './kafka/settings.ts';
import type { EventLog } from './port.ts';

export interface KafkaLogConfiguration extends Omit<KafkaConfiguration, 'topic'> {
  readonly topic?: TopicSettings;
  readonly durability?: 'checked' | 'managed';
  /** For a look from outside: a topic that is not there is not created. */
  readonly mustExist?: boolean;
}

export interface OpenLogOptions {
  /** null: Redis. */
  readonly kafka: KafkaLogConfiguration | null;
  /** Asked for connections when the log lies in Redis only; the log takes them over. `commands`: see `openRedisStreamLog`. */
  readonly redis: () => { readonly commands: Redis; readonly blocking: Redis };
  /** `events`: what is collected. `outputs`: what the speed layer sends out. */
  readonly name: 'events' | 'outputs';
  readonly partitions: number;
  readonly now: () => number;
  /** For Redis: entries older than this go. In Kafka the topic says what it keeps. */
  readonly retentionMs?: number;
  /** For the events: the log that is known is opened, never created again; an unknown one is noted. `note` may throw. */
  readonly note?: { readonly known: string | null; note(identity: string): void };
  /** For Redis: a known log that is not there is created again under its identity; the archive holds what it held. */
  readonly restore?: boolean;
  /** For Kafka: what other tools see of a line; by default a CloudEvent about an event. */
  readonly envelope?: EnvelopeOf;
  readonly onRewound?: (partition: number, id: string) => void;
}

/** Throws `not_durable`, `partition_mismatch`, `log_unavailable`, `invalid_config`, and `log_recreated` where another log is noted. */
export async function openEventLog(options: OpenLogOptions): Promise<EventLog> {
  const { kafka, name, partitions, now, envelope, onRewound, retentionMs } = options;
  // Loaded when needed: one machine needs no client of Kafka, and many machines no stream of Redis.
  const note = name === 'events' ? options.note : undefined;
  const known = typeof note?.known === 'string';
  if (kafka === null) {
    const { openRedisStreamLog } = await import('./redis-stream/redis-stream-log.ts');
    const log = await openRedisStreamLog({
      ...options.redis(),
      namespace: logNamespace(name),
      partitions,
      now,
      ...(known && options.restore && { newIdentity: () => note?.known as string }),
      ...(known && !options.restore && { mustExist: true }),
      ...(onRewound && { onRewound }),
      ...(retentionMs && { retentionMs }),
    });
    return noted(log, note);
  }
  const { openKafkaLog } = await import('./kafka/kafka-log.ts');
  const { named } = await import('./kafka/refused.ts');
  const { topicPrefix, topic, durability, mustExist, ...settings } = kafka;
  const log = await openKafkaLog({
    kafka: settings,
    topic: `${topicPrefix}.${name}`,
    partitions,
    now,
    ...(topic && { settings: topic }),
    ...(durability && { durability }),
    ...((mustExist || known) && { mustExist: true }),
    ...(envelope && { envelope }),
  }).catch((error: unknown) => {
    throw named(error, settings);
  });
  return noted(log, note);
}

async function noted(log: EventLog, note: OpenLogOptions['note']): Promise<EventLog> {
  try {
    note?.note(log.identity);
  } catch (error) {
    await log.close();
    throw error;
  }
  return log;
}
