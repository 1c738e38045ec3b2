/** The serving store on Redis: what the API and the jobs read, each partition as of one moment. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { addRow, addRowsByView, type Rows, type RowsByView } from '@tributary/views/deltas';
import type { Redis, Result } from 'ioredis';
import { type CommittedDeltas, isChain, parseFeedEntry } from './feed.ts';
import { partitionPrefix, pointerKey, recordKey } from './keys.ts';
import type { FeedCursor, Followed, PartitionDeltas, ServingStore, WholePartition } from './serving-port.ts';
import { stateFrom } from './state.ts';

type GenerationReply = [generation: number, pending: number, overflowed: number, views: Buffer[][]];
type DeltasReply = [state: Buffer[], ...generations: GenerationReply[]];
type FollowReply = [oldest: number, commit: string, same: number, ...entries: string[]];

/** Partitions read whole at a time: others' commands have their turn in between. */
const WHOLE_AT_ONCE = 4;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReadDeltasBuffer(stateKey: string, ...args: string[]): Result<DeltasReply, Context>;
    tributaryFollow(stateKey: string, ...args: string[]): Result<FollowReply, Context>;
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
  define(redis, 'tributaryFollow', 'follow.lua');
  define(redis, 'tributaryRetire', 'retire.lua');
  define(redis, 'tributarySetPointer', 'set-pointer.lua');
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const prefixOf = (partition: number) => partitionPrefix(namespace, partition);

  async function readPartition(partition: number, names: readonly string[], from: number, before?: number) {
    const prefix = prefixOf(partition);
    const [flat, ...replies] = await redis.tributaryReadDeltasBuffer(
      `${prefix}state`,
      prefix,
      String(from),
      before === undefined ? '' : String(before),
      ...names,
    );
    const fields = recordOf(flat.map(String));
    const generations = replies.map(([generation, pending, overflowed, views]) => {
      const rows: RowsByView = new Map(names.map((name, i) => [name, rowsFrom(views[i] ?? [])]));
      return [generation, { rows, pending, overflowed }] as const;
    });
    return { fields, state: stateFrom(fields), generations };
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
    const prefix = prefixOf(partition);
    const { commitId, commits: known } = cursor ?? { commitId: '', commits: Number.MAX_SAFE_INTEGER };
    const [oldest, last, same, ...entries] = await redis.tributaryFollow(`${prefix}state`, prefix, commitId, String(known));
    if (same === 1) return { partition, oldest, commits: [] };
    const commits: CommittedDeltas[] = [];
    for (const entry of entries) {
      const commit = parseFeedEntry(entry, views);
      if (commit !== null) commits.push(commit);
    }
    return { partition, oldest, commits: commits.length > 0 && isChain(commits, commitId, last) ? commits : 'gap' };
  }

  return {
    records: (users) =>
      unlessDown(() =>
        users.length === 0
          ? Promise.resolve([])
          : redis.mgetBuffer(...users.map((user) => recordKey(namespace, user.partition, user.userKey))),
      ),

    deltas: (names, from, before) =>
      unlessDown(() => Promise.all(all.map((partition) => sumPartition(partition, names, from, before)))),

    follow: (names, cursors) =>
      unlessDown(() => {
        const views = new Set(names);
        return Promise.all(all.map((partition) => follow(partition, views, cursors[partition] ?? null)));
      }),

    readWhole: (asked, names, from) =>
      unlessDown(async () => {
        const read: WholePartition[] = [];
        for (let first = 0; first < asked.length; first += WHOLE_AT_ONCE) {
          const some = asked.slice(first, first + WHOLE_AT_ONCE);
          read.push(...(await Promise.all(some.map((partition) => readWhole(partition, names, from)))));
        }
        return read;
      }),

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

/** The hash of one view: field = row key, value = measures as commit.lua packs them. */
function rowsFrom(hash: readonly Buffer[]): Rows {
  const rows: Rows = new Map();
  for (let i = 0; i + 1 < hash.length; i += 2) addRow(rows, String(hash[i]), unpackMeasures(hash[i + 1] as Buffer));
  return rows;
}

/** Little-endian 64-bit integers, all of them safe integers: the writer checks. */
function unpackMeasures(packed: Buffer): number[] {
  const measures: number[] = [];
  if (packed.length % 2 === 1) for (let at = 1; at < packed.length; at += 4) measures.push(packed.readInt32LE(at));
  else
    for (let at = 0; at < packed.length; at += 8) measures.push(packed.readInt32LE(at + 4) * 2 ** 32 + packed.readUInt32LE(at));
  return measures;
}
