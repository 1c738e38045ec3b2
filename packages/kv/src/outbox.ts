/** The outbox on Redis: commit.lua fills it, a publisher reads and empties it. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import type { Redis, Result } from 'ioredis';
import { outboxKey, partitionPrefix } from './keys.ts';
import type { Outbox } from './outbox-port.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryOutboxRead(stateKey: string, outboxKey: string, max: number): Result<[from: number, lines: string[]], Context>;
    tributaryOutboxRemove(stateKey: string, outboxKey: string, upTo: number): Result<number, Context>;
  }
}

/** `redis`: a connection that neither queues offline nor resends by itself (kind `commit`). */
export function createOutbox(redis: Redis, namespace: string): Outbox {
  for (const [command, file] of [
    ['tributaryOutboxRead', 'outbox-read.lua'],
    ['tributaryOutboxRemove', 'outbox-remove.lua'],
  ] as const)
    redis.defineCommand(command, { numberOfKeys: 2, lua: readFileSync(new URL(`./${file}`, import.meta.url), 'utf8') });
  const stateOf = (partition: number) => `${partitionPrefix(namespace, partition)}state`;

  return {
    read: (partition, max) =>
      unlessDown(async () => {
        const [from, lines] = await redis.tributaryOutboxRead(stateOf(partition), outboxKey(namespace, partition), max);
        return { from, lines };
      }),
    remove: (partition, upTo) =>
      unlessDown(async () => {
        await redis.tributaryOutboxRemove(stateOf(partition), outboxKey(namespace, partition), upTo);
      }),
    length: (partition) => unlessDown(() => redis.llen(outboxKey(namespace, partition))),
  };
}

async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}
