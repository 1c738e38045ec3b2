/** The serving store on Redis: what the API and the jobs read, each partition as of one moment. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { addRow, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { Redis, Result } from 'ioredis';
import { partitionPrefix, pointerKey, recordKey } from './keys.ts';
import type { PartitionDeltas, ServingStore } from './serving-port.ts';
import { stateFrom } from './state.ts';

type DeltasReply = [state: Buffer[], pending: number, overflowed: number, views: Buffer[][][]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReadDeltasBuffer(stateKey: string, ...args: string[]): Result<DeltasReply, Context>;
    tributaryRetire(stateKey: string, ...args: string[]): Result<number, Context>;
    tributarySetPointer(pointerKey: string, sequence: number, generation: number): Result<number, Context>;
  }
}

/** `views`: the names of all views, for retiring. */
export function createServingStore(
  redis: Redis,
  namespace: string,
  partitions: number,
  views: readonly { readonly name: string }[],
): ServingStore {
  define(redis, 'tributaryReadDeltas', 'read-deltas.lua');
  define(redis, 'tributaryRetire', 'retire.lua');
  define(redis, 'tributarySetPointer', 'set-pointer.lua');
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);

  async function readPartition(
    partition: number,
    names: readonly string[],
    from: number,
    before: number | undefined,
  ): Promise<PartitionDeltas> {
    const prefix = prefixOf(partition);
    const [state, pending, overflowed, replies] = await redis.tributaryReadDeltasBuffer(
      `${prefix}state`,
      prefix,
      String(from),
      before === undefined ? '' : String(before),
      ...names,
    );
    const rows: RowsByView = new Map();
    names.forEach((name, i) => {
      rows.set(name, rowsFrom(replies[i] ?? []));
    });
    return { partition, state: stateFrom(recordOf(state.map(String))), rows, pending, overflowed };
  }

  return {
    records: (users) =>
      unlessDown(() =>
        users.length === 0
          ? Promise.resolve([])
          : redis.mgetBuffer(...users.map((user) => recordKey(namespace, user.partition, user.userKey))),
      ),

    deltas: (names, from, before) =>
      unlessDown(() => Promise.all(all.map((partition) => readPartition(partition, names, from, before)))),

    states: () =>
      unlessDown(() => Promise.all(all.map(async (partition) => stateFrom(await redis.hgetall(`${prefixOf(partition)}state`))))),

    findConversion: (id) =>
      unlessDown(async () => {
        const found = await Promise.all(all.map((partition) => findIn(partition, id)));
        return found.find((hit) => hit !== null) ?? null;
      }),

    pointer: () =>
      unlessDown(async () => {
        const [sequence, generation] = await redis.hmget(pointerKey(namespace), 'sequence', 'generation');
        if (sequence === null || sequence === undefined) return null;
        return { sequence: Number(sequence), generation: Number(generation) };
      }),

    setPointer: (pointer) =>
      unlessDown(async () => {
        await redis.tributarySetPointer(pointerKey(namespace), pointer.sequence, pointer.generation);
      }),

    retireDeltas: (generation) =>
      unlessDown(async () => {
        const names = views.map((view) => view.name);
        await Promise.all(
          all.map((partition) =>
            redis.tributaryRetire(`${prefixOf(partition)}state`, prefixOf(partition), String(generation), ...names),
          ),
        );
      }),

    deadLetters: (limit) =>
      unlessDown(async () => {
        const perPartition = await Promise.all(
          all.map(async (partition) => {
            const entries = await redis.xrevrange(`${prefixOf(partition)}dead`, '+', '-', 'COUNT', limit);
            return entries.map(([, fields]) => {
              const { at = '', code = '', message = '', raw = '' } = recordOf(fields);
              return { partition, at, code, message, raw };
            });
          }),
        );
        return perPartition.flat().slice(0, limit);
      }),
  };

  async function findIn(partition: number, id: string) {
    const prefix = prefixOf(partition);
    const [generation, oldest] = await redis.hmget(`${prefix}state`, 'generation', 'oldest');
    for (let g = Number(generation ?? 0); g >= Number(oldest ?? 0); g--) {
      const userKey = await redis.hget(`${prefix}c:${g}`, id);
      if (userKey !== null) return { partition, userKey };
    }
    return null;
  }
}

function define(redis: Redis, command: string, file: string): void {
  redis.defineCommand(command, { numberOfKeys: 1, lua: readFileSync(new URL(`./${file}`, import.meta.url), 'utf8') });
}

async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}

function recordOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string;
  return fields;
}

/** Sums the hashes of one view over its generations: field = row key, value = measures as commit.lua packs them. */
function rowsFrom(hashes: readonly Buffer[][]): Rows {
  const rows: Rows = new Map();
  for (const hash of hashes)
    for (let i = 0; i + 1 < hash.length; i += 2) addRow(rows, String(hash[i]), unpackMeasures(hash[i + 1] as Buffer));
  return rows;
}

/** Little-endian 64-bit integers, all of them safe integers: the writer checks. */
function unpackMeasures(packed: Buffer): number[] {
  const measures: number[] = [];
  for (let at = 0; at < packed.length; at += 8) measures.push(packed.readInt32LE(at + 4) * 2 ** 32 + packed.readUInt32LE(at));
  return measures;
}
