import { createServingStore } from '@tributary/kv/redis-serving-store';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { describeOutboxContract } from '@tributary/testkit/outbox-contract';
import { describeRetirementContract, passBarriers } from '@tributary/testkit/retirement-contract';
import { describeStoreContract } from '@tributary/testkit/store-contract';
import { HISTORY_PARTITIONS } from '@tributary/testkit/store-history';
import { P } from '@tributary/testkit/store-under-test';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisStores, startRedisStores } from './stores.ts';

let stores: RedisStores;
beforeAll(async () => {
  stores = await startRedisStores();
});
afterAll(() => stores?.stop());

describeStoreContract('Redis', () => stores.make());
describeOutboxContract('Redis', () => stores.make());
describeRetirementContract('Redis', () => stores.make());

test('law 7: a retirement that was cut short is ended by the next one', async () => {
  const namespace = 'cut-short';
  const store = await stores.make(namespace);
  await passBarriers(store, 0, 40);
  const redis = connectRedis(stores.server.url, 'serving', () => {});
  try {
    await whenReady(redis, 5_000);
    let removals = 3;
    const failing = new Proxy(redis, {
      get: (of, name) =>
        name === 'del' && removals-- <= 0 ? () => Promise.reject(new Error('connection lost')) : Reflect.get(of, name),
    });
    const serving = createServingStore(failing, namespace, HISTORY_PARTITIONS, VIEWS);
    await expect(serving.retireDeltas(30)).rejects.toThrow(/connection lost/);
    expect(await store.generationsKept(P)).toEqual(Array.from({ length: 37 }, (_, i) => 3 + i));
    await store.serving.retireDeltas(30);
    expect(await store.generationsKept(P)).toEqual(Array.from({ length: 10 }, (_, i) => 30 + i));
  } finally {
    redis.disconnect();
  }
});
