import { describeOutboxContract } from '@tributary/testkit/outbox-contract';
import { describeStoreContract } from '@tributary/testkit/store-contract';
import { afterAll, beforeAll } from 'vitest';
import { type RedisStores, startRedisStores } from './stores.ts';

let stores: RedisStores;
beforeAll(async () => {
  stores = await startRedisStores();
});
afterAll(() => stores?.stop());

describeStoreContract('Redis', () => stores.make());
describeOutboxContract('Redis', () => stores.make());
