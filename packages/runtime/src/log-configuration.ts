/** Where the log lies, by configuration: Kafka where brokers are named, else the Redis Streams of one machine. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import type { Redis } from 'ioredis';
import type { Config, ConfigTable } from './config.ts';
import { type LogNote, logNote } from './log-note.ts';
import { connectRedis, whenReady } from './redis.ts';

export const LOG_CONFIG = {
  partitions: {
    type: 'int',
    default: 16,
    min: 1,
    max: 1024,
    why: 'partitions of the log; fixed when the log is created',
  },
  restoreLostLog: {
    type: 'bool',
    default: false,
    why: 'for one start after Redis was lost: founds its log anew, to begin where the archive ends. What was not archived yet stays lost',
  },
  kafkaBrokers: {
    type: 'string',
    default: '',
    why: 'host:port of Kafka brokers, comma-separated; "": the log lies in Redis Streams',
  },
  kafkaTopicPrefix: { type: 'string', default: 'tributary', why: 'topics are <prefix>.events and <prefix>.outputs' },
  kafkaReplication: {
    type: 'int',
    default: 1,
    min: 1,
    max: 9,
    unit: 'replicas',
    why: 'of a topic that is founded; a write is acknowledged by all of them but one',
  },
  kafkaRetentionHours: {
    type: 'int',
    default: 0,
    max: 24 * 3650,
    unit: 'h',
    why: 'of a topic that is founded; longer than every reader may be down. 0: kept until archived and read',
  },
  kafkaSsl: { type: 'bool', default: false, why: 'TLS to the brokers' },
  kafkaSslCaFile: { type: 'string', default: '', why: 'PEM file of the brokers\' certificate authority; "": the machine\'s own' },
  kafkaSslCertFile: { type: 'string', default: '', why: 'PEM file of the certificate that we show; "": none' },
  kafkaSslKeyFile: { type: 'string', default: '', why: 'PEM file of its key' },
  kafkaSaslMechanism: { type: 'string', default: '', why: 'plain, scram-sha-256 or scram-sha-512; "": no SASL' },
  kafkaSaslUsername: { type: 'string', default: '', why: 'SASL user' },
  kafkaSaslPassword: { type: 'string', default: '', why: 'SASL password; rather in the environment than as a flag' },
} as const satisfies ConfigTable;

type LogConfig = Config<typeof LOG_CONFIG>;

/** As `openEventLog` of the log takes it. */
export interface LogConfiguration {
  readonly kafka: KafkaConfiguration | null;
  readonly redis: () => { readonly commands: Redis; readonly blocking: Redis };
  readonly partitions: number;
  /** Which log of events this platform is built upon. */
  readonly note?: LogNote;
  /** For Redis: a noted log that is not there is founded anew under its identity. */
  readonly restore?: boolean;
}

interface KafkaConfiguration {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: true | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
  readonly topicPrefix: string;
  readonly topic: { readonly replication: number; readonly minInsync: number; readonly retentionMs: number };
}

const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
type SaslMechanism = (typeof SASL_MECHANISMS)[number];

const REDIS_WAIT_MS = 30_000;

/** Connects to Redis when the log lies there, and waits until it answers; the log takes these connections over. Throws `invalid_config`. */
export async function logConfiguration(
  config: LogConfig & { readonly redisUrl: string; readonly dataDir: string },
  role: string,
  onError: (error: Error) => void,
  signal?: AbortSignal,
): Promise<LogConfiguration> {
  const { partitions } = config;
  const kafka = kafkaConfiguration(config, role);
  const unused = () => {
    throw new Error('the log lies in Kafka');
  };
  if (kafka !== null) {
    const hint = 'look at TRIBUTARY_KAFKA_BROKERS and TRIBUTARY_KAFKA_TOPIC_PREFIX';
    const note = logNote(config.dataDir, `${kafka.topicPrefix}.events`, hint);
    return { kafka, redis: unused, partitions, note };
  }
  const commands = connectRedis(config.redisUrl, 'commit', onError);
  const blocking = connectRedis(config.redisUrl, 'blocking', onError);
  await Promise.all([commands, blocking].map((redis) => whenReady(redis, REDIS_WAIT_MS, signal)));
  const hint =
    'Redis was emptied or is another one, or the data folder is; restore it, or start once with TRIBUTARY_RESTORE_LOST_LOG=true (docs/production.md, "Backup and restore")';
  const note = logNote(config.dataDir, 'in Redis', hint);
  return { kafka, redis: () => ({ commands, blocking }), partitions, note, restore: config.restoreLostLog };
}

