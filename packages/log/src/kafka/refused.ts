/** What brokers refuse of how they are reached, in the words of the settings: waiting does not change it. */
import { TributaryError } from '@tributary/model/errors';
import type { KafkaSettings } from './settings.ts';

interface Rule {
  readonly when: RegExp;
  readonly sentence: (settings: KafkaSettings, why: string) => string;
}

const userOf = ({ sasl }: KafkaSettings) => JSON.stringify(sasl?.username ?? '');

const RULES: readonly Rule[] = [
  {
    when: /it speaks TLS, which was not asked for/,
    sentence: ({ brokers }) =>
      `TRIBUTARY_KAFKA_SSL must be true: ${brokers.join(',')} speaks TLS (got false). Set it, and TRIBUTARY_KAFKA_SSL_CA_FILE where the authority is your own.`,
  },
  {
    when: /does not support the requested SASL mechanism/,
    sentence: ({ sasl }) =>
      `TRIBUTARY_KAFKA_SASL_MECHANISM must be one that the brokers offer (got ${JSON.stringify(sasl?.mechanism)}). Write another one, or enable it there.`,
  },
  {
    when: /not valid given the current SASL state/,
    sentence: ({ sasl }) =>
      `TRIBUTARY_KAFKA_SASL_MECHANISM must be left out: this port of the brokers takes no login (got ${JSON.stringify(sasl?.mechanism)}). Leave it out, or name the port that takes one.`,
  },
  {
    when: /SASL authentication failed|Authentication failed/,
    sentence: (settings) =>
      `TRIBUTARY_KAFKA_SASL_USERNAME and TRIBUTARY_KAFKA_SASL_PASSWORD must be those of a user that the brokers know (got ${userOf(settings)} and a password that is not shown). Correct them.`,
  },
  {
    when: /certificate|altname|CERT_/i,
    sentence: (_, why) =>
      `TRIBUTARY_KAFKA_SSL_CA_FILE must name the authority of the brokers' certificate (got one that this machine does not trust: ${why}). Name its PEM file.`,
  },
  {
    when: /DECODER routines|key values mismatch|PEM routines|bad base64/,
    sentence: () =>
      'TRIBUTARY_KAFKA_SSL_KEY_FILE must hold the private key of TRIBUTARY_KAFKA_SSL_CERT_FILE (got a file that is not, or not its key). Name the two files that belong together.',
  },
];

/** `invalid_config` for what stays so until an operator changes it; else the error as it is. A broker that is just starting breaks a handshake off too. */
export function named(error: unknown, settings: KafkaSettings): unknown {
  const { message } = error as Error;
  if (/TLS handshake failed/.test(message))
    return new TributaryError(
      'log_unavailable',
      `the log in Kafka: ${settings.brokers.join(',')} broke off the TLS handshake. Leave TRIBUTARY_KAFKA_SSL out if the brokers do not speak TLS`,
      { cause: error },
    );
  const rule = RULES.find(({ when }) => when.test(message));
  if (rule === undefined) return error;
  const why = message.replace(/^.*failed: /, '').replace(/; if the root CA.*$/, '');
  return new TributaryError('invalid_config', rule.sentence(settings, why), { cause: error });
}
