/** The serving store on Redis: what the API and the jobs read, each partition as of one moment. */
import { addRow, addRowsByView, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { Redis, Result } from 'ioredis';
import { type CommittedDeltas, isChain, parseFeedEntry } from './feed.ts';
import { partitionPrefix, pointerKey, recordKey } from './keys.ts';
import { createPartitionReads, recordOf } from './partition-reads.ts';
import { defineScript, isMoving, keysFor } from './scripts.ts';
import {
  type FeedCursor,
  type Followed,
  type PartitionDeltas,
  type RecordOwner,
  type ServingStore,
  SHORT_ANSWER_BYTES,
  type WholePartition,
} from './serving-store.ts';
import { generationsBetween, stateFrom } from './state.ts';
import { unlessDown } from './unless-down.ts';
import { unpackMeasures } from './words.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryRetire(...args: string[]): Result<string[], Context>;
    tributaryRetired(...args: string[]): Result<null, Context>;
    tributaryRecordLengths(...args: string[]): Result<number[], Context>;
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
  for (const connection of new Set([redis, bulk]))
    defineScript(connection, 'tributaryRecordLengths', 'record-lengths.lua', 'any keys');
  defineScript(redis, 'tributaryRetire', 'retire.lua');
  defineScript(redis, 'tributaryRetired', 'retired.lua');
  defineScript(redis, 'tributarySetPointer', 'set-pointer.lua');
  const reads = createPartitionReads(redis);
  const bulkReads = createPartitionReads(bulk);
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const keyOf = ({ partition, userKey }: RecordOwner) => recordKey(namespace, partition, userKey);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);

  async function readPartition(partition: number, names: readonly string[], from: number, before?: number) {
    const { fields, generations } = await bulkReads.hashes(prefixOf(partition), names, from, before);
    const deltas = generations.map(({ generation, pending, overflowed, views: hashes }) => {
      const rows: RowsByView = new Map(names.map((name, i) => [name, rowsFrom(hashes[i] ?? [])]));
      return [generation, { rows, pending, overflowed }] as const;
    });
    return { fields, state: stateFrom(fields), generations: deltas };
  }

  async function sumPartition(
    partition: number,
    names: readonly string[],
    from: number,
    before?: number,
  ): Promise<PartitionDeltas> {
    const { state, generations } = await readPartition(partition, names, from, before);
    const sum = { partition, state, rows: new Map(names.map((name) => [name, new Map()])), pending: 0, overflowed: 0 };
    for (const [, { rows, pending, overflowed }] of generations) {
      addRowsByView(sum.rows, rows);
      sum.pending += pending;
      sum.overflowed += overflowed;
    }
    return sum;
  }

  async function readWhole(partition: number, names: readonly string[], from: number): Promise<WholePartition> {
    const { fields, state, generations } = await readPartition(partition, names, from);
    const cursor = { commitId: fields['commit'] ?? '', commits: Number(fields['commits'] ?? 0) };
    return { partition, cursor, state, generations: new Map(generations) };
  }

  async function follow(partition: number, views: ReadonlySet<string>, cursor: FeedCursor | null): Promise<Followed> {
    const from = cursor ?? { commitId: '', commits: Number.MAX_SAFE_INTEGER };
    const { oldest, lastCommit, same, entries } = await reads.feedSince(prefixOf(partition), from);
    if (same) return { partition, oldest, commits: [] };
    const commits: CommittedDeltas[] = [];
    for (const entry of entries) {
      const commit = parseFeedEntry(entry, views);
      if (commit !== null) commits.push(commit);
    }
    return { partition, oldest, commits: commits.length > 0 && isChain(commits, from.commitId, lastCommit) ? commits : 'gap' };
  }

  return {
    records: (users, maxBytes) => unlessDown(() => (users.length === 0 ? Promise.resolve([]) : recordsOf(users, maxBytes))),

    deltas: (names, from, before) =>
      unlessDown(() => Promise.all(all.map((partition) => sumPartition(partition, names, from, before)))),

    follow: (names, cursors) =>
      unlessDown(() => {
        const views = new Set(names);
        return Promise.all(all.map((partition) => follow(partition, views, cursors[partition] ?? null)));
      }),

    readWhole: (asked, names, from) => unlessDown(() => Promise.all(asked.map((partition) => readWhole(partition, names, from)))),

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
        const keys = keysFor(redis, pointerKey(namespace), () => []);
        await redis.tributarySetPointer(...keys, String(pointer.sequence), String(pointer.generation));
      }),

    retireDeltas: (generation) =>
      unlessDown(async () => {
        await Promise.all(all.map((partition) => retire(partition, generation)));
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

  /**
   * Sizes first, then what fits, by MGET: a script that gives the records themselves holds up Redis seven times as long (290 ms for 30 MB).
   * No key is named to a script: readers may not write.
   */
  async function recordsOf(users: readonly RecordOwner[], maxBytes: number): Promise<(Buffer | null | number)[]> {
    const keys = users.map(keyOf);
    const connection = maxBytes <= SHORT_ANSWER_BYTES ? redis : bulk;
    if (keys.length === 1) return [await recordWithin(connection, keys[0] as string, maxBytes)];
    const records: (Buffer | null | number)[] = await lengthsOf(connection, keys);
    let left = maxBytes;
    const fitting = [...records.keys()].filter((i) => {
      const size = records[i] as number;
      if (size > left) return false;
      left -= size;
      return true;
    });
    const together = redis.isCluster ? [...Map.groupBy(fitting, (i) => (users[i] as RecordOwner).partition).values()] : [fitting];
    await Promise.all(
      together.map(async (indexes) => {
        if (indexes.length === 0) return;
        const found = await recordsOfPartition(
          connection,
          indexes.map((i) => keys[i] as string),
        );
        for (const [at, i] of indexes.entries()) records[i] = found[at] ?? null;
      }),
    );
    return records;
  }

  /** A single record in one command: its end, which is all of it but where it is longer than the bound. */
  async function recordWithin(connection: Redis, key: string, maxBytes: number): Promise<Buffer | null | number> {
    const end = await connection.getrangeBuffer(key, -maxBytes - 1, -1);
    if (end.length > maxBytes) return connection.strlen(key);
    return end.length === 0 ? null : end;
  }

  function lengthsOf(connection: Redis, keys: readonly string[]): Promise<number[]> {
    if (connection.isCluster) return Promise.all(keys.map((key) => connection.strlen(key)));
    return connection.tributaryRecordLengths('0', ...keys);
  }

  /** While its slot moves a command a key: each is then found wherever it is. */
  async function recordsOfPartition(connection: Redis, keys: readonly string[]): Promise<(Buffer | null)[]> {
    try {
      return await connection.mgetBuffer(...keys);
    } catch (error) {
      if (!isMoving(error)) throw error;
      return Promise.all(keys.map((key) => connection.getBuffer(key)));
    }
  }

  async function retire(partition: number, keep: number): Promise<void> {
    const prefix = prefixOf(partition);
    const state = keysFor(redis, `${prefix}state`, () => []);
    const fields = recordOf(await redis.tributaryRetire(...state, String(keep)));
    if (stateFrom(fields) === null) return;
    // What an earlier retirement began and did not end is below `oldest`, but not below `removed`.
    for (const g of generationsBetween(fields, Number(fields['removed'] ?? 0), keep)) {
      const keys = [`${prefix}n:${g}`, `${prefix}c:${g}`, ...views.map(({ name }) => `${prefix}d:${g}:${name}`)];
      if (redis.isCluster) await Promise.all(keys.map((key) => redis.del(key)));
      else await redis.del(...keys);
    }
    await redis.tributaryRetired(...state, String(keep));
  }

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

/** The hash of one view: field = row key, value = measures as commit.lua packs them. */
function rowsFrom(hash: readonly Buffer[]): Rows {
  const rows: Rows = new Map();
  for (let i = 0; i + 1 < hash.length; i += 2) addRow(rows, String(hash[i]), unpackMeasures(hash[i + 1] as Buffer));
  return rows;
}
