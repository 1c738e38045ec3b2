/** Members with real timers on a real Redis: joining, leaving, crashing, sleeping, and a Redis that stops and starts again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GroupOptions, joinGroup, type Membership } from '../src/group.ts';
import { leaseKeys } from '../src/lease-table.ts';

const PARTITIONS = 8;
const TTL_MS = 800;
const LONG_TTL_MS = 60_000;
/** A beat comes every quarter of the ttl, at least every second; the rest is for a machine with other work. Half of the long lease. */
const SOON_MS = 30_000;

let server: RedisServer;
const connections: Redis[] = [];
const members: Membership[] = [];

beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.leave()));
  for (const redis of connections.splice(0)) redis.disconnect();
  await server.stop();
});

async function connect(): Promise<Redis> {
  const redis = connectRedis(server.url, 'commit', () => {});
  connections.push(redis);
  await whenReady(redis, 10_000);
  return redis;
}

async function join(member: string, options: Partial<GroupOptions> = {}): Promise<Membership> {
  const redis = options.redis ?? (await connect());
  const group = {
    namespace: 'test',
    group: 'speed',
    partitions: PARTITIONS,
    ttlMs: TTL_MS,
    now: () => performance.now(),
  } as const;
  const joined = await joinGroup({ ...group, redis, member, ...options });
  members.push(joined);
  return joined;
}

async function until(what: string, holds: () => boolean): Promise<number> {
  const from = performance.now();
  while (!holds()) {
    if (performance.now() - from > SOON_MS) throw new Error(`${what}: not within ${SOON_MS} ms`);
    await sleep(5);
  }
  return performance.now() - from;
}

function isEven(...group: readonly Membership[]): boolean {
  const held = group.flatMap((member) => [...member.assigned()]);
  const counts = group.map((member) => member.assigned().size);
  return held.length === PARTITIONS && new Set(held).size === PARTITIONS && Math.max(...counts) - Math.min(...counts) <= 1;
}

/** As SIGSTOP does: neither timers nor replies, until it wakes; its clock goes on. */
function sleepingRedis(redis: Redis) {
  let awake = Promise.resolve();
  return {
    eval: async (script: string, keys: number, ...args: string[]) => {
      await awake;
      return redis.eval(script, keys, ...args);
    },
    stop(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      awake = promise;
      return resolve;
    },
  };
}

test('a lone member holds everything when it has joined; a second one gets half, a third its third', async () => {
  const ada = await join('ada');
  expect(ada.assigned().size).toBe(PARTITIONS);
  const ben = await join('ben');
  await until('two share', () => isEven(ada, ben));
  const cyd = await join('cyd');
  await until('three share', () => isEven(ada, ben, cyd));
  expect(new Set(cyd.others())).toEqual(new Set(['ada', 'ben']));
});

test('one that leaves frees everything at once; what the others held stays theirs', async () => {
  const ada = await join('ada', { ttlMs: LONG_TTL_MS });
  const ben = await join('ben', { ttlMs: LONG_TTL_MS });
  await until('two share', () => isEven(ada, ben));
  const before = [...ada.assigned()];
  await ben.leave();
  expect(ben.assigned().size).toBe(0);
  await until('the other has taken over before a lease could have run out', () => ada.assigned().size === PARTITIONS);
  expect(before.every((partition) => ada.assigned().has(partition))).toBe(true);
});

test('one that crashes is missed after its lease', async () => {
  const ada = await join('ada');
  const redis = await connect();
  const ben = await join('ben', { redis });
  await until('two share', () => isEven(ada, ben));
  redis.disconnect();
  const tookMs = await until('the other has everything', () => ada.assigned().size === PARTITIONS);
  expect(tookMs).toBeGreaterThan(TTL_MS / 2);
  await until('the cut-off one holds itself for dead', () => ben.assigned().size === 0);
  expect(ben.holds()).toBe(false);
});

test('one that is known to be dead is not waited for', async () => {
  let isDead = false;
  const ada = await join('ada', { ttlMs: LONG_TTL_MS, isGone: (name) => isDead && name === 'ben' });
  const redis = await connect();
  await join('ben', { ttlMs: LONG_TTL_MS, redis });
  await until('two share', () => ada.assigned().size === PARTITIONS / 2);
  redis.disconnect();
  isDead = true;
  await until('taken over long before the lease ran out', () => ada.assigned().size === PARTITIONS);
  const cyd = await join('cyd', { isGone: (name) => name === 'ada' });
  expect(cyd.assigned().size, 'a successor starts with what the dead one held').toBe(PARTITIONS);
});

