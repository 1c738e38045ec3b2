/**
 * Scripts over the keys of one partition.
 *
 * On a single Redis a script names its first key and builds the others from a prefix. On a cluster it names all that it may
 * touch: while a slot moves, the importing node would run a script whose named keys it has, and find the keys that it does not
 * have yet *missing*. It would begin records again and count from zero. Where all keys are named, a node serves all or none:
 * TRYAGAIN until they are together again, which is when the move is over if one of them exists nowhere yet.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { BUNDLES_BYTES, FEED_BYTES, FEED_BYTES_READ, READING_MS } from '../format/bounds.ts';
import { isReply } from './redis-replies.ts';

const BOUNDS = `local READING_MS, FEED_BYTES, FEED_BYTES_READ, BUNDLES_BYTES = ${READING_MS}, ${FEED_BYTES}, ${FEED_BYTES_READ}, ${BUNDLES_BYTES}`;

/** How long a command waits for its keys to come together: one batch of a move takes a few ms. */
const MOVING_WAIT_MS = 100;
const MOVING_RETRY_MS = 5;

/**
 * `file`: the script, beside the code that calls it; of several, those before the last hold functions that it calls. `any keys`: calls begin with
 * the number of keys on a single Redis as well. Returns the text of the script.
 */
export function defineScript(
  redis: Redis,
  command: string,
  file: URL | readonly URL[],
  keys: 'one key' | 'any keys' = 'one key',
): string {
  const lua = [BOUNDS, ...[file].flat().map((one) => readFileSync(one, 'utf8'))].join('\n');
  redis.defineCommand(command, redis.isCluster || keys === 'any keys' ? { lua } : { lua, numberOfKeys: 1 });
  return lua;
}

/** What a call of a script begins with. `others`: all keys but the first that the script may touch. */
export function keysFor(redis: Redis, first: string, others: () => readonly string[]): string[] {
  if (!redis.isCluster) return [first];
  const more = others();
  return [String(1 + more.length), first, ...more];
}

/** Keys of one command lie on two nodes, or one of them exists nowhere yet while its slot moves. Nothing was executed. */
export function isMoving(error: unknown): boolean {
  return isReply(error, 'TRYAGAIN');
}

/** Waits a little for keys that are being moved. */
export async function onceTogether<T>(work: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + MOVING_WAIT_MS; ; )
    try {
      return await work();
    } catch (error) {
      if (!isMoving(error) || Date.now() >= until) throw error;
      await sleep(MOVING_RETRY_MS);
    }
}
