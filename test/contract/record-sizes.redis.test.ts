/** Sizes of records with the marks that say whether a record is the same: of stores whose workers or connections change. */
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { partitionPrefix } from '@tributary/store/format/keys';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { RecordSize, ServingStore } from '@tributary/store/serving-store';
import { commitOf, P } from '@tributary/testkit/contracts/store-under-test';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

let server: RedisServer;
const open: Redis[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => {
  for (const redis of open.splice(0)) redis.disconnect();
});
afterAll(() => server.stop());

const ADA = { partition: P, userKey: 'ada' };

async function connect(kind: 'commit' | 'serving' | 'bulk'): Promise<Redis> {
  const redis = connectRedis(server.url, kind, () => {});
  open.push(redis);
  await whenReady(redis, 5_000);
  return redis;
}

async function stores(namespace: string) {
  const [commits, reads, bulk] = await Promise.all([connect('commit'), connect('serving'), connect('bulk')]);
  const serving = createServingStore(reads, namespace, 4, VIEWS, { bulk });
  return { commits, reads, serving, speed: createSpeedStore(commits, namespace) };
}

const nothing = { position: () => {}, kept: () => {} };
const sizeOf = async ({ recordSizes }: ServingStore) => (await recordSizes?.([ADA], nothing))?.[0] as RecordSize;

/** What a record was read with. */
async function markOf({ records }: ServingStore, maxBytes = 1_000): Promise<string | undefined> {
  const marks: (string | undefined)[] = [];
  await records([ADA], maxBytes, { ...nothing, position: (_, _position, mark) => void marks.push(mark) });
  expect(marks).toHaveLength(1);
  return marks[0];
}

test('law 1: where a worker came between that does not say whether it rewrote records, none has a mark, and then another one', async () => {
  const { commits, serving, speed } = await stores('older');
  expect(await sizeOf(serving)).toEqual({ bytes: 0, mark: undefined });
  await speed.commit(commitOf(null, 'p1', { appends: new Map([['ada', 'x']]) }));
  await speed.commit(commitOf('p1', 'p2', { appends: new Map([['bob', 'x']]) }));
  const { mark, bytes } = await sizeOf(serving);
  expect([bytes, mark, await markOf(serving)]).toEqual([1, expect.any(String), mark]);
  // As the script of the version before leaves it.
  const prefix = partitionPrefix('older', P);
  await commits.hset(`${prefix}state`, 'position', 'p3', 'commit', 'commit of p3');
  await commits.set(`${prefix}u:ada`, 'y');
  expect([await sizeOf(serving), await markOf(serving)]).toEqual([{ bytes: 1, mark: undefined }, undefined]);
  await speed.commit(commitOf('p3', 'p4', { appends: new Map([['bob', 'x']]) }));
  const later = await sizeOf(serving);
  expect(later).toEqual({ bytes: 1, mark: expect.any(String) });
  expect(later.mark).not.toBe(mark);
});

test('law 1: a connection that was made again may lead to a store that lost what it had written: its marks are others', async () => {
  const { reads, serving, speed } = await stores('again');
  await speed.commit(commitOf(null, 'p1', { appends: new Map([['ada', 'x']]) }));
  const before = await sizeOf(serving);
  expect((await sizeOf(serving)).mark).toBe(before.mark);
  reads.disconnect(true);
  await expect.poll(() => sizeOf(serving).catch(() => undefined)).toMatchObject({ bytes: 1 });
  const after = await sizeOf(serving);
  expect([after.mark, await markOf(serving)]).toEqual([expect.any(String), after.mark]);
  expect(after.mark).not.toBe(before.mark);
});

test('law 1: what comes over the connection for long answers has no mark: it may lead to another server for a moment', async () => {
  const { serving, speed } = await stores('long');
  await speed.commit(commitOf(null, 'p1', { appends: new Map([['ada', 'x']]) }));
  expect(await markOf(serving, 4_000_000)).toBeUndefined();
  expect(await markOf(serving)).toEqual(expect.any(String));
});
