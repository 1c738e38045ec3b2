import { createServingStore } from '@tributary/kv/redis-serving-store';
import { createSpeedStore } from '@tributary/kv/redis-speed-store';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { type RedisServer, startRedis } from '@tributary/testkit/redis-server';
import { commitOf } from '@tributary/testkit/store-contract';
import { HISTORY_PARTITIONS } from '@tributary/testkit/store-history';
import { VIEWS } from '@tributary/views/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDeltaFollower } from '../../services/api/src/delta-follower.ts';
import { GENERATION_ZERO } from '../../services/api/src/loaded-generation.ts';
import { projectionOf } from '../../services/api/src/merge.ts';
import { conversionsView } from '../../services/api/src/views.ts';
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

test('law 1: Redis is killed and started again: followers go on where they were, and nothing is read whole', async () => {
  const namespace = `follower-${made++}`;
  const speed = createSpeedStore(commits, namespace);
  const serving = createServingStore(reads, namespace, HISTORY_PARTITIONS, VIEWS);
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
  await follower.look(0, ['conversions']);
  await speed.commit(commitOf(null, 'p1'));
  await speed.commit(commitOf('p1', 'p2'));
  await server.kill();
  await expect(follower.look(0, ['conversions'])).rejects.toMatchObject({ code: 'store_unavailable' });
  await server.restart();
  await Promise.all([whenReady(commits, 5_000), whenReady(reads, 5_000)]);
  await speed.commit(commitOf('p2', 'p3'));
  const look = await follower.look(0, ['conversions']);
  expect(look.states[2]?.position).toBe('p3');
  const total = projectionOf(conversionsView, { days: { fromDay: null, toDay: null }, equal: {}, by: [] });
  expect(look.answer(GENERATION_ZERO, total, 'merged').get('')).toEqual([3, 750]);
  expect(whole).toBe(1);
});
