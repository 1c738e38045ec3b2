import { expect, test } from 'vitest';
import { parseRedisUrl, shownRedisUrl } from './url.ts';

test('a single server stays what it was', () => {
  for (const url of ['redis://127.0.0.1:7402', 'rediss://user:pass@host:1/3'])
    expect(parseRedisUrl(url)).toEqual({ kind: 'single', url });
});

test('a socket is named by its path', () => {
  expect(parseRedisUrl('unix:///run/redis.sock')).toEqual({ kind: 'socket', path: '/run/redis.sock', db: 0, login: {} });
  expect(parseRedisUrl('unix://me:p%40ss@/a%20folder/x.sock?db=3')).toEqual({
    kind: 'socket',
    path: '/a folder/x.sock',
    db: 3,
    login: { username: 'me', password: 'p@ss' },
  });
  expect(shownRedisUrl('unix://me:secret@/run/redis.sock?db=3')).toBe('unix:///run/redis.sock');
});

test('a cluster is named by some of its nodes', () => {
  expect(parseRedisUrl('redis-cluster://a:7000,10.0.0.1,[::1]:7002')).toEqual({
    kind: 'cluster',
    nodes: [
      { host: 'a', port: 7_000 },
      { host: '10.0.0.1', port: 6_379 },
      { host: '::1', port: 7_002 },
    ],
    login: {},
    tls: false,
  });
  expect(parseRedisUrl('redis-cluster://me:p%40ss%3A@a:7000?tls')).toMatchObject({
    login: { username: 'me', password: 'p@ss:' },
    tls: true,
  });
  expect(parseRedisUrl('redis-cluster://:pass@a/0?tls=false')).toMatchObject({ login: { password: 'pass' }, tls: false });
});

test('a master is named by its Sentinels', () => {
  expect(parseRedisUrl('redis-sentinel://a,b:1/main?db=2&tls=true&sentinelPassword=s&sentinelTls')).toEqual({
    kind: 'sentinel',
    sentinels: [
      { host: 'a', port: 26_379 },
      { host: 'b', port: 1 },
    ],
    master: 'main',
    db: 2,
    login: {},
    tls: true,
    sentinelLogin: { password: 's' },
    sentinelTls: true,
  });
});

test.each([
  ['http://a', /must begin with redis:\/\/.*not shown/],
  ['unix://run/redis.sock', /must name a socket by its whole path .*unix:\/\/\/run/],
  ['unix://', /whole path/],
  ['unix:///a?tls', /no option but db .*Leave out "tls"/],
  [`unix:///${'a'.repeat(103)}`, /at most 103 bytes/],
  ['redis-cluster://', /each server as host:port/],
  ['redis-cluster://a:0', /"a:0"/],
  ['redis-cluster://a:99999', /"a:99999"/],
  ['redis-cluster://a,,b', /each server as host:port/],
  ['redis-cluster://a/2', /no database but 0.*Leave out "\/2"/],
  ['redis-cluster://a?db=1', /no option but tls .*Leave out "db"/],
  ['redis-cluster://a?tls=maybe', /true or false as tls/],
  ['redis-sentinel://a', /name of the master/],
  ['redis-sentinel://a/main?db=x', /whole number/],
])('%s is an error that says what', (url, message) => {
  expect(() => parseRedisUrl(url)).toThrow(message);
});

test('no error quotes a password', () => {
  for (const url of ['redis-cluster://u:secret@a:0', 'redis-cluster://u:sec/ret@a', 'redis-sentinel://u:secret@a'])
    try {
      parseRedisUrl(url);
      expect.fail(`${url} was taken`);
    } catch (error) {
      expect((error as Error).message).not.toMatch(/sec|ret/);
    }
});

test.each([
  'redis://:50%off@a',
  'redis-cluster://:50%off@a',
  'redis-sentinel://:50%off@a/main',
  'redis-cluster://:%ff@a',
  'redis-sentinel://a/main%zz',
])('%s: a percent sign that stands for nothing is named before anybody decodes it', (url) => {
  expect(() => parseRedisUrl(url)).toThrow(/must have "%" only where it stands for a character.*as %25\.$/);
});

test('what stands behind an & is not quoted where it may be a part of a password', () => {
  const url = 'redis-sentinel://a/main?sentinelPassword=pa&ssword';
  expect(() => parseRedisUrl(url)).toThrow(/Leave out the others, and write "&" in a password as %26\.$/);
});
