import { TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { named } from './refused.ts';

const settings = {
  brokers: ['k:9093'],
  clientId: 'tests',
  sasl: { mechanism: 'plain', username: 'app', password: 'hidden-word' },
} as const;
const unavailable = (why: string) => new TributaryError('log_unavailable', `the log in Kafka: none of k:9093 answers: ${why}`);

test.each([
  [
    'a reply of 352518912 bytes, at most 134217728 are taken; it speaks TLS, which was not asked for',
    'TRIBUTARY_KAFKA_SSL must be true',
  ],
  [
    'the login with SASL PLAIN as "app" failed: Connection to k:9093 failed: SASL authentication failed: Authentication failed: Invalid username or password',
    'TRIBUTARY_KAFKA_SASL_USERNAME and TRIBUTARY_KAFKA_SASL_PASSWORD must be those of',
  ],
  [
    'Cannot find a suitable SASL mechanism: The broker does not support the requested SASL mechanism.',
    'TRIBUTARY_KAFKA_SASL_MECHANISM must be one that the brokers offer (got "plain")',
  ],
  ['SaslHandshake(v1): Request is not valid given the current SASL state.', 'TRIBUTARY_KAFKA_SASL_MECHANISM must be left out'],
  [
    'Connection to k:9093 failed: self-signed certificate; if the root CA is installed locally, try',
    'trust: self-signed certificate)',
  ],
  ['error:1E08010C:DECODER routines::unsupported', 'TRIBUTARY_KAFKA_SSL_KEY_FILE must hold the private key'],
])('what no waiting changes is refused by the name of its setting: %s', (why, sentence) => {
  const error = named(unavailable(why), settings) as TributaryError;
  expect([error.code, error.message]).toEqual(['invalid_config', expect.stringContaining(sentence)]);
  expect(error.message).toMatch(/^TRIBUTARY_KAFKA_[A-Z_]+ [^\n]+ \(got [^\n]+\)\. [A-Z][^\n]+\.$/);
  expect(error.message).not.toContain('hidden-word');
});

test('a handshake that was broken off may be one without TLS, or a broker that starts', () => {
  const why = 'Connection to k:9093 failed: TLS handshake failed. Look at the broker: Client network socket disconnected';
  const message =
    'the log in Kafka: k:9093 broke off the TLS handshake. Leave TRIBUTARY_KAFKA_SSL out if the brokers do not speak TLS';
  expect(named(unavailable(why), settings)).toMatchObject({ code: 'log_unavailable', message });
});

test('where waiting may help the error stays as it is', () => {
  for (const why of ['connect ECONNREFUSED 127.0.0.1:9', 'Connection closed', 'no handshake with k:9093 within 5000 ms']) {
    const error = unavailable(why);
    expect(named(error, settings)).toBe(error);
  }
});
