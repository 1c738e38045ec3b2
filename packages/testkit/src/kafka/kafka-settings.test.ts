import { expect, test } from 'vitest';
import { brokerSettings, propertiesText } from './broker-settings.ts';
import { majorVersion } from './files-of-kafka.ts';

const places = [1, 2, 3].map((id) => ({ id, port: 10_000 + id, controllerPort: 20_000 + id, dataDir: `/data/${id}` }));

test('law 6: of three brokers two must have a write before it is acknowledged, and none that lacks it may lead', () => {
  const [place] = places as [(typeof places)[number]];
  expect(brokerSettings(place, places, {})).toMatchObject({
    'controller.quorum.voters': '1@127.0.0.1:20001,2@127.0.0.1:20002,3@127.0.0.1:20003',
    'default.replication.factor': '3',
    'min.insync.replicas': '2',
    'offsets.topic.replication.factor': '3',
    'unclean.leader.election.enable': 'false',
    'auto.create.topics.enable': 'false',
  });
});

test('every listener is on loopback', () => {
  for (const place of places)
    for (const [, host] of (brokerSettings(place, places, {}).listeners ?? '').matchAll(/:\/\/([^:]*):/g))
      expect(host).toBe('127.0.0.1');
});

test('a setting of the caller wins', () => {
  const [place] = places as [(typeof places)[number]];
  expect(brokerSettings(place, [place], { 'num.io.threads': '9' })['num.io.threads']).toBe('9');
});

test('a value stays one line of a properties file', () => {
  expect(propertiesText({ 'log.dirs': 'C:\\data' })).toBe('log.dirs=C:\\\\data\n');
  expect(() => propertiesText({ a: 'b\nc=d' })).toThrow('spans lines');
});

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['java version "1.8.0_392"', 8],
  ['openjdk version "25" 2025-09-16', 25],
  ['no such thing', null],
])('%s', (text, major) => {
  expect(majorVersion(text)).toBe(major);
});
