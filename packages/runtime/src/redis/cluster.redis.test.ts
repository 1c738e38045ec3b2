import { type RedisCluster, startRedisCluster } from '@tributary/testkit/servers/redis-cluster';
import { startStopwatch } from '@tributary/testkit/stopwatch';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connectRedis, isCluster, type RedisKind, whenReady } from './connect.ts';

let cluster: RedisCluster;
const open: Redis[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster();
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});
afterAll(() => cluster?.stop());

function connect(kind: RedisKind, url = cluster.url): Redis {
  const redis = connectRedis(url, kind, () => {});
  open.push(redis);
  return redis;
}

async function connected(kind: RedisKind): Promise<Redis> {
  const redis = connect(kind);
  await whenReady(redis, 10_000);
  return redis;
}

test('a cluster is found by one of its nodes, and commands go where their keys are', async () => {
  const redis = connect('commit', `redis-cluster://127.0.0.1:${cluster.nodes[1]?.server.port}`);
  await whenReady(redis, 10_000);
  expect(isCluster(redis)).toBe(true);
  // All at once, over connections that are only being made.
  const keys = Array.from({ length: 50 }, (_, i) => `key {${i}}`);
  await Promise.all(keys.map((key) => redis.set(key, key)));
  expect(await Promise.all(keys.map((key) => redis.get(key)))).toEqual(keys);
});

test('where no node answers, nothing waits: commands fail at once, and waiting for the cluster ends when asked to', async () => {
  for (const kind of ['commit', 'serving'] as const) {
    const redis = connect(kind, 'redis-cluster://127.0.0.1:9');
    const watch = startStopwatch();
    await expect(redis.get('x')).rejects.toThrow(/no connection to the cluster/);
    await expect(whenReady(redis, 300)).rejects.toThrow(/not ready after 300 ms/);
    expect(watch.stop()).toBeLessThan(1_000);
  }
});

test.each(['commit', 'serving'] as const)('law 3: %s never runs a command again whose reply was lost', async (kind) => {
  const redis = await connected(kind);
  await redis.set('{2}n', 0);
  const node = await cluster.masterOf('{2}n');
  process.kill(node.server.pid, 'SIGSTOP');
  const lost = redis.incr('{2}n');
  lost.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50));
  // The connection to the node breaks with the command on its way; the server runs it when it goes on.
  for (const { stream } of (redis as unknown as { nodes(): Redis[] }).nodes()) stream?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(node.server.pid, 'SIGCONT');
  await expect(lost).rejects.toThrow();
  await expect.poll(() => redis.get('{2}n').catch(() => null)).not.toBeNull();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(Number(await redis.get('{2}n'))).toBeLessThanOrEqual(1);
});

test.each([
  ['commit', 3_000],
  ['serving', 1_000],
] as const)('%s: a node that stands still costs %i ms, and no other node waits', async (kind, limitMs) => {
  const redis = await connected(kind);
  const keys = ['{1}k', '{3}k'] as const;
  for (const key of keys) await redis.set(key, key);
  const node = await cluster.masterOf(keys[0]);
  process.kill(node.server.pid, 'SIGSTOP');
  try {
    const [untilEnd, watch] = [startStopwatch(), startStopwatch()];
    const stuck = redis.get(keys[0]);
    stuck.catch(() => {});
    expect(await redis.get(keys[1])).toBe(keys[1]);
    expect(watch.stop()).toBeLessThan(500);
    await expect(stuck).rejects.toThrow(/timed out|closed/i);
    expect(untilEnd.stop()).toBeLessThan(limitMs + 1_000);
  } finally {
    process.kill(node.server.pid, 'SIGCONT');
  }
});

test('a node dies that a slot is moving to: commands that are sent there fail, and nothing else does', async () => {
  const redis = await connected('commit');
  const move = await cluster.beginMove('{2}');
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => unheard.push(reason);
  process.on('unhandledRejection', hear);
  try {
    await move.to.server.kill();
    for (let i = 0; i < 3; i++) {
      await expect(redis.get('{2}: a key that is not here')).rejects.toThrow();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    process.off('unhandledRejection', hear);
    await move.to.server.restart();
  }
  expect(unheard).toEqual([]);
  await expect.poll(() => redis.get('{2}: a key that is not here').catch(() => 'none')).toBeNull();
  await move.finish();
});

test.each(['commit', 'serving'] as const)('law 7: while a slot moves, %s reads every key, wherever it is', async (kind) => {
  await expect.poll(async () => (await cluster.masterOf('{2}')).admin.ping()).toBe('PONG');
  const redis = await connected(kind);
  const keys = Array.from({ length: 20 }, (_, i) => `{2}:${kind} ${i}`);
  for (const key of keys) await redis.set(key, key);
  const move = await cluster.beginMove('{2}');
  await move.move(keys.filter((_, i) => i % 2 === 0));
  expect(await Promise.all([...keys, '{2}:none'].map((key) => redis.get(key)))).toEqual([...keys, null]);
  // Keys on both sides: the caller hears it at once, and nothing is read.
  const watch = startStopwatch();
  await expect(redis.mget(...keys)).rejects.toThrow(/^TRYAGAIN/);
  expect(watch.stop()).toBeLessThan(200);
  await move.finish();
  expect(await redis.mget(...keys)).toEqual(keys);
});

test('every node goes and comes back: the connection comes back by itself', async () => {
  const connections = await Promise.all((['commit', 'serving', 'queue'] as const).map(connected));
  for (const redis of connections) await redis.set('{1}k', 'v');
  await Promise.all(cluster.nodes.map(({ server }) => server.kill()));
  const watch = startStopwatch();
  for (const redis of connections.slice(0, 2)) await expect(redis.get('{1}k')).rejects.toThrow();
  expect(watch.stop()).toBeLessThan(500);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await Promise.all(cluster.nodes.map(({ server }) => server.restart()));
  for (const redis of connections) await expect.poll(() => redis.get('{1}k').catch(() => null)).toBe('v');
});
