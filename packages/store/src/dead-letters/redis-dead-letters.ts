/** Dead letters on Redis: commit.lua writes them, one stream a partition. */
import type { Redis, Result } from 'ioredis';
import {
  type DeadLetterId,
  type DeadLetters,
  lettersOfEach,
  mergedPage,
  type StoredDeadLetter,
  textOfId,
} from '../dead-letters.ts';
import { deadLettersKey } from '../format/keys.ts';
import { recordOf } from '../redis/redis-replies.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReplaceDead(...args: string[]): Result<string | null, Context>;
  }
}

export function createDeadLetters(redis: Redis, namespace: string, partitions: number): DeadLetters {
  defineScript(redis, 'tributaryReplaceDead', new URL('./replace-dead.lua', import.meta.url));
  const keyOf = (partition: number) => deadLettersKey(namespace, partition);
  const entryOf = ({ parkedAt, sequence }: DeadLetterId) => `${parkedAt}-${sequence}`;
  const find = async (id: DeadLetterId) => {
    const [found] = await redis.xrange(keyOf(id.partition), entryOf(id), entryOf(id));
    return found === undefined ? null : letterOf(id.partition, found);
  };
  return {
    page: (limit, after) =>
      unlessDown(async () => {
        const each = lettersOfEach(limit, partitions);
        const parts = Array.from({ length: partitions }, async (_, partition) => {
          const letters = (await redis.xrevrange(keyOf(partition), endOf(partition, after), '-', 'COUNT', each)).map((entry) =>
            letterOf(partition, entry),
          );
          return { letters, hasMore: letters.length === each };
        });
        return mergedPage(await Promise.all(parts), limit);
      }),
    find: (id) => unlessDown(() => find(id)),
    remove: (id) => unlessDown(async () => (await redis.xdel(keyOf(id.partition), entryOf(id))) === 1),
    replace: (id, { code, message }) =>
      unlessDown(async () => {
        const keys = keysFor(redis, keyOf(id.partition), () => []);
        const entry = await redis.tributaryReplaceDead(...keys, entryOf(id), code, message);
        const [parkedAt, sequence] = (entry ?? '').split('-').map(Number);
        return entry === null ? null : find({ partition: id.partition, parkedAt: Number(parkedAt), sequence: Number(sequence) });
      }),
  };
}

/** Letters that were parked at once are ordered by their partitions. */
function endOf(partition: number, after: DeadLetterId | undefined): string {
  if (after === undefined) return '+';
  return `${partition > after.partition ? '' : '('}${after.parkedAt}-${after.sequence}`;
}

function letterOf(partition: number, [entry, fields]: [id: string, fields: string[]]): StoredDeadLetter {
  const [parkedAt = 0, sequence = 0] = entry.split('-').map(Number);
  const { at = '', code = '', message = '', raw = '' } = recordOf(fields);
  return { id: textOfId({ partition, parkedAt, sequence }), partition, parkedAt, at, code, message, raw };
}
