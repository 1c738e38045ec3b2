/** Large records on a real Redis: short answers do not wait behind them. */

import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { recordKey } from '@tributary/store/format/keys';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { createRecordReader } from '../src/http/record-reader.ts';

const KIB = 1024;
const NOT_JOINED = { partitions: 1, pollForJoined: () => undefined, joinedMs: () => null, now: () => 0 };

test('law 7: only records of more than 1 MiB travel over the connection for long answers', async () => {
  const server = await startRedis();
  const connections = (['serving', 'bulk'] as const).map((kind) => connectRedis(server.url, kind, () => {}));
  try {
    const [serving, bulk] = connections as [(typeof connections)[0], (typeof connections)[0]];
    await Promise.all(connections.map((redis) => whenReady(redis, 10_000)));
    const reader = createRecordReader(createServingStore(serving, 'test', 1, VIEWS, { bulk }), NOT_JOINED);
    const sizes = [1, 900, 1_024, 1_025, 3_000].map((kib) => kib * KIB);
    for (const size of sizes) await serving.set(recordKey('test', 0, `user ${size}`), 'x'.repeat(size));
    const read = (...users: number[]) =>
      reader.read(
        'key',
        users.map((size) => ({ partition: 0, userKey: `user ${size}` })),
        (records) => records.map((record) => record?.length ?? null),
      );
    expect(await read(...sizes, 7)).toEqual([...sizes, null]);
    bulk.disconnect();
    expect(await read(...sizes.slice(0, 3))).toEqual(sizes.slice(0, 3));
    await expect(read(sizes[3] as number)).rejects.toMatchObject({ code: 'store_unavailable' });
  } finally {
    for (const redis of connections) redis.disconnect();
    await server.stop();
  }
});
