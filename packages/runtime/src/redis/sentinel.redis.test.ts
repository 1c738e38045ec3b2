import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@tributary/testkit/servers/free-port';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis, type RedisKind, whenReady } from './connect.ts';

let master: RedisServer;
let replica: RedisServer;
let sentinel: { readonly port: number; readonly child: ChildProcess };
const open: Redis[] = [];

beforeEach(async () => {
  master = await startRedis();
  replica = await startRedis(['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0']);
  sentinel = await startSentinel(master);
  const state = new Redis(sentinel.port, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  state.on('error', () => {});
  open.push(state);
  // A Sentinel learns of replicas from the master; without one there is nothing to promote.
  const known = async () => ((await state.call('SENTINEL', 'REPLICAS', 'main')) as unknown[]).length;
  await expect.poll(known).toBe(1);
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.disconnect();
  if (sentinel?.child.exitCode === null) {
    const exit = once(sentinel.child, 'exit');
    sentinel.child.kill('SIGKILL');
    await exit;
  }
  await replica?.stop();
  await master?.stop();
});

async function startSentinel({ dir, port: masterPort }: RedisServer) {
  const port = await freePort();
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${dir}`,
    `sentinel monitor main 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 3000',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  return { port, child: spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' }) };
}

async function connected(kind: RedisKind): Promise<Redis> {
  const redis = connectRedis(`redis-sentinel://127.0.0.1:${sentinel.port}/main`, kind, () => {});
  open.push(redis);
  await whenReady(redis, 10_000);
  return redis;
}

test('the master that the Sentinels name is used; when it is killed, the one that they name then', async () => {
  const redis = await connected('commit');
  await redis.set('k', 'before');
  expect(redis.stream.remotePort).toBe(master.port);
  await expect.poll(async () => (await redis.info('replication')).includes('slave0')).toBe(true);
  await redis.wait(1, 1_000);
  await master.kill();
  await expect.poll(() => redis.set('k', 'after').catch(() => null)).toBe('OK');
  expect(redis.stream.remotePort).toBe(replica.port);
  expect(await redis.get('k')).toBe('after');
});

test('a master that stands still is left for the new one, and is none when it goes on', async () => {
  const redis = await connected('commit');
  await redis.set('k', 'before');
  process.kill(master.pid, 'SIGSTOP');
  try {
    await expect.poll(() => redis.set('k', 'after').catch(() => null)).toBe('OK');
    expect(redis.stream.remotePort).toBe(replica.port);
  } finally {
    process.kill(master.pid, 'SIGCONT');
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await redis.set('k', 'later')).toBe('OK');
  expect(redis.stream.remotePort).toBe(replica.port);
});
