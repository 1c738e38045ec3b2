/** A url that names something else than the Redis that is meant: refused at once, as waiting would not help, and without a password. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectRedis, whenWritable } from '../src/redis/connect.ts';

const SECRET = 'hidden-word';
const web = createServer((_, response) => response.end('hello'));
let plain: RedisServer;
const others: RedisServer[] = [];

beforeAll(async () => {
  plain = await startRedis();
  web.listen(0, '127.0.0.1');
  await once(web, 'listening');
});
afterEach(async () => {
  for (const server of others.splice(0)) await server.stop();
});
afterAll(async () => {
  await plain.stop();
  web.closeAllConnections();
  web.close();
});

async function other(...args: string[]): Promise<RedisServer> {
  const server = await startRedis(args);
  others.push(server);
  return server;
}

/** The message of the refusal, or of giving up after `waitMs`. */
async function refused(url: string, waitMs = 20_000): Promise<{ code: string; message: string; tookMs: number }> {
  const redis = connectRedis(url, 'commit', () => {});
  const watch = startStopwatch();
  try {
    const error = await whenWritable(redis, waitMs).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    const { code = 'none', message = 'it was taken' } = (error ?? {}) as { code?: string; message?: string };
    expect(message).not.toContain(SECRET);
    return { code, message, tookMs: watch.stop() };
  } finally {
    redis.disconnect();
  }
}

async function expectRefusal(url: string, must: RegExp): Promise<void> {
  const { code, message, tookMs } = await refused(url);
  expect(message).toMatch(must);
  expect(message).toMatch(/^TRIBUTARY_REDIS_URL must [^\n]+ \(got [^\n]+\)\. [A-Z][^\n]+\.$/);
  expect(code).toBe('invalid_config');
  expect(tookMs).toBeLessThan(10_000);
}

test('a database that it does not have', async () => {
  await expectRefusal(`${plain.url}/99`, /it has no database 99 \(got 127\.0\.0\.1:\d+\)/);
});

test('a name that it does not know, no password where it has one, and a wrong one', async () => {
  const { port, url } = await other();
  const redis = connectRedis(url, 'commit', () => {});
  await whenWritable(redis, 10_000);
  await redis.config('SET', 'requirepass', 'open');
  redis.disconnect();
  await expectRefusal(`redis://ana:${SECRET}@127.0.0.1:${plain.port}`, /must hold a name and password that this Redis accepts/);
  await expectRefusal(`redis://127.0.0.1:${port}`, /must hold the password that this Redis wants/);
  await expectRefusal(`redis://:${SECRET}@127.0.0.1:${port}`, /must hold a name and password that this Redis accepts/);
});

test('a server of another kind', async () => {
  const { port } = web.address() as AddressInfo;
  await expectRefusal(`redis://:${SECRET}@127.0.0.1:${port}`, /what answers there speaks another protocol/);
});

test('TLS where it speaks none, which it does not answer at all', async () => {
  const { message } = await refused(`rediss://:${SECRET}@127.0.0.1:${plain.port}`, 2_500);
  expect(message).toMatch(/not ready after 2500 ms: connect ETIMEDOUT\)\. Start it, .*, or write redis:\/\/ if it has no TLS\.$/);
  const { port } = web.address() as AddressInfo;
  await expectRefusal(`rediss://127.0.0.1:${port}`, /what is there answers without/);
});

test('a cluster where there is a single server, and a single server where there is a cluster', async () => {
  await expectRefusal(
    `redis-cluster://127.0.0.1:${plain.port}`,
    new RegExp(`this Redis is a single server \\(got 127\\.0\\.0\\.1:${plain.port}\\)`),
  );
  const { port } = await other('--cluster-enabled', 'yes');
  await expectRefusal(`redis://127.0.0.1:${port}`, /must begin with redis-cluster:\/\/: this Redis is a node of a cluster/);
});

test('a replica is refused with the address of its master', async () => {
  const { port } = await other('--replicaof', '127.0.0.1', String(plain.port));
  await expectRefusal(`redis://127.0.0.1:${port}`, new RegExp(`this Redis is a replica of 127\\.0\\.0\\.1:${plain.port} `));
});

test('one that does not answer may come up: it is waited for, and named in the end', async () => {
  const gone = await other();
  await gone.kill();
  const { code, message, tookMs } = await refused(gone.url, 3_000);
  expect(message).toMatch(
    /^TRIBUTARY_REDIS_URL must name a Redis that answers \(got 127\.0\.0\.1:\d+, which is not ready after 3000 ms: connect ECONNREFUSED .*\)\. Start it, correct the address, or write rediss:\/\/ if it wants TLS\.$/,
  );
  expect(code).toBe('store_unavailable');
  expect(tookMs).toBeGreaterThan(1_000);
});
