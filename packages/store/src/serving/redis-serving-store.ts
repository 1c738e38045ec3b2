/** The serving store on Redis: what the API and the jobs read, each partition as of one moment. */
import { setImmediate } from 'node:timers/promises';
import { EARLIER_VIEWS } from '@tributary/views/earlier-views';
import type { Redis, Result } from 'ioredis';
import { createDeadLetters } from '../dead-letters/redis-dead-letters.ts';
import { createDeltaReads } from '../deltas/delta-reads.ts';
import type { ReadBounds } from '../deltas/read-bounds.ts';
import { createRetire } from '../deltas/retire-deltas.ts';
import { partitionPrefix, pointerKey } from '../format/keys.ts';
import { generationsBetween, RELAYING_FIELDS, relayingFrom, statusFrom } from '../format/state.ts';
import { readMembers } from '../members/members-page.ts';
import { createReadsBetween } from '../records/reads-between.ts';
import { createRecordReads } from '../records/record-reads.ts';
import { createRecordSizes, numberOfConnection } from '../records/record-sizes.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';
import type { PartitionDeltas, ServingStore } from '../serving-store.ts';
import { readPointer } from './status-reads.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributarySetPointer(...args: string[]): Result<number, Context>;
  }
}

/** Partitions whose deltas are read at a time: what is asked at once is answered in one turn of Redis. */
const AT_ONCE = 4;

/**
 * `views`: the names of all views, for retiring. `bulk`: a connection for whole deltas and long records, so that short
 * answers do not wait behind long ones. `bounds`: of deltas that are read whole.
 */
export function createServingStore(
  redis: Redis,
  namespace: string,
  partitions: number,
  views: readonly { readonly name: string }[],
  { bulk = redis, bounds }: { readonly bulk?: Redis; readonly bounds?: ReadBounds } = {},
): ServingStore {
  defineScript(redis, 'tributarySetPointer', new URL('./set-pointer.lua', import.meta.url));
  const connectionNumber = numberOfConnection(redis);
  const records = createRecordReads(redis, namespace, bulk, connectionNumber);
  const sizes = createRecordSizes(redis, namespace, connectionNumber);
  const deltas = createDeltaReads(redis, namespace, bulk, bounds);
  const retire = createRetire(redis, namespace, [...views.map(({ name }) => name), ...EARLIER_VIEWS]);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const between = createReadsBetween(redis, namespace, all, records);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);

  return {
    records: (users, maxBytes, onRecords) => unlessDown(() => records(users, maxBytes, onRecords)),
    recordSizes: sizes && ((...asked) => unlessDown(() => sizes(...asked))),
    recordsBetween: between && ((...asked) => unlessDown(() => between(...asked))),

    deltas: (names, from, before) =>
      unlessDown(async () => {
        const read: PartitionDeltas[] = [];
        for (let first = 0; first < partitions; first += AT_ONCE) {
          const some = all.slice(first, first + AT_ONCE);
          read.push(...(await Promise.all(some.map((partition) => deltas.sum(partition, names, from, before, setImmediate)))));
        }
        return read;
      }),

    follow: (names, cursors) =>
      unlessDown(() =>
        deltas.follow(
          new Set(names),
          all.map((partition) => cursors[partition] ?? null),
          setImmediate,
        ),
      ),

    readWhole: (asked, names, from, pause = setImmediate) =>
      unlessDown(() => Promise.all(asked.map((partition) => deltas.whole(partition, names, from, pause)))),

    states: () =>
      unlessDown(() => Promise.all(all.map(async (partition) => statusFrom(await redis.hgetall(`${prefixOf(partition)}state`))))),

    relayed: () =>
      unlessDown(() =>
        Promise.all(
          all.map(async (partition) => relayingFrom(await redis.hmget(`${prefixOf(partition)}state`, ...RELAYING_FIELDS))),
        ),
      ),

    members: (partition, page) => unlessDown(() => readMembers(redis, namespace, partition, page)),

    findConversions: (id) =>
      unlessDown(async () => {
        const found = await Promise.all(all.map((partition) => findIn(partition, id)));
        return found.filter((hit) => hit !== null);
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
