import { expect, test } from 'vitest';
import { settingNames, unknownSentence, unknownSettings } from './unknown.ts';

const sentences = (...names: string[]) =>
  unknownSettings(Object.fromEntries(names.map((name) => [name, 'x']))).map(unknownSentence);

test.each([
  ['TRIBUTARY_KAKFA_BROKERS', 'TRIBUTARY_KAFKA_BROKERS'],
  ['TRIBUTARY_REDIS_URI', 'TRIBUTARY_REDIS_URL'],
  ['TRIBUTARY_DATADIR', 'TRIBUTARY_DATA_DIR'],
  ['TRIBUTARY_BATCH_EVERY', 'TRIBUTARY_BATCH_EVERY_MS'],
  ['tributary_partitions', 'TRIBUTARY_PARTITIONS'],
  ['TRIBUTARY_PARTITION', 'TRIBUTARY_PARTITIONS'],
  // Like a name that a cluster writes, and not one.
  ['TRIBUTARY_COLECTOR_PORT', 'TRIBUTARY_COLLECTOR_PORT'],
  ['TRIBUTARY_HEALTH_PORTS', 'TRIBUTARY_HEALTH_PORT'],
])('%s: the nearest known name is %s', (name, nearest) => {
  expect(sentences(name)).toEqual([`${name} is not a setting. Did you mean ${nearest}?`]);
});

test('a name like none is named without a guess', () => {
  expect(sentences('TRIBUTARY_COFFEE_STRENGTH')).toEqual([
    'TRIBUTARY_COFFEE_STRENGTH is not a setting. Leave it out; --help of each role lists all.',
  ]);
});

test('every setting, the names of the command line, those that a cluster writes, and other programs are let alone', () => {
  expect(sentences(...settingNames(), 'TRIBUTARY_READ_KEY', 'TRIBUTARY_URL', 'PATH')).toEqual([]);
  expect(sentences('TRIBUTARY_COLLECTOR_SERVICE_HOST', 'TRIBUTARY_API_PORT_7401_TCP_ADDR', 'TRIBUTARY_API_SERVICE_PORT')).toEqual(
    [],
  );
});

test('a name of unseen characters, or as long as an environment takes, is one short line, and soon judged', () => {
  const [unseen = '', long = ''] = sentences('TRIBUTARY_\n\u001b[31mX', `TRIBUTARY_${'X'.repeat(100_000)}`);
  expect([unseen, long].join('')).not.toMatch(/[\p{C}]/u);
  expect(long.length).toBeLessThan(200);
});
