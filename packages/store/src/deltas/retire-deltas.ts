/** Retiring: the deltas of generations that are not kept go. */
import type { Redis, Result } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { generationsBetween, stateFrom } from '../format/state.ts';
import { recordOf } from '../redis/redis-replies.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryRetire(...args: string[]): Result<string[], Context>;
    tributaryRetired(...args: string[]): Result<null, Context>;
  }
}

/** Deletes the deltas of a partition's generations below `keep`. */
export type Retire = (partition: number, keep: number) => Promise<void>;

export function createRetire(redis: Redis, namespace: string, views: readonly string[]): Retire {
  defineScript(redis, 'tributaryRetire', new URL('./retire.lua', import.meta.url));
  defineScript(redis, 'tributaryRetired', new URL('./retired.lua', import.meta.url));
  return async (partition, keep) => {
    const prefix = partitionPrefix(namespace, partition);
    const state = keysFor(redis, `${prefix}state`, () => []);
    const fields = recordOf(await redis.tributaryRetire(...state, String(keep)));
    if (stateFrom(fields) === null) return;
    // What an earlier retirement began and did not end is below `oldest`, but not below `removed`.
    for (const g of generationsBetween(fields, Number(fields['removed'] ?? 0), keep)) {
      const keys = [`${prefix}n:${g}`, `${prefix}c:${g}`, ...views.map((name) => `${prefix}d:${g}:${name}`)];
      if (redis.isCluster) await Promise.all(keys.map((key) => redis.unlink(key)));
      else await redis.unlink(...keys);
    }
    await redis.tributaryRetired(...state, String(keep));
  };
}
