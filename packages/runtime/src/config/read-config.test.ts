import { expect, test } from 'vitest';
import { PROCESS_SETTINGS } from '../process/settings.ts';
import { REDIS_SETTINGS } from '../redis/settings.ts';
import { type ConfigTable, environmentName, flagName, helpText, readConfig } from './read-config.ts';

const TABLE = {
  redisUrl: { type: 'string', default: 'redis://x', why: 'where Redis is' },
  collectorPort: { type: 'int', default: 7400, unit: 'port', why: 'where to listen' },
  idleMs: { type: 'int', default: 50, unit: 'ms', min: 1, max: 1000, why: 'how long to wait' },
  strict: { type: 'bool', default: false, why: 'reject all' },
} as const satisfies ConfigTable;

const read = (env: Record<string, string>, argv: string[] = []) => readConfig('collector', TABLE, env, argv);

test('the defaults hold when nothing is said', () => {
  expect(read({})).toEqual({ redisUrl: 'redis://x', collectorPort: 7400, idleMs: 50, strict: false });
});

test('a flag wins over the environment, which wins over the default', () => {
  const env = { TRIBUTARY_COLLECTOR_PORT: '1', TRIBUTARY_IDLE_MS: '2', TRIBUTARY_STRICT: '1' };
  expect(read(env, ['--collector-port=9', '--redis-url', 'redis://y'])).toEqual({
    redisUrl: 'redis://y',
    collectorPort: 9,
    idleMs: 2,
    strict: true,
  });
  expect(read({}, ['--strict', '--idle-ms', '7'])).toMatchObject({ strict: true, idleMs: 7 });
});

test.each(['', ' ', '\t'])('a value of nothing (%j) is not given, from wherever it comes', (nothing) => {
  const env = { TRIBUTARY_REDIS_URL: nothing, TRIBUTARY_IDLE_MS: nothing, TRIBUTARY_STRICT: nothing };
  expect(read(env)).toEqual(read({}));
  expect(read({ TRIBUTARY_IDLE_MS: '7' }, [`--idle-ms=${nothing}`]).idleMs).toBe(7);
});

test.each([
  [{ TRIBUTARY_COLLECTOR_PORT: '65536' }, /TRIBUTARY_COLLECTOR_PORT.*65535.*"65536"/],
  [{ TRIBUTARY_COLLECTOR_PORT: '-1' }, /"-1"/],
  [{ TRIBUTARY_IDLE_MS: '0' }, /from 1 to 1000/],
  [{ TRIBUTARY_IDLE_MS: '1e2' }, /"1e2"/],
  [{ TRIBUTARY_IDLE_MS: '0x10' }, /"0x10"/],
  [{ TRIBUTARY_IDLE_MS: '9007199254740993' }, /whole number/],
  [
    { TRIBUTARY_STRICT: 'yes' },
    /^TRIBUTARY_STRICT must be true or false \(got "yes"\)\. Write one of them, or leave it out for the default, false\.$/,
  ],
])('a value out of bounds names its source and itself: %o', (env, message) => {
  expect(() => read(env as Record<string, string>)).toThrow(message);
});

test('a setting in ms is bounded by what a timer takes: beyond it, Node would wait 1 ms', () => {
  const table = { waitMs: { type: 'int', default: 1, unit: 'ms', why: 'no bound of its own' } } as const satisfies ConfigTable;
  const readWait = (value: string) => readConfig('small', table, { TRIBUTARY_WAIT_MS: value }, []);
  expect(readWait('2147483647').waitMs).toBe(2_147_483_647);
  expect(() => readWait('2147483648')).toThrow(
    'TRIBUTARY_WAIT_MS must be a whole number from 0 to 2147483647 (got "2147483648"). Write digits only (ms), or leave it out for the default, 1.',
  );
});

test.each([
  ['redis://127.0.0.1:6379/abc', /number of a database/],
  ['redis://127.0.0.1:6379/1/2', /number of a database/],
  ['redis://', /must (name a host|be an address)/],
  ['redis://127.0.0.1:6379 ', /must be an address/],
  ['127.0.0.1:6379', /must begin with redis:\/\//],
  ['http://me:hidden@127.0.0.1', /must begin with .*not shown/],
  ['redis://me:hidden@127.0.0.1:port', /must be an address .*not shown/],
  ['redis://default:hidden@10.0.0.1:1/abc', /number of a database.*\(got redis:\/\/10\.0\.0\.1:1\)/],
  ['redis:default:hidden@10.0.0.1', /must begin with .*not shown/],
  ['redis://:4/hidden@10.0.0.1/abc', /not shown/],
  ['redis-sentinel://a:1,b:2?sentinelPassword=hidden', /name of the master .*\(got redis-sentinel:\/\/a:1,b:2\)/],
  ['redis-cluster://a:1,:hidden', /each server as host:port .*not shown/],
])('a url of Redis that is none is refused by name, without its password: %s', (url, message) => {
  const attempt = () => readConfig('speed', REDIS_SETTINGS, { TRIBUTARY_REDIS_URL: url }, []);
  expect(attempt).toThrow(message);
  expect(attempt).toThrow(/^TRIBUTARY_REDIS_URL must /);
  expect(attempt).not.toThrow(/hidden/);
});

test.each(['redis://h', 'redis://u:p%40@h:1/15', 'rediss://[::1]:7/', 'redis-cluster://a:1,b:2', 'redis-sentinel://a:1/m?db=3'])(
  'a url of Redis is taken: %s',
  (url) => {
    expect(readConfig('speed', REDIS_SETTINGS, { TRIBUTARY_REDIS_URL: url }, []).redisUrl).toBe(url);
  },
);

test('a text of a few known words takes no other', () => {
  expect(() => readConfig('speed', PROCESS_SETTINGS, { TRIBUTARY_LOG_LEVEL: 'verbose' }, [])).toThrow(
    'TRIBUTARY_LOG_LEVEL must be one of trace, debug, info, warn, error, silent (got "verbose"). Write one of them, or leave it out for the default, info.',
  );
});

test('every setting that is wrong is named, not the first alone', () => {
  expect(() => read({ TRIBUTARY_COLLECTOR_PORT: 'a', TRIBUTARY_IDLE_MS: 'b' })).toThrow(
    /^TRIBUTARY_COLL.*\nTRIBUTARY_IDLE_MS must .*$/,
  );
});

test('an unknown or unfinished flag is an error, never ignored', () => {
  expect(() => read({}, ['--colector-port', '1'])).toThrow(/must be one of its settings \(got "--colector-port"\)/);
  // What stands behind "=" may be a password.
  expect(() => read({}, ['--redis-password=hidden'])).toThrow(/\(got "--redis-password"\)/);
  expect(() => read({}, ['stray'])).toThrow(/must be one of its settings \(got "stray"\)/);
  expect(() => read({}, ['--idle-ms'])).toThrow(/--idle-ms must have a value/);
});

test('help names each setting three ways, with default, unit and reason', () => {
  const help = helpText('collector', TABLE);
  for (const key of Object.keys(TABLE)) {
    expect(help).toContain(flagName(key));
    expect(help).toContain(environmentName(key));
  }
  expect(help).toContain('how long to wait [50 ms]');
});