export function kafkaConfiguration(config: LogConfig, role: string): KafkaConfiguration | null {
  const brokers = config.kafkaBrokers
    .split(',')
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');
  if (brokers.length === 0) return null;
  const wrong = brokers.find((broker) => !/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker));
  if (wrong !== undefined) throw invalid(`TRIBUTARY_KAFKA_BROKERS is a list of host:port, got ${JSON.stringify(wrong)}`);
  const { kafkaReplication: replication, kafkaRetentionHours: hours } = config;
  if (!/^[A-Za-z0-9._-]{1,200}$/.test(config.kafkaTopicPrefix))
    throw invalid(
      `TRIBUTARY_KAFKA_TOPIC_PREFIX holds letters, digits, ".", "_" and "-", got ${JSON.stringify(config.kafkaTopicPrefix)}`,
    );
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

function sslOf(config: LogConfig): Pick<KafkaConfiguration, 'ssl'> {
  const { kafkaSsl, kafkaSslCaFile: ca, kafkaSslCertFile: cert, kafkaSslKeyFile: key } = config;
  if (!kafkaSsl) {
    refuseAlone('TRIBUTARY_KAFKA_SSL_CA_FILE', ca, 'TRIBUTARY_KAFKA_SSL=true');
    refuseAlone('TRIBUTARY_KAFKA_SSL_CERT_FILE', cert, 'TRIBUTARY_KAFKA_SSL=true');
    refuseAlone('TRIBUTARY_KAFKA_SSL_KEY_FILE', key, 'TRIBUTARY_KAFKA_SSL=true');
    return {};
  }
  if ((cert === '') !== (key === ''))
    throw invalid('TRIBUTARY_KAFKA_SSL_CERT_FILE and TRIBUTARY_KAFKA_SSL_KEY_FILE belong together: name both or none');
  if (ca === '' && cert === '') return { ssl: true };
  return {
    ssl: {
      ...(ca === '' ? {} : { ca: pem(ca, 'TRIBUTARY_KAFKA_SSL_CA_FILE') }),
      ...(cert === '' ? {} : { cert: pem(cert, 'TRIBUTARY_KAFKA_SSL_CERT_FILE'), key: pem(key, 'TRIBUTARY_KAFKA_SSL_KEY_FILE') }),
    },
  };
}

function saslOf({ kafkaSaslMechanism, kafkaSaslUsername, kafkaSaslPassword }: LogConfig): Pick<KafkaConfiguration, 'sasl'> {
  if (kafkaSaslMechanism === '') {
    const needed = `TRIBUTARY_KAFKA_SASL_MECHANISM (${SASL_MECHANISMS.join(', ')})`;
    refuseAlone('TRIBUTARY_KAFKA_SASL_USERNAME', kafkaSaslUsername, needed);
    refuseAlone('TRIBUTARY_KAFKA_SASL_PASSWORD', kafkaSaslPassword && '…', needed);
    return {};
  }
  const mechanism = SASL_MECHANISMS.find((known) => known === kafkaSaslMechanism);
  if (mechanism === undefined)
    throw invalid(`TRIBUTARY_KAFKA_SASL_MECHANISM is one of ${SASL_MECHANISMS.join(', ')}, got "${kafkaSaslMechanism}"`);
  if (kafkaSaslUsername === '') throw invalid('TRIBUTARY_KAFKA_SASL_USERNAME is missing: SASL needs a user');
  return { sasl: { mechanism, username: kafkaSaslUsername, password: kafkaSaslPassword } };
}

/** Who names a file or a password means to be protected: without the setting that makes use of it, nothing would be. */
function refuseAlone(name: string, value: string, needed: string): void {
  if (value === '') return;
  throw invalid(`${name} must come with ${needed} (got ${JSON.stringify(value)} without it). Set it, or take ${name} away.`);
}

function pem(file: string, setting: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TributaryError('invalid_config', `${setting}: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): TributaryError {
  return new TributaryError('invalid_config', message);
}
