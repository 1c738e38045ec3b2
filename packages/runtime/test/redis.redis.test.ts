import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis, type RedisKind, whenReady } from '../src/redis/connect.ts';

let server: RedisServer;
const open: Redis[] = [];

beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.disconnect();
  await server.stop();
});

function connect(kind: RedisKind): Redis {
  const redis = connectRedis(server.url, kind, () => {});
  open.push(redis);
  return redis;
}

test.each(['commit', 'serving', 'blocking'] as const)(
  '%s: a command fails at once while there is no connection',
  async (kind) => {
    const redis = connect(kind);
    await whenReady(redis, 5_000);
    await server.kill();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const watch = startStopwatch();
    await expect(redis.get('x')).rejects.toThrow();
    expect(watch.stop()).toBeLessThan(500);
  },
);

test.each(['commit', 'serving', 'blocking'] as const)(
  'law 3: %s never runs a command again whose reply was lost',
  async (kind) => {
    const redis = connect(kind);
    await whenReady(redis, 5_000);
    process.kill(server.pid, 'SIGSTOP');
    const lost = redis.incr('n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The connection breaks with the command on its way; the server runs it when it goes on.
    redis.disconnect(true);
    await expect(lost).rejects.toThrow();
    await expect.poll(() => redis.status).not.toBe('ready');
    process.kill(server.pid, 'SIGCONT');
    await whenReady(redis, 10_000);
    expect(Number(await redis.get('n'))).toBeLessThanOrEqual(1);
  },
);

test.each([
  ['commit', 3_000],
  ['serving', 1_000],
] as const)('%s: a server that stands still costs %i ms, not for ever', async (kind, limitMs) => {
  const redis = connect(kind);
  await whenReady(redis, 5_000);
  process.kill(server.pid, 'SIGSTOP');
  try {
    const [from, watch] = [Date.now(), startStopwatch()];
    await expect(redis.get('x')).rejects.toThrow(/timed out/i);
    expect(Date.now() - from).toBeGreaterThanOrEqual(limitMs - 50);
    expect(watch.stop()).toBeLessThan(limitMs + 1_000);
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
});

test('blocking: a read may block longer than any timeout of the other kinds', async () => {
  const redis = connect('blocking');
  await whenReady(redis, 5_000);
  expect(await redis.xread('BLOCK', 3_500, 'STREAMS', 's', '$')).toBeNull();
});

test('a connection comes back by itself, and waiting for it ends when asked to', async () => {
  const redis = connect('commit');
  await whenReady(redis, 5_000);
  await server.kill();
  await expect.poll(() => redis.status).not.toBe('ready');
  const controller = new AbortController();
  const waiting = whenReady(redis, 60_000, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toThrow(/aborted/);
  await expect(whenReady(redis, 50)).rejects.toThrow(/is not ready after 50 ms/);
  await server.restart();
  await whenReady(redis, 5_000);
  expect(await redis.ping()).toBe('PONG');
});

test('one that listens on a socket is reached by its path, with its password and database', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-socket-'));
  const path = join(folder, 'a socket');
  const own = await startRedis(['--unixsocket', path]);
  const connectBySocket = (rest: string) => {
    const redis = connectRedis(`unix://${rest}`, 'commit', () => {});
    open.push(redis);
    return redis;
  };
  try {
    const place = encodeURI(path);
    const first = connectBySocket(place);
    await whenReady(first, 20_000);
    await first.config('SET', 'requirepass', 'p@ss');
    const redis = connectBySocket(`:p%40ss@${place}?db=3`);
    await whenReady(redis, 20_000);
    expect(await redis.client('INFO')).toMatch(/ addr=\S*a socket:0 .* db=3 /);
    await expect(whenReady(connectBySocket(`:wrong@${place}`), 20_000)).rejects.toThrow(`accepts (got ${path})`);
    await own.kill();
    await expect(whenReady(connectBySocket(place), 50)).rejects.toThrow(`got ${path}, which is not ready`);
  } finally {
    await own.stop();
    await rm(folder, { recursive: true });
  }
});

test('a database that Redis does not have, and a password that it refuses, are reported at once', async () => {
  const refused = async (url: string) => {
    const redis = connectRedis(url, 'commit', () => {});
    open.push(redis);
    const watch = startStopwatch();
    const error = await whenReady(redis, 20_000).catch((cause: unknown) => cause);
    expect(watch.stop()).toBeLessThan(10_000);
    return error;
  };
  const { host } = new URL(server.url);
  expect(await refused(`redis://${host}/99`)).toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(/^TRIBUTARY_REDIS_URL must .* has no database 99/),
  });
  expect(await refused(`redis://ana:wrong@${host}`)).toMatchObject({
    code: 'invalid_config',
    message: expect.not.stringContaining('wrong@'),
  });
  const other = connectRedis(`redis://${host}/3`, 'commit', () => {});
  open.push(other);
  await whenReady(other, 5_000);
  await other.set('of', 'three');
  const plain = connect('commit');
  await whenReady(plain, 5_000);
  expect(await plain.get('of')).toBeNull();
});