test('a zombie wakes with nothing, and is a member again soon', async () => {
  const stoppable = sleepingRedis(await connect());
  const zombie = await join('zombie', { redis: stoppable });
  const ada = await join('ada');
  await until('two share', () => isEven(zombie, ada));
  const wake = stoppable.stop();
  await until('the other has everything', () => ada.assigned().size === PARTITIONS);
  await sleep(TTL_MS);
  expect(zombie.assigned().size).toBe(0);
  wake();
  await until('two share again', () => isEven(zombie, ada));
});

test('a wait for an answer is not counted in: a lease ends here before it ends in Redis', async () => {
  let nowMs = 0;
  const ada = await join('ada', { now: () => nowMs, ttlMs: 60_000 });
  nowMs = 59_999;
  expect(ada.assigned().size).toBe(PARTITIONS);
  nowMs = 60_001;
  expect(ada.assigned().size).toBe(0);
});

test('Redis killed and started again: each member holds again what it held', async () => {
  const ada = await join('ada');
  const ben = await join('ben');
  await until('two share', () => isEven(ada, ben));
  const before = [ada.assigned(), ben.assigned()].map((set) => [...set].sort());
  await server.kill();
  await until('both hold themselves for dead', () => ada.assigned().size + ben.assigned().size === 0);
  await sleep(TTL_MS);
  await server.restart();
  await until('all is held', () => ada.assigned().size + ben.assigned().size === PARTITIONS);
  await sleep(TTL_MS);
  expect([ada.assigned(), ben.assigned()].map((set) => [...set].sort())).toEqual(before);
});

test('Redis emptied of the leases: nothing moves', async () => {
  const ada = await join('ada');
  const ben = await join('ben');
  await until('two share', () => isEven(ada, ben));
  const before = [ada.assigned(), ben.assigned()];
  await (await connect()).del(...leaseKeys('test', 'speed'));
  await sleep(TTL_MS);
  expect([ada.assigned(), ben.assigned()].map((set) => [...set].sort())).toEqual(before.map((set) => [...set].sort()));
});

test('the set that is assigned stays the same object while nothing changes', async () => {
  const changes: number[] = [];
  const ada = await join('ada', { onChange: (assigned) => changes.push(assigned.size) });
  const first = ada.assigned();
  await sleep(TTL_MS);
  expect(ada.assigned()).toBe(first);
  expect(changes).toEqual([PARTITIONS]);
});

test('one that cannot reach Redis says so and does not join', async () => {
  const redis = { eval: () => Promise.reject(new Error('no answer')) };
  await expect(join('ada', { redis, joinTimeoutMs: 300 })).rejects.toMatchObject({ code: 'store_unavailable' });
});

test('members that have another value of what all must have alike are known to all, until they leave or die', async () => {
  const heard = new Map<string, readonly string[]>();
  const joinWith = (name: string, alike?: string, over?: Redis) =>
    join(name, { ...(alike && { alike }), ...(over && { redis: over }), onDiffering: (others) => heard.set(name, others) });
  await joinWith('ada', 'all');
  await joinWith('ben', 'all');
  await joinWith('old');
  expect(heard, 'an older version says nothing').toEqual(new Map());
  const cyd = await joinWith('cyd', 'none');
  expect(heard.get('cyd')).toEqual(['all', 'all']);
  await until('ada hears of cyd', () => heard.get('ada')?.[0] === 'none');
  await until('ben hears of cyd', () => heard.get('ben')?.[0] === 'none');
  await cyd.leave();
  await until('ada hears that cyd is gone', () => heard.get('ada')?.length === 0);

  const redis = await connect();
  await joinWith('dot', 'conversions', redis);
  await until('ada hears of dot', () => heard.get('ada')?.[0] === 'conversions');
  redis.disconnect();
  await until('ada hears that dot is gone', () => heard.get('ada')?.length === 0);
  expect(await (await connect()).hkeys(leaseKeys('test', 'speed')[2])).toEqual(['ada', 'ben']);
  expect(heard.has('old')).toBe(false);
});
