/** Where the log lies, and how Kafka is reached: the one table. It is read without a client of Redis or Kafka. */
import { listOf } from '@tributary/runtime/config/list-of';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import type { Value, Values, Wrong } from '@tributary/runtime/config/setting';

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Who names a file or a password means to be protected: without the setting that makes use of it, nothing would be. */
function onlyWithTls(value: Value, { kafkaSsl }: Values): Wrong | undefined {
  if (value === '' || kafkaSsl === true) return undefined;
  return { must: 'come with TRIBUTARY_KAFKA_SSL=true', fix: 'Set that too, or leave this one out.' };
}

function onlyWithSasl(value: Value, { kafkaSaslMechanism }: Values): Wrong | undefined {
  if (value === '' || kafkaSaslMechanism !== '') return undefined;
  const must = `come with TRIBUTARY_KAFKA_SASL_MECHANISM (${SASL_MECHANISMS.join(', ')})`;
  return { must, fix: 'Set that too, or leave this one out.' };
}

function together(value: Value, other: Value | undefined, name: string): Wrong | undefined {
  if (value === '' || other !== '') return undefined;
  return { must: `come with ${name}`, fix: 'Name both files, or none.' };
}

/** At each start: left on, it would stand ready for a loss that its operator does not know of. */
export const RESTORE_IS_ON =
  'TRIBUTARY_RESTORE_LOST_LOG=true is for one start. Leave it out from the next one on: with it on, a second lost log is refused.';

export const EVENT_LOG_SETTINGS = {
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
    why: 'for one start after Redis was lost: creates its log again, to begin where the archive ends. What was not archived yet stays lost',
  },
  kafkaBrokers: {
    type: 'string',
    default: '',
    why: 'host:port of Kafka brokers, comma-separated; "": the log lies in Redis Streams',
    wrong: brokersRule,
  },
  kafkaTopicPrefix: {
    type: 'string',
    default: 'tributary',
    why: 'topics are <prefix>.events and <prefix>.outputs',
    wrong: topicPrefixRule,
  },
  kafkaReplication: {
    type: 'int',
    default: 1,
    min: 1,
    max: 9,
    unit: 'replicas',
    why: 'copies of a topic that a role creates; a write is acknowledged by all of them but one',
  },
  kafkaRetentionHours: {
    type: 'int',
    default: 0,
    max: 24 * 3650,
    unit: 'h',
    why: 'of a topic that a role creates; longer than every reader may be down. 0: kept until archived and read',
  },
  kafkaSsl: { type: 'bool', default: false, why: 'TLS to the brokers' },
  kafkaSslCaFile: {
    type: 'string',
    default: '',
    why: 'PEM file of the brokers\' certificate authority; "": the machine\'s own',
    beside: onlyWithTls,
  },
  kafkaSslCertFile: {
    type: 'string',
    default: '',
    why: 'PEM file of the certificate that we show; "": none',
    beside: (value, all) => onlyWithTls(value, all) ?? together(value, all['kafkaSslKeyFile'], 'TRIBUTARY_KAFKA_SSL_KEY_FILE'),
  },
  kafkaSslKeyFile: {
    type: 'string',
    default: '',
    why: 'PEM file of its key',
    beside: (value, all) => onlyWithTls(value, all) ?? together(value, all['kafkaSslCertFile'], 'TRIBUTARY_KAFKA_SSL_CERT_FILE'),
  },
  kafkaSaslMechanism: {
    type: 'string',
    default: '',
    oneOf: SASL_MECHANISMS,
    why: 'plain, scram-sha-256 or scram-sha-512; "": no SASL',
    beside: (value, { kafkaSaslUsername, kafkaSaslPassword }) => {
      if (value === '' || (kafkaSaslUsername !== '' && kafkaSaslPassword !== '')) return undefined;
      const [missing, what] = kafkaSaslUsername === '' ? ['USERNAME', 'Name the user'] : ['PASSWORD', 'Give the password'];
      return { must: `come with TRIBUTARY_KAFKA_SASL_${missing}`, fix: `${what}, or leave the mechanism out.` };
    },
  },
  kafkaSaslUsername: { type: 'string', default: '', why: 'SASL user', beside: onlyWithSasl },
  kafkaSaslPassword: {
    type: 'string',
    default: '',
    why: 'SASL password; rather in the environment than as a flag',
    beside: onlyWithSasl,
    shown: () => 'a password that is not shown',
  },
} as const satisfies ConfigTable;

/** For the log of outputs, which the speed layer alone writes. */
export const OUTPUT_LOG_SETTINGS = {
  outputRetentionMinutes: {
    type: 'int',
    default: 60,
    min: 1,
    max: 60 * 24 * 365,
    unit: 'min',
    why: 'what the output log keeps: in the memory of Redis, or in the topic that a role creates on Kafka',
  },
} as const satisfies ConfigTable;

function brokersRule(text: string): Wrong | undefined {
  const isBroker = (item: string) => {
    const [, port] = /^(?:[^\s:/@\p{C}]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/u.exec(item) ?? [];
    return port !== undefined && Number(port) > 0 && Number(port) < 65_536;
  };
  // Commas alone name none: who looks at the text would take the log to be in Kafka, who looks at the list in Redis.
  if (listOf(text).length > 0 && listOf(text).every(isBroker)) return undefined;
  return {
    must: 'be host:port of one or more brokers, separated by commas',
    fix: 'Write it as broker-1:9092,broker-2:9092.',
  };
}

function topicPrefixRule(text: string): Wrong | undefined {
  if (/^[A-Za-z0-9._-]{1,200}$/.test(text)) return undefined;
  return { must: 'hold only letters, digits, ".", "_" and "-", at most 200 of them', fix: 'Leave the other characters out.' };
}
