/** What the records of partitions are known to hold, each as of one commit: asked once they were read, it holds of them. */
import type { KeptRecords } from '@tributary/views/record';
import type { Redis, Result } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { KEPT_FIELDS, keptFrom } from '../format/state.ts';
import { defineScript } from '../redis/scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryKeptRecords(...args: string[]): Result<(string | null)[][], Context>;
  }
}

export function createKeptReads(
  redis: Redis,
  namespace: string,
): (partitions: readonly number[]) => Promise<(KeptRecords | null)[]> {
  defineScript(redis, 'tributaryKeptRecords', new URL('./kept-records.lua', import.meta.url), 'any keys');
  return async (partitions) => {
    const keys = partitions.map((partition) => `${partitionPrefix(namespace, partition)}state`);
    const states = redis.isCluster
      ? await Promise.all(keys.map((key) => redis.hmget(key, ...KEPT_FIELDS)))
      : await redis.tributaryKeptRecords('0', String(KEPT_FIELDS.length), ...KEPT_FIELDS, ...keys);
    return states.map(keptFrom);
  };
}
