import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createDeltaFollower } from '@tributary/serving/deltas/follower';
import { GENERATION_ZERO } from '@tributary/serving/generations/loaded';
import { projectionOf } from '@tributary/serving/merge';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { commitOf } from '@tributary/testkit/contracts/store-under-test';
import { conversions } from '@tributary/views/conversions/fold';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisStores, startRedisStores } from '../contract/stores.ts';
import { expectFollowerLaw } from './follower-law.ts';

let stores: RedisStores;
beforeAll(async () => {
  stores = await startRedisStores();
});
afterAll(() => stores?.stop());

test('law 1: over any history of commits, barriers, retirements and lost writes, an answer is that of a fresh full read of Redis', async () => {
  await expectFollowerLaw(() => stores.make(), 150);
});

test('law 1: likewise where all of it is read in pages of two rows', async () => {
  // A small hash is stored as a list otherwise, of which a scan gives all rows at once.
  const redis = connectRedis(stores.server.url, 'commit', () => {});
  await whenReady(redis, 5_000);
  await redis.config('SET', 'hash-max-listpack-entries', '1');
  redis.disconnect();
  await expectFollowerLaw(() => stores.make(undefined, { ...READ_BOUNDS, pageRows: 2, mostAtOnce: 1 }), 100);
});

test('law 1: Redis is killed and started again: followers go on where they were, and nothing is read whole', async () => {
  const { speed, serving } = await stores.make();
  let whole = 0;
  const follower = createDeltaFollower({
    partitions: HISTORY_PARTITIONS,
    now: () => 0,
    store: {
      ...serving,
      readWhole: (...question) => {
        whole++;
        return serving.readWhole(...question);
      },
    },
  });
  await follower.poll(0, ['conversions']);
  await speed.commit(commitOf(null, 'p1'));
  await speed.commit(commitOf('p1', 'p2'));
  await stores.server.kill();
  await expect(follower.poll(0, ['conversions'])).rejects.toMatchObject({ code: 'store_unavailable' });
  await stores.server.restart();
  await stores.ready();
  await speed.commit(commitOf('p2', 'p3'));
  const taken = await follower.poll(0, ['conversions']);
  expect(taken.states[2]?.position).toBe('p3');
  const total = projectionOf(conversions, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });
  expect(taken.answer(GENERATION_ZERO, total, 'merged').get('')).toEqual([3, 750]);
  expect(whole).toBe(1);
});
