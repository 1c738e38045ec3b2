/** Law 7 of deltas that are read in pages, on a real Redis: a reply is bounded in bytes before it is read, whatever the rows are like. */
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createPartitionReads } from '@tributary/store/deltas/partition-reads';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { P, VIEW } from '@tributary/testkit/contracts/store-under-test';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, 'bulk', () => {});
  await whenReady(redis, 5_000);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

const PACKED = Buffer.from([0, 1, 0, 0, 0]);

/** Rows as commits leave them, the same of each generation, without the rest of it. */
async function written(namespace: string, keys: readonly string[], generations = 1): Promise<void> {
  const prefix = `${namespace}:{${P}}:`;
  await redis.hset(`${prefix}state`, { position: '1', commit: 'c1', commits: '1', generation: `${generations - 1}` });
  const total = keys.reduce((sum, key) => sum + key.length, 0);
  const together = Math.ceil((500_000 * keys.length) / total);
  for (let generation = 0; generation < generations; generation++)
    for (let first = 0; first < keys.length; first += together)
      await redis.hset(
        `${prefix}d:${generation}:${VIEW}`,
        ...keys.slice(first, first + together).flatMap((key) => [key, PACKED]),
      );
}

function bytesOf(reply: unknown): number {
  if (Array.isArray(reply)) return reply.reduce((sum: number, part) => sum + bytesOf(part), 0);
  return Buffer.isBuffer(reply) ? reply.length : 0;
}

/** Reads all of it, and gives the bytes of each reply. */
async function repliesOf(namespace: string, keys: readonly string[], reader = redis, generations = 1): Promise<number[]> {
  const replies: number[] = [];
  const watched = new Proxy(reader, {
    get(of, name) {
      const command = Reflect.get(of, name);
      if (name !== 'tributaryReadPageBuffer' && name !== 'tributaryReadDeltasBuffer') return command;
      return async (...args: unknown[]) => {
        const reply = await command.apply(of, args);
        replies.push(bytesOf(reply));
        return reply;
      };
    },
  });
  const [whole] = await createServingStore(watched, namespace, HISTORY_PARTITIONS, VIEWS).readWhole([P], [VIEW], 0);
  expect(whole?.generations.size).toBe(generations);
  for (const { rows: byView } of whole?.generations.values() ?? []) {
    const rows = byView.get(VIEW);
    expect(rows?.size).toBe(keys.length);
    expect(keys.filter((key) => !rows?.has(key))).toEqual([]);
  }
  return replies;
}

const keysOf = (count: number, lengthOf: (number: number) => number) =>
  Array.from({ length: count }, (_, i) => `2026-03-01\t${i}${'x'.repeat(lengthOf(i))}\tEUR`);
/** Beside the rows: the state. */
const REST = 1_000;

test.each([
  ['a tenth of 30 kB among short ones', keysOf(4_000, (i) => (i % 10 === 0 ? 30_000 : 0)), 30_000],
  ['a long one among many', keysOf(4_000, (i) => (i === 3_000 ? 3_000_000 : 0)), 3_000_000],
  ['30 kB each', keysOf(400, () => 30_000), 30_000],
  ['1 MB each, several in a bucket', keysOf(60, () => 1_000_000), 1_000_000],
])('law 7: no page has more than its bytes and one row (rows: %s)', async (what, keys, longest) => {
  await written(what, keys);
  for (let read = 0; read < 2; read++) {
    const replies = await repliesOf(what, keys);
    expect(Math.max(...replies)).toBeLessThan(READ_BOUNDS.pageBytes + longest + REST);
    // Nor are they read one by one where more fit.
    const total = keys.reduce((sum, key) => sum + key.length, 0);
    expect(replies.length).toBeLessThan(10 + keys.length / READ_BOUNDS.pageRows + (4 * total) / READ_BOUNDS.pageBytes);
  }
});

test('law 7: of a hash that Redis keeps as a list, which a scan gives whole, a page has no more either', async () => {
  await redis.config('SET', 'hash-max-listpack-entries', '512', 'hash-max-listpack-value', '1000000');
  const keys = keysOf(40, () => 100_000);
  await written('as a list', keys);
  expect(await redis.object('ENCODING', `as a list:{${P}}:d:0:${VIEW}`)).toBe('listpack');
  const replies = await repliesOf('as a list', keys);
  await redis.config('SET', 'hash-max-listpack-value', '64');
  expect(Math.max(...replies)).toBeLessThan(READ_BOUNDS.pageBytes + 100_000 + REST);
  expect(replies.length).toBeLessThan(15);
});

