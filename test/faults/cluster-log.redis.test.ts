import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis } from '@tributary/runtime/redis/connect';
import { expect, test } from 'vitest';

test('the log on Redis Streams is refused over a cluster, before anything is connected', async () => {
  const [commands, blocking] = (['commit', 'blocking'] as const).map((kind) =>
    connectRedis('redis-cluster://127.0.0.1:9', kind, () => {}),
  ) as [ReturnType<typeof connectRedis>, ReturnType<typeof connectRedis>];
  try {
    await expect(
      openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: 4, now: Date.now }),
    ).rejects.toMatchObject({ code: 'invalid_config', message: /cluster/ });
  } finally {
    commands.disconnect();
    blocking.disconnect();
  }
});
