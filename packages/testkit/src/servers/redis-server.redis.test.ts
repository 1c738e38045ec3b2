import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { accepts } from './accepts.ts';
import { startRedis } from './redis-server.ts';

test('a hash of more than 16 fields is a table: to look for a field of it takes no search through a list', async () => {
  const own = await startRedis();
  const redis = new Redis(own.url);
  try {
    for (const [fields, encoding] of [
      [16, 'listpack'],
      [17, 'hashtable'],
    ] as const) {
      const key = `of ${fields}`;
      await redis.hset(key, Object.fromEntries(Array.from({ length: fields }, (_, i) => [`row ${i}`, 1])));
      // Lists have another name before Redis 7.
      expect(String(await redis.object('ENCODING', key)).replace('ziplist', 'listpack')).toBe(encoding);
    }
  } finally {
    redis.disconnect();
    await own.stop();
  }
});

test('a Redis of tests and benchmarks writes its append-only file again no sooner than that of a platform', async () => {
  const own = await startRedis();
  const redis = new Redis(own.url);
  try {
    expect(await redis.config('GET', 'auto-aof-rewrite-min-size')).toEqual([
      'auto-aof-rewrite-min-size',
      String(512 * 1024 * 1024),
    ]);
  } finally {
    redis.disconnect();
    await own.stop();
  }
});

test('a Redis outlives neither its test nor a test process that is killed, and its folder goes with it', async () => {
  const own = await startRedis();
  await own.restart();
  const { port, dir } = own;
  expect(await accepts(port)).toBe(true);
  await own.stop();
  expect([await accepts(port), existsSync(dir)]).toEqual([false, false]);

  const module = new URL('./redis-server.ts', import.meta.url);
  const script = `const { port, dir } = await (await import('${module}')).startRedis(); console.log(JSON.stringify({ port, dir }));`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', `${script} setInterval(() => {}, 1000);`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(holder.stdout, 'data')) as [Buffer];
  const held = JSON.parse(line.toString()) as { port: number; dir: string };
  expect(await accepts(held.port)).toBe(true);
  holder.kill('SIGKILL');
  await expect.poll(async () => (await accepts(held.port)) || existsSync(held.dir)).toBe(false);
});
