import { createServingStore } from '@tributary/kv/redis-serving-store';
import { createSpeedStore } from '@tributary/kv/redis-speed-store';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { type RedisServer, startRedis } from '@tributary/testkit/redis-server';
import { HISTORY_PARTITIONS } from '@tributary/testkit/store-history';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, test } from 'vitest';
import { expectFollowerLaw } from './follower-law.ts';

type Connection = ReturnType<typeof connectRedis>;

let server: RedisServer;
let commits: Connection;
let reads: Connection;
let made = 0;

beforeAll(async () => {
  server = await startRedis();
  commits = connectRedis(server.url, 'commit', () => {});
  reads = connectRedis(server.url, 'serving', () => {});
  await Promise.all([whenReady(commits, 5_000), whenReady(reads, 5_000)]);
});

afterAll(async () => {
  commits?.disconnect();
  reads?.disconnect();
  await server?.stop();
});

test('law 1: over any history of commits, barriers, retirements and lost writes, an answer is that of a fresh full read of Redis', async () => {
  await expectFollowerLaw(async () => {
    const namespace = `follower-${made++}`;
    return {
      speed: createSpeedStore(commits, namespace),
      serving: createServingStore(reads, namespace, HISTORY_PARTITIONS, VIEWS),
      async checkpoint(partition) {
        const keys = await reads.keys(`${namespace}:{${partition}}:*`);
        const dumps = await Promise.all(keys.map((key) => reads.dumpBuffer(key)));
        return async () => {
          const written = await reads.keys(`${namespace}:{${partition}}:*`);
          if (written.length > 0) await reads.del(...written);
          await Promise.all(keys.map((key, i) => reads.restore(key, 0, dumps[i] as Buffer)));
        };
      },
    };
  }, 150);
});
