/** The scripts, on a real Redis: whichever members join, leave and die, the living share all partitions evenly, and little moves. */
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import fc from 'fast-check';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLeaseTable, leaseKeys } from '../src/lease-table.ts';

const NAMES = ['ada', 'ben', 'cyd', 'dot', 'eve', 'fay', 'gus'];
const TTL_MS = 600_000;
const NAMESPACE = 'test';

let server: RedisServer;
let redis: Redis;
beforeAll(async () => {
  server = await startRedis(['--appendfsync', 'no']);
  redis = connectRedis(server.url, 'commit', () => {});
  await whenReady(redis, 10_000);
});
afterAll(async () => {
  redis?.disconnect();
  await server?.stop();
});

const [LEASES, HOLDERS] = leaseKeys(NAMESPACE, 'speed');

/** A group whose members beat when a test calls `beat`; `expire` makes a lease end as if its time had passed. */
async function group(partitions: number) {
  await redis.del(LEASES, HOLDERS);
  const table = createLeaseTable(redis, { namespace: NAMESPACE, group: 'speed', partitions, ttlMs: TTL_MS });
  const held = new Map<string, readonly number[]>();
  return {
    held,
    async beat(name: string, gone: readonly string[] = []) {
      const answer = await table.beat(name, gone, held.get(name) ?? []);
      held.set(name, answer.partitions);
      return answer;
    },
    async leave(name: string) {
      await table.leave(name);
      held.delete(name);
    },
    expire: (name: string) => redis.zadd(LEASES, 'XX', 1, name),
    async living() {
      return (await redis.zrangebyscore(LEASES, 2, '+inf')).sort();
    },
    async holders(): Promise<Map<number, string>> {
      const stored = Object.entries(await redis.hgetall(HOLDERS));
      return new Map(stored.map(([partition, name]) => [Number(partition), name]));
    },
  };
}

const arbitraryOps = fc.array(
  fc.record({
    op: fc.constantFrom('beat', 'beat', 'beat', 'beat', 'leave', 'expire', 'forget' as const),
    who: fc.constantFrom(...NAMES),
  }),
  { maxLength: 40 },
);

test('law 3: after any joins, leaves and expiries two rounds of beats spread all partitions evenly, and move the fewest', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryOps,
      fc.integer({ min: 1, max: 20 }),
      fc.infiniteStream(fc.nat()),
      async (ops, partitions, luck) => {
        const { beat, leave, expire, living, holders } = await group(partitions);
        for (const { op, who } of ops) {
          if (op === 'beat') await beat(who);
          else if (op === 'leave') await leave(who);
          else if (op === 'expire') await expire(who);
          // Redis lost everything, or what it had not written.
          else if ((luck.next().value as number) % 8 === 0) await redis.del(LEASES, HOLDERS);
        }
        const alive = await living();
        if (alive.length === 0) return;
        const before = await holders();
        for (let round = 0; round < 2; round++) {
          const order = alive.map((name) => [luck.next().value as number, name] as const).sort(([a], [b]) => a - b);
          for (const [, name] of order) await beat(name);
        }
        const after = await holders();
        const counts = alive.map((name) => [...after.values()].filter((holder) => holder === name).length);
        expect([...after.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p));
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        expect(counts.reduce((sum, count) => sum + count)).toBe(partitions);

        const moved = [...before].filter(([p, holder]) => alive.includes(holder) && after.get(p) !== holder).length;
        const share = Math.floor(partitions / alive.length);
        const over = alive
          .map((name) => [...before.values()].filter((holder) => holder === name).length - share)
          .filter((n) => n > 0);
        const fewest = over.reduce((sum, n) => sum + n, 0) - Math.min(over.length, partitions % alive.length);
        expect(moved).toBe(fewest);
      },
    ),
    { numRuns: 300 },
  );
});

test('a beat returns what the table holds of the member', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryOps, fc.integer({ min: 1, max: 20 }), async (ops, partitions) => {
      const { beat, leave, expire, holders } = await group(partitions);
      for (const { op, who } of ops) {
        if (op === 'leave') await leave(who);
        else if (op === 'expire') await expire(who);
        else {
          const { partitions: returned } = await beat(who);
          const own = [...(await holders())].filter(([, holder]) => holder === who).map(([partition]) => partition);
          expect([...returned].sort((a, b) => a - b)).toEqual(own.sort((a, b) => a - b));
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('a lone member holds everything at its first beat', async () => {
  const { beat } = await group(16);
  expect(await beat('ada')).toEqual({
    partitions: Array.from({ length: 16 }, (_, p) => p),
    others: [],
    lacking: 0,
    forgotten: false,
    differing: [],
  });
});

test('a newcomer takes nothing away: it learns what it lacks, and gets it when the others have beaten', async () => {
  const { beat } = await group(16);
  await beat('ada');
  expect(await beat('ben')).toEqual({ partitions: [], others: ['ada'], lacking: 8, forgotten: false, differing: [] });
  expect((await beat('ada')).partitions).toHaveLength(8);
  expect(await beat('ben')).toMatchObject({ lacking: 0, partitions: { length: 8 } });
});

test('a member that is known to be dead loses everything at once', async () => {
  const { beat } = await group(16);
  await beat('ada');
  expect((await beat('ben', ['ada'])).partitions).toHaveLength(16);
});

test('leases lost with everyone alive: each takes back what it held, nothing moves', async () => {
  const { beat, held } = await group(16);
  for (let round = 0; round < 3; round++) for (const name of ['ada', 'ben', 'cyd']) await beat(name);
  const before = new Map(held);
  await redis.del(LEASES, HOLDERS);
  for (let round = 0; round < 3; round++) for (const name of ['cyd', 'ada', 'ben']) await beat(name);
  for (const [name, partitions] of before) expect([...(held.get(name) ?? [])].sort()).toEqual([...partitions].sort());
});

test('Redis away for longer than every lease: the member that comes back first does not take the rest', async () => {
  const { beat, held, expire } = await group(16);
  for (let round = 0; round < 3; round++) for (const name of ['ada', 'ben']) await beat(name);
  const before = new Map(held);
  await expire('ada');
  await expire('ben');
  await beat('ben');
  await beat('ada');
  expect(new Map(held)).toEqual(before);
});

test('one that slept past its lease while another lived has lost everything', async () => {
  const { beat, expire } = await group(4);
  await beat('ada');
  await expire('ada');
  expect((await beat('ben')).partitions).toHaveLength(4);
  expect((await beat('ada')).partitions).toEqual([]);
});

test('more members than partitions: some hold none, none holds two', async () => {
  const { beat } = await group(3);
  for (let round = 0; round < 2; round++) for (const name of NAMES) await beat(name);
  const counts = await Promise.all(NAMES.map(async (name) => (await beat(name)).partitions.length));
  expect(counts.sort()).toEqual([0, 0, 0, 0, 1, 1, 1]);
});

test('holders of partitions that no longer exist are forgotten', async () => {
  await group(16).then(({ beat }) => beat('ada'));
  const table = createLeaseTable(redis, { namespace: NAMESPACE, group: 'speed', partitions: 4, ttlMs: TTL_MS });
  expect((await table.beat('ada', [], [])).partitions).toEqual([0, 1, 2, 3]);
  expect(await redis.hlen(HOLDERS)).toBe(4);
});
