/** The outbox on Redis: commit.lua fills it, a publisher reads and empties it. One key, so that it is whole wherever it is. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import type { Redis, Result } from 'ioredis';
import { outboxKey } from './keys.ts';
import type { Outbox } from './outbox-port.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryOutboxRemove(outboxKey: string, upTo: number): Result<number, Context>;
  }
}

/** `redis`: a connection that neither queues offline nor resends by itself (kind `commit`). */
export function createOutbox(redis: Redis, namespace: string): Outbox {
  redis.defineCommand('tributaryOutboxRemove', {
    numberOfKeys: 1,
    lua: readFileSync(new URL('./outbox-remove.lua', import.meta.url), 'utf8'),
  });
  return {
    read: (partition, max) =>
      unlessDown(async () => {
        const [from = '0', ...lines] = await redis.lrange(outboxKey(namespace, partition), 0, max);
        return { from: Number(from), lines };
      }),
    remove: (partition, upTo) =>
      unlessDown(async () => {
        await redis.tributaryOutboxRemove(outboxKey(namespace, partition), upTo);
      }),
    length: (partition) => unlessDown(async () => Math.max(0, (await redis.llen(outboxKey(namespace, partition))) - 1)),
  };
}

async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}
