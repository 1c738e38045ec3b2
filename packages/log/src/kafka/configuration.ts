/** How Kafka is reached, as the settings say it. No client is loaded for it: a check before the start asks too. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import { listOf } from '@tributary/runtime/config/list-of';
import type { Config } from '@tributary/runtime/config/read-config';
import { quoted } from '@tributary/runtime/config/setting';
import { whyUnreadable } from '@tributary/runtime/config/unreadable';
import { type EVENT_LOG_SETTINGS, SASL_MECHANISMS } from '../settings.ts';
import type { KafkaConfiguration } from './settings.ts';

export type EventLogSettings = Config<typeof EVENT_LOG_SETTINGS>;

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