test('law 7: few rows come at once up to 2 MiB, counted to the byte', async () => {
  const length = keysOf(100, () => 20_000).reduce((sum, key) => sum + key.length + PACKED.length, 0);
  const { length: missing } = 'x'.repeat(READ_BOUNDS.bytesAtOnce - length);
  const keys = keysOf(100, (i) => 20_000 + (i === 0 ? missing : 0));
  await written('to the byte', keys);
  expect(await repliesOf('to the byte', keys)).toHaveLength(1);
  const oneMore = keys.with(0, `${keys[0]}x`);
  await written('one more', oneMore);
  expect((await repliesOf('one more', oneMore)).length).toBeGreaterThan(4);
});

test('law 7: what comes at once is 2 MiB of all generations together, not of each', async () => {
  const keys = keysOf(30, () => 30_000);
  await written('of three', keys, 3);
  expect(Math.max(...(await repliesOf('of three', keys, redis, 3)))).toBeLessThan(READ_BOUNDS.pageBytes + 30_000 + REST);
  await written('of two', keys, 2);
  expect(await repliesOf('of two', keys, redis, 2)).toHaveLength(1);
});

test('law 7: who may not ask Redis for its memory reads the same rows, within the same bound', async () => {
  await redis.call('ACL', 'SETUSER', 'reader', 'on', '>any', 'allkeys', '+@all', '-memory');
  const url = new URL(server.url);
  Object.assign(url, { username: 'reader', password: 'any' });
  const reader = connectRedis(String(url), 'bulk', () => {});
  try {
    await whenReady(reader, 5_000);
    await expect(reader.memory('USAGE', 'any')).rejects.toThrow('NOPERM');
    const few = keysOf(60, () => 20);
    await written('few, not asked', few);
    expect(await repliesOf('few, not asked', few, reader)).toHaveLength(1);
    const long = keysOf(200, () => 30_000);
    await written('long, not asked', long);
    expect(Math.max(...(await repliesOf('long, not asked', long, reader)))).toBeLessThan(READ_BOUNDS.pageBytes + 30_000 + REST);
  } finally {
    reader.disconnect();
  }
});

test('law 1: whatever rows come between two pages of any size, each row that was there before is in one of them', async () => {
  const reads = createPartitionReads(redis);
  const since = { commitId: '', commits: 0 };
  let pages = 0;
  let parts = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        first: fc.integer({ min: 1, max: 200 }),
        perPage: fc.integer({ min: 0, max: 60 }),
        bytes: fc.integer({ min: 1, max: 400 }),
        rows: fc.integer({ min: 1, max: 40 }),
        inList: fc.constantFrom(0, 1_000),
      }),
      async ({ first, perPage, bytes, rows, inList }) => {
        await redis.config('SET', 'hash-max-listpack-entries', String(inList));
        const prefix = `any-${Math.random()}:{${P}}:`;
        const hash = `${prefix}d:0:${VIEW}`;
        const keyOf = (number: number) => `key ${number} ${'x'.repeat((number * 7) % 50)}`;
        let made = 0;
        const add = async (count: number) => {
          if (count === 0) return;
          await redis.hset(hash, ...Array.from({ length: count }, () => [keyOf(made++), PACKED]).flat());
        };
        await add(first);
        const seen = new Set<string>();
        let place = '0';
        do {
          const page = await reads.page(prefix, { generation: 0, view: VIEW, which: { place, rows, bytes }, since });
          expect(bytesOf(page.hash.slice(0, -2))).toBeLessThan(bytes);
          page.hash.forEach((field, i) => {
            if (i % 2 === 0) seen.add(String(field));
          });
          place = page.place;
          pages++;
          if (place.includes(':')) parts++;
          // A hash that grows with each page would be read for ever.
          if (made < 1_000) await add(perPage);
        } while (place !== '0');
        for (let number = 0; number < first; number++) expect(seen).toContain(keyOf(number));
        await redis.unlink(hash);
      },
    ),
    { numRuns: 40 },
  );
  expect(pages).toBeGreaterThan(500);
  expect(parts).toBeGreaterThan(100);
});
