import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@tributary/runtime/config/read-config';
import { expect, test } from 'vitest';
import { EVENT_LOG_SETTINGS } from '../settings.ts';
import { kafkaConfiguration } from './configuration.ts';

const PEM = '-----BEGIN CERTIFICATE-----\n';

const place = (env: Record<string, string>) => kafkaConfiguration(readConfig('speed', EVENT_LOG_SETTINGS, env, []), 'speed');

test('without brokers there is no Kafka', () => {
  expect(place({})).toBeNull();
  expect(place({ TRIBUTARY_KAFKA_BROKERS: ' ' })).toBeNull();
  // Neither here nor there: a role and the command line took it each for another log.
  expect(() => place({ TRIBUTARY_KAFKA_BROKERS: ' , ' })).toThrow(/must be host:port of one or more brokers/);
});

test('brokers, topics and what a created topic is', () => {
  expect(place({ TRIBUTARY_KAFKA_BROKERS: 'a:9092, [::1]:9093', TRIBUTARY_KAFKA_REPLICATION: '3' })).toEqual({
    brokers: ['a:9092', '[::1]:9093'],
    clientId: 'tributary-speed',
    topicPrefix: 'tributary',
    topic: { replication: 3, minInsync: 2, retentionMs: -1 },
  });
  expect(place({ TRIBUTARY_KAFKA_BROKERS: 'a:1', TRIBUTARY_KAFKA_RETENTION_HOURS: '2' })?.topic).toEqual({
    replication: 1,
    minInsync: 1,
    retentionMs: 7_200_000,
  });
});

test('TLS and SASL; what is missing or unknown is named', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tributary-pem-'));
  try {
    const file = join(dir, 'ca.pem');
    writeFileSync(file, PEM);
    const kafka = { TRIBUTARY_KAFKA_BROKERS: 'a:1', TRIBUTARY_KAFKA_SSL: 'true' };
    expect(place(kafka)?.ssl).toBe(true);
    expect(place({ ...kafka, TRIBUTARY_KAFKA_SSL_CA_FILE: file })?.ssl).toEqual({ ca: PEM });
    expect(() => place({ ...kafka, TRIBUTARY_KAFKA_SSL_CERT_FILE: file })).toThrow(
      /CERT_FILE must come with TRIBUTARY_KAFKA_SSL_KEY_FILE \(got .*\)\. Name both files, or none\.$/,
    );
    expect(() => place({ ...kafka, TRIBUTARY_KAFKA_SSL_CA_FILE: join(dir, 'none.pem') })).toThrow(
      /^TRIBUTARY_KAFKA_SSL_CA_FILE must be a file that can be read \(got ".*none\.pem": it does not exist\)/,
    );
    writeFileSync(join(dir, 'der.pem'), '0');
    expect(() => place({ ...kafka, TRIBUTARY_KAFKA_SSL_CA_FILE: join(dir, 'der.pem') })).toThrow(/must be a PEM file \(got/);
    const sasl = { TRIBUTARY_KAFKA_BROKERS: 'a:1', TRIBUTARY_KAFKA_SASL_MECHANISM: 'scram-sha-256' };
    expect(() => place(sasl)).toThrow(/TRIBUTARY_KAFKA_SASL_USERNAME/);
    expect(place({ ...sasl, TRIBUTARY_KAFKA_SASL_USERNAME: 'u', TRIBUTARY_KAFKA_SASL_PASSWORD: 'p' })?.sasl).toEqual({
      mechanism: 'scram-sha-256',
      username: 'u',
      password: 'p',
    });
    expect(() => place({ ...sasl, TRIBUTARY_KAFKA_SASL_MECHANISM: 'gssapi' })).toThrow(/must be one of plain, scram.*"gssapi"/);
    expect(() => place({ TRIBUTARY_KAFKA_BROKERS: 'kafka://a:1' })).toThrow(/host:port.*kafka:\/\/a:1/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.each([
  ['TRIBUTARY_KAFKA_SSL_CA_FILE', '/ca.pem', /must come with TRIBUTARY_KAFKA_SSL=true \(got "\/ca\.pem"\)/],
  ['TRIBUTARY_KAFKA_SSL_CERT_FILE', '/cert.pem', /must come with TRIBUTARY_KAFKA_SSL=true/],
  ['TRIBUTARY_KAFKA_SSL_KEY_FILE', '/key.pem', /must come with TRIBUTARY_KAFKA_SSL=true/],
  ['TRIBUTARY_KAFKA_SASL_USERNAME', 'u', /must come with TRIBUTARY_KAFKA_SASL_MECHANISM \(plain, .*got "u"/],
  [
    'TRIBUTARY_KAFKA_SASL_PASSWORD',
    'hidden',
    /must come with TRIBUTARY_KAFKA_SASL_MECHANISM \((?!.*hidden).*got a password that is not shown/,
  ],
])('%s without what makes use of it is refused', (name, value, message) => {
  const attempt = () => place({ TRIBUTARY_KAFKA_BROKERS: 'a:1', [name]: value });
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(new RegExp(`^${name} .*\\. Set that too, or leave this one out\\.$`));
  expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_config' }));
});
