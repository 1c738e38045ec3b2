/** Where the log lies, by configuration: Kafka where brokers are named, else the Redis Streams of one machine. */

import { lookForLog } from '@tributary/runtime/event-log/lost';
import { type EventLogNote, eventLogNote } from '@tributary/runtime/event-log/note';
import { connectRedis, REDIS_WAIT_MS, whenWritable } from '@tributary/runtime/redis/connect';
import type { Redis } from 'ioredis';
import { type EventLogSettings, kafkaConfiguration } from './kafka/configuration.ts';
import type { KafkaConfiguration } from './kafka/settings.ts';

/** As `openEventLog` takes it. */
export interface EventLogConfiguration {
  readonly kafka: KafkaConfiguration | null;
  readonly redis: () => { readonly commands: Redis; readonly blocking: Redis };
  readonly partitions: number;
  /** Which log of events this platform is built upon. */
  readonly note?: EventLogNote;
  /** For Redis: a noted log that is not there is created again under its identity. */
  readonly restore?: boolean;
}

/** Connects to Redis when the log lies there, and waits until it answers; the log takes these connections over. Throws `invalid_config`. */
export async function eventLogConfiguration(
  config: EventLogSettings & { readonly redisUrl: string; readonly dataDir: string },
  role: string,
  onError: (error: Error) => void,
  signal?: AbortSignal,
): Promise<EventLogConfiguration> {
  const { partitions } = config;
  const kafka = kafkaConfiguration(config, role);
  const unused = () => {
    throw new Error('the log lies in Kafka');
  };
  if (kafka !== null) {
    const hint = 'look at TRIBUTARY_KAFKA_BROKERS and TRIBUTARY_KAFKA_TOPIC_PREFIX';
    const note = eventLogNote(config.dataDir, `${kafka.topicPrefix}.events`, hint, partitions);
    return { kafka, redis: unused, partitions, note };
  }
  const commands = connectRedis(config.redisUrl, 'commit', onError);
  const blocking = connectRedis(config.redisUrl, 'blocking', onError);
  await Promise.all([commands, blocking].map((redis) => whenWritable(redis, REDIS_WAIT_MS, signal)));
  const hint =
    'Redis was emptied or is another one, or the data folder is; restore it, or start once with TRIBUTARY_RESTORE_LOST_LOG=true (docs/production.md, "Backup and restore")';
  const { known, note } = eventLogNote(config.dataDir, 'in Redis', hint, partitions);
  const lost = await lookForLog(commands, {
    dataDir: config.dataDir,
    known,
    restore: config.restoreLostLog,
    role,
    now: Date.now,
  });
  const notes: EventLogNote = {
    known,
    note(identity) {
      note(identity);
      lost.opened();
    },
  };
  return { kafka, redis: () => ({ commands, blocking }), partitions, note: notes, restore: lost.mayRestore };
}
