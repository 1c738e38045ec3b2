/**
 * The same reads key by key, for a cluster that moves the keys: each key is found, wherever it is. null: a commit or a retirement came in
 * between, so what was read is of no one moment.
 */
import type { Redis, Result } from 'ioredis';
import { READING_MS } from '../format/bounds.ts';
import { generationsBetween } from '../format/state.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import type { FeedCursor } from '../serving-store.ts';
import type {
  FeedRead,
  GenerationHashes,
  HashesAsked,
  Page,
  PageAsked,
  PartitionHashes,
  PartitionReads,
} from './partition-reads-port.ts';
import { ENTRIES_OF_LOOK_BYTES, ENTRIES_OF_PAGE_BYTES } from './read-bounds.ts';
import { ENTRIES_SINCE, type EntriesReply, entriesFrom, TAKE_ROWS } from './reads-by-script.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReadRowsBuffer(...args: string[]): Result<[place: Buffer, hash: Buffer[]], Context>;
    tributaryReadEntriesBuffer(...args: string[]): Result<EntriesReply, Context>;
  }
}

export type ReadsByKey = {
  readonly [name in keyof PartitionReads]: (
    ...asked: Parameters<PartitionReads[name]>
  ) => Promise<Awaited<ReturnType<PartitionReads[name]>> | null>;
};

export function readsByKey(redis: Redis): ReadsByKey {
  defineScript(redis, 'tributaryReadRows', [TAKE_ROWS, new URL('./read-rows.lua', import.meta.url)]);
  defineScript(redis, 'tributaryReadEntries', [ENTRIES_SINCE, new URL('./read-entries.lua', import.meta.url)]);

  /** As read-deltas.lua. */
  async function hashesByKey(prefix: string, asked: HashesAsked): Promise<PartitionHashes | null> {
    const { views, from, before, mostRows, since } = asked;
    const read = await asOfOneCommit(prefix, async (fields) => {
      const oldest = Number(fields['oldest'] ?? 0);
      // As read-deltas.lua says it.
      if (from < oldest) throw new Error(`RETIRED the deltas of generation ${from} are gone, the oldest kept is ${oldest}`);
      const generations: GenerationHashes[] = [];
      for (const generation of generationsBetween(fields, from, before)) {
        const [pending, overflowed] = await redis.hmget(`${prefix}n:${generation}`, 'pending', 'overflowed');
        const lengths = await Promise.all(views.map((view) => redis.hlen(`${prefix}d:${generation}:${view}`)));
        generations.push({
          generation,
          pending: Number(pending ?? 0),
          overflowed: Number(overflowed ?? 0),
          lengths,
          views: null,
        });
      }
      const entries = since === null ? [] : await entriesByKey(prefix, since, fields, ENTRIES_OF_PAGE_BYTES);
      const rows = generations.reduce((sum, { lengths }) => sum + totalOf(lengths), 0);
      return { fields, entries, generations: rows > mostRows ? generations : await withHashes(prefix, generations, asked) };
    });
    const isLeftToPages = read?.generations.some((one) => one.views === null) === true && mostRows >= 0;
    if (isLeftToPages) await noteReading(prefix);
    return read;
  }

  /** All rows, as long as they fit; else the generations as they are. */
  async function withHashes(
    prefix: string,
    generations: readonly GenerationHashes[],
    { views, mostRows, mostBytes }: HashesAsked,
  ): Promise<readonly GenerationHashes[]> {
    const whole: GenerationHashes[] = [];
    let left = mostBytes;
    for (const one of generations) {
      const hashes: Buffer[][] = [];
      for (const [i, view] of views.entries()) {
        const key = `${prefix}d:${one.generation}:${view}`;
        const [place, hash] =
          one.lengths[i] === 0 ? ['0', []] : await rowsOf(key, { place: '0', rows: mostRows + 1, bytes: left + 1 });
        for (const part of hash) left -= part.length;
        if (place !== '0' || left < 0) return generations;
        hashes.push(hash);
      }
      whole.push({ ...one, views: hashes });
    }
    return whole;
  }

  async function rowsOf(
    key: string,
    { place, rows, bytes }: Extract<PageAsked['which'], { readonly place: string }>,
  ): Promise<readonly [place: string, hash: Buffer[]]> {
    const first = keysFor(redis, key, () => []);
    const [next, hash] = await redis.tributaryReadRowsBuffer(...first, place, String(rows), String(bytes));
    return [String(next), hash];
  }

  /** As read-page.lua. The place in a hash that has moved meanwhile means nothing: who counts the rows finds some missing. */
  async function pageByKey(prefix: string, { generation, view, which, since }: PageAsked): Promise<Page | null> {
    await noteReading(prefix);
    return asOfOneCommit(prefix, async (fields) => {
      const key = `${prefix}d:${generation}:${view}`;
      const [place, hash] =
        'place' in which ? await rowsOf(key, which) : ['0', pairs(which.keys, await redis.hmgetBuffer(key, ...which.keys))];
      const entries = await entriesByKey(prefix, since, fields, ENTRIES_OF_PAGE_BYTES);
      const [oldest, lastCommit] = [Number(fields['oldest'] ?? 0), fields['commit'] ?? ''];
      return { oldest, lastCommit, entries, place, hash };
    });
  }

  /** As follow.lua. */
  async function feedByKey(prefix: string, since: FeedCursor): Promise<FeedRead | null> {
    return asOfOneCommit(prefix, async (fields) => {
      const entries = await entriesByKey(prefix, since, fields, ENTRIES_OF_LOOK_BYTES);
      const [oldest, lastCommit] = [Number(fields['oldest'] ?? 0), fields['commit'] ?? ''];
      return { oldest, lastCommit, same: entries?.length === 0, entries: entries ?? [] };
    });
  }

  /** As entries-since.lua; null: there are none to give. */
  async function entriesByKey(
    prefix: string,
    { commitId, commits }: FeedCursor,
    fields: Readonly<Record<string, string>>,
    mostBytes: number,
  ): Promise<string[] | null> {
    const ahead = Number(fields['commits'] ?? 0) - commits;
    if (ahead === 0) return (fields['commit'] ?? '') === commitId ? [] : null;
    const bounds = [String(ahead), fields['feedBytes'] ?? '0', String(mostBytes)];
    return entriesFrom(await redis.tributaryReadEntriesBuffer(...keysFor(redis, `${prefix}feed`, () => []), ...bounds));
  }

  /** Somebody reads in pages: commits leave more in the feed for some seconds. Where Redis takes no writes it is read all the same. */
  async function noteReading(prefix: string): Promise<void> {
    const key = `${prefix}reading`;
    if ((await redis.pttl(key)) >= READING_MS / 2) return;
    await redis
      .set(key, '1', 'PX', READING_MS)
      .catch((error: Error) => (error.name === 'ReplyError' ? null : Promise.reject(error)));
  }

  async function asOfOneCommit<T>(prefix: string, read: (fields: Record<string, string>) => Promise<T>): Promise<T | null> {
    const fields = await redis.hgetall(`${prefix}state`);
    const value = await read(fields);
    const [commit, oldest] = await redis.hmget(`${prefix}state`, 'commit', 'oldest');
    return (commit ?? undefined) === fields['commit'] && (oldest ?? undefined) === fields['oldest'] ? value : null;
  }

  return { hashes: hashesByKey, page: pageByKey, feedSince: feedByKey };
}

function pairs(keys: readonly string[], values: readonly (Buffer | null)[]): Buffer[] {
  return keys.flatMap((key, i) => [values[i]].flatMap((value) => (value == null ? [] : [Buffer.from(key), value])));
}

function totalOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}
