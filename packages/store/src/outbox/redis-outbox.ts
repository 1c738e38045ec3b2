/** The outbox on Redis: commit.lua fills it, a publisher reads and empties it. One key, so that it is whole wherever it is. */
import type { Redis, Result } from 'ioredis';
import { outboxKey } from '../format/keys.ts';
import type { Outbox } from '../outbox.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryOutboxRemove(...args: string[]): Result<number, Context>;
  }
}

/** `redis`: a connection that neither queues offline nor resends by itself (kind `commit`). `keyOf`: of outputs, or of messages to other keys. */
export function createOutbox(redis: Redis, namespace: string, keyOf = outboxKey): Outbox {
  defineScript(redis, 'tributaryOutboxRemove', new URL('./outbox-remove.lua', import.meta.url));
  return {
    read: (partition, max) =>
      unlessDown(async () => {
        const [from = '0', ...lines] = await redis.lrange(keyOf(namespace, partition), 0, max);
        return { from: Number(from), lines };
      }),
    remove: (partition, upTo, from = 0, last = '') =>
      unlessDown(async () => {
        const key = keysFor(redis, keyOf(namespace, partition), () => []);
        return (await redis.tributaryOutboxRemove(...key, String(upTo), String(from), last)) >= 0;
      }),
    length: (partition) => unlessDown(async () => Math.max(0, (await redis.llen(keyOf(namespace, partition))) - 1)),
  };
}
