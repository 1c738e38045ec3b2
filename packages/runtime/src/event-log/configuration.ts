/** Where the log lies, by configuration: Kafka where brokers are named, else the Redis Streams of one machine. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import type { Redis } from 'ioredis';
import type { Config } from '../config/read-config.ts';
import { quoted } from '../config/setting.ts';
import { whyUnreadable } from '../config/unreadable.ts';
import { connectRedis, REDIS_WAIT_MS, whenWritable } from '../redis/connect.ts';
import { type EVENT_LOG_SETTINGS, SASL_MECHANISMS } from '../settings/event-log.ts';
import { listOf } from '../settings/text-rules.ts';
import type { KafkaConfiguration } from './kafka-settings.ts';
import { lookForLog } from './lost.ts';
import { type EventLogNote, eventLogNote } from './note.ts';

export { EVENT_LOG_SETTINGS } from '../settings/event-log.ts';

type EventLogSettings = Config<typeof EVENT_LOG_SETTINGS>;

/** As `openEventLog` of the log takes it. */
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

/** Null where no broker is named. The table has refused what does not fit together; a PEM file that cannot be read throws. */
export function kafkaConfiguration(config: EventLogSettings, role: string): KafkaConfiguration | null {
  const brokers = listOf(config.kafkaBrokers);
  if (brokers.length === 0) return null;
  const { kafkaReplication: replication, kafkaRetentionHours: hours } = config;
  return {
    brokers,
    clientId: `tributary-${role}`,
    ...sslOf(config),
    ...saslOf(config),
    topicPrefix: config.kafkaTopicPrefix,
    // One replica may be away, for an upgrade or for good, and every acknowledged write is still on another.
    topic: { replication, minInsync: Math.max(1, replication - 1), retentionMs: hours === 0 ? -1 : hours * HOUR_MS },
  };
}

function sslOf(config: EventLogSettings): Pick<KafkaConfiguration, 'ssl'> {
  const { kafkaSsl, kafkaSslCaFile: ca, kafkaSslCertFile: cert, kafkaSslKeyFile: key } = config;
  if (!kafkaSsl) return {};
  if (ca === '' && cert === '') return { ssl: true };
  return {
    ssl: {
      ...(ca === '' ? {} : { ca: pem(ca, 'TRIBUTARY_KAFKA_SSL_CA_FILE') }),
      ...(cert === '' ? {} : { cert: pem(cert, 'TRIBUTARY_KAFKA_SSL_CERT_FILE'), key: pem(key, 'TRIBUTARY_KAFKA_SSL_KEY_FILE') }),
    },
  };
}

function saslOf({
  kafkaSaslMechanism,
  kafkaSaslUsername,
  kafkaSaslPassword,
}: EventLogSettings): Pick<KafkaConfiguration, 'sasl'> {
  const mechanism = SASL_MECHANISMS.find((known) => known === kafkaSaslMechanism);
  return mechanism === undefined ? {} : { sasl: { mechanism, username: kafkaSaslUsername, password: kafkaSaslPassword } };
}

function pem(file: string, setting: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('-----BEGIN ')) return text;
  } catch (cause) {
    throw invalid(
      `${setting} must be a file that can be read (got ${quoted(file)}: ${whyUnreadable(cause)}). Correct the path, or its permissions.`,
      cause,
    );
  }
  throw invalid(`${setting} must be a PEM file (got ${quoted(file)}, which has no "-----BEGIN"). Convert it to PEM.`);
}

function invalid(message: string, cause?: unknown): TributaryError {
  return new TributaryError('invalid_config', message, { cause });
}
