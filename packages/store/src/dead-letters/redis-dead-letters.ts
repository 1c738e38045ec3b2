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
import { deadLettersKey, partitionPrefix } from '../format/keys.ts';
import { recordOf } from '../redis/redis-replies.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReplaceDead(...args: string[]): Result<string | null, Context>;
    tributaryForgetDead(...args: string[]): Result<null, Context>;
  }
}

export function createDeadLetters(redis: Redis, namespace: string, partitions: number): DeadLetters {
  defineScript(redis, 'tributaryReplaceDead', new URL('./replace-dead.lua', import.meta.url));
  defineScript(redis, 'tributaryForgetDead', new URL('./forget-dead.lua', import.meta.url));
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
    forget: (generation, isToGo) =>
      unlessDown(async () => {
        let count = 0;
        for (let partition = 0; partition < partitions; partition++) {
          const keys = { letters: keyOf(partition), state: `${partitionPrefix(namespace, partition)}state` };
          if (Number((await redis.hget(keys.state, 'generation')) ?? 0) < generation) continue;
          count += await forgetIn(redis, keys, partition, isToGo);
          await redis.tributaryForgetDead(...keysFor(redis, keys.letters, () => [`${keys.letters}:kept`]));
          await redis.hset(keys.state, 'lettersWithout', String(generation));
        }
        return count;
      }),
    replace: (id, { code, message }) =>
      unlessDown(async () => {
        const keys = keysFor(redis, keyOf(id.partition), () => []);
        const entry = await redis.tributaryReplaceDead(...keys, entryOf(id), code, message);
        const [parkedAt, sequence] = (entry ?? '').split('-').map(Number);
        return entry === null ? null : find({ partition: id.partition, parkedAt: Number(parkedAt), sequence: Number(sequence) });
      }),
  };
}

/** Letters of one read: 1 MB or so. */
const LETTERS_AT_ONCE = 200;

/** How many went. */
async function forgetIn(redis: Redis, keys: KeysOfLetters, partition: number, isToGo: (letter: StoredDeadLetter) => boolean) {
  let count = 0;
  for (let from = '-'; ; ) {
    const entries = await redis.xrange(keys.letters, from, '+', 'COUNT', LETTERS_AT_ONCE);
    const gone = entries.filter((entry) => isToGo(letterOf(partition, entry))).map(([entry]) => entry);
    if (gone.length > 0) count += await redis.xdel(keys.letters, ...gone);
    const last = entries.at(-1)?.[0];
    if (last === undefined || entries.length < LETTERS_AT_ONCE) return count;
    from = `(${last}`;
  }
}

interface KeysOfLetters {
  readonly letters: string;
  readonly state: string;
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
