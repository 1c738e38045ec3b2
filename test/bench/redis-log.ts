/** A log in a Redis of its own, with a connection for the store, as long as something is measured over it; and what that Redis has used. */
import type { EventLog } from '@tributary/log/port';
import { openRedisStreamLog } from '@tributary/log/redis-stream/redis-stream-log';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import type { Redis } from 'ioredis';

export const PARTITIONS = 16;

export async function withRedisLog<T>(work: (log: EventLog, store: Redis) => Promise<T>): Promise<T> {
  const server = await startRedis();
  const connections: Redis[] = [];
  const connect = async (kind: 'commit' | 'blocking') => {
    const redis = connectRedis(server.url, kind, () => {});
    connections.push(redis);
    await whenReady(redis, 10_000);
    return redis;
  };
  try {
    const [store, commands, blocking] = await Promise.all([connect('commit'), connect('commit'), connect('blocking')]);
    const log = await openRedisStreamLog({ commands, blocking, namespace: 'tributary', partitions: PARTITIONS, now: Date.now });
    return await work(log, store);
  } finally {
    for (const redis of connections) redis.disconnect();
    await server.stop();
  }
}

export async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

/** CPU that Redis used so far, µs. */
export async function redisCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  return 1e6 * (Number(/used_cpu_user:([\d.]+)/.exec(info)?.[1]) + Number(/used_cpu_sys:([\d.]+)/.exec(info)?.[1]));
}
