/** The serving store on Redis: what the API and the jobs read, each partition as of one moment. */
import type { Redis, Result } from 'ioredis';
import { createDeadLetters } from '../dead-letters/redis-dead-letters.ts';
import { createDeltaReads } from '../deltas/delta-reads.ts';
import { createRetire } from '../deltas/retire-deltas.ts';
import { partitionPrefix, pointerKey } from '../format/keys.ts';
import { generationsBetween, stateFrom } from '../format/state.ts';
import { createRecordReads } from '../records/record-reads.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';
import type { ServingStore } from '../serving-store.ts';
import { readPointer } from './status-reads.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributarySetPointer(...args: string[]): Result<number, Context>;
  }
}

/**
 * `views`: the names of all views, for retiring. `bulk`: a connection for whole deltas and long records, so that short
 * answers do not wait behind long ones.
 */
export function createServingStore(
  redis: Redis,
  namespace: string,
  partitions: number,
  views: readonly { readonly name: string }[],
  bulk: Redis = redis,
): ServingStore {
  defineScript(redis, 'tributarySetPointer', new URL('./set-pointer.lua', import.meta.url));
  const records = createRecordReads(redis, namespace, bulk);
  const deltas = createDeltaReads(redis, namespace, bulk);
  const retire = createRetire(redis, namespace, views);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);

  return {
    records: (users, maxBytes) => unlessDown(() => records(users, maxBytes)),

    deltas: (names, from, before) =>
      unlessDown(() => Promise.all(all.map((partition) => deltas.sum(partition, names, from, before)))),

    follow: (names, cursors) =>
      unlessDown(() => {
        const asked = new Set(names);
        return Promise.all(all.map((partition) => deltas.follow(partition, asked, cursors[partition] ?? null)));
      }),

    readWhole: (asked, names, from) =>
      unlessDown(() => Promise.all(asked.map((partition) => deltas.whole(partition, names, from)))),

    states: () =>
      unlessDown(() => Promise.all(all.map(async (partition) => stateFrom(await redis.hgetall(`${prefixOf(partition)}state`))))),

    findConversion: (id) =>
      unlessDown(async () => {
        const found = await Promise.all(all.map((partition) => findIn(partition, id)));
        return found.find((hit) => hit !== null) ?? null;
      }),

    pointer: () => unlessDown(() => readPointer(redis, namespace)),

    setPointer: (pointer) =>
      unlessDown(async () => {
        const keys = keysFor(redis, pointerKey(namespace), () => []);
        await redis.tributarySetPointer(...keys, String(pointer.sequence), String(pointer.generation));
      }),

    retireDeltas: (generation) =>
      unlessDown(async () => {
        await Promise.all(all.map((partition) => retire(partition, generation)));
      }),

    deadLetters: createDeadLetters(redis, namespace, partitions),
  };

  async function findIn(partition: number, id: string) {
    const prefix = prefixOf(partition);
    const fields = await redis.hgetall(`${prefix}state`);
    for (const g of generationsBetween(fields, Number(fields['oldest'] ?? 0)).reverse()) {
      const userKey = await redis.hget(`${prefix}c:${g}`, id);
      if (userKey !== null) return { partition, userKey };
    }
    return null;
  }
}
