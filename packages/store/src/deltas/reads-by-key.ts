/**
 * The same reads key by key, for a cluster that moves the keys: each key is found, wherever it is. null: a commit or a retirement came in
 * between, so what was read is of no one moment.
 */
import type { Redis } from 'ioredis';
import { generationsBetween } from '../format/state.ts';
import type { FeedCursor } from '../serving-store.ts';
import type {
  FeedRead,
  GenerationHashes,
  HashesAsked,
  Page,
  PageAsked,
  PartitionHashes,
  PartitionReads,
} from './partition-reads.ts';

export type ReadsByKey = {
  readonly [name in keyof PartitionReads]: (
    ...asked: Parameters<PartitionReads[name]>
  ) => Promise<Awaited<ReturnType<PartitionReads[name]>> | null>;
};

export function readsByKey(redis: Redis): ReadsByKey {
  async function hashesByKey(prefix: string, asked: HashesAsked): Promise<PartitionHashes | null> {
    const { views, from, before, mostRows, since } = asked;
    return asOfOneCommit(prefix, async (fields) => {
      const oldest = Number(fields['oldest'] ?? 0);
      // As read-deltas.lua says it.
      if (from < oldest) throw new Error(`RETIRED the deltas of generation ${from} are gone, the oldest kept is ${oldest}`);
      const generations: GenerationHashes[] = [];
      for (const g of generationsBetween(fields, from, before)) {
        const [pending, overflowed] = await redis.hmget(`${prefix}n:${g}`, 'pending', 'overflowed');
        const lengths = await Promise.all(views.map((view) => redis.hlen(`${prefix}d:${g}:${view}`)));
        generations.push({
          generation: g,
          pending: Number(pending ?? 0),
          overflowed: Number(overflowed ?? 0),
          lengths,
          views: null,
        });
      }
      const entries = since === null ? [] : await entriesByKey(prefix, since, fields);
      if (generations.reduce((sum, { lengths }) => sum + totalOf(lengths), 0) > mostRows) return { fields, entries, generations };
      const whole: GenerationHashes[] = [];
      for (const one of generations) {
        const keys = views.map((view) => `${prefix}d:${one.generation}:${view}`);
        const hashes = await Promise.all(keys.map((key) => redis.callBuffer('HGETALL', key) as Promise<Buffer[]>));
        whole.push({ ...one, views: hashes });
      }
      return { fields, entries, generations: whole };
    });
  }

  /** As read-page.lua. The cursor of a hash that has moved meanwhile means nothing: who counts the rows finds some missing. */
  async function pageByKey(prefix: string, { generation, view, which, since }: PageAsked): Promise<Page | null> {
    return asOfOneCommit(prefix, async (fields) => {
      const key = `${prefix}d:${generation}:${view}`;
      const [cursor, hash] =
        'cursor' in which
          ? ((await redis.callBuffer('HSCAN', key, which.cursor, 'COUNT', String(which.rows))) as [Buffer, Buffer[]])
          : ['0', pairs(which.keys, await redis.hmgetBuffer(key, ...which.keys))];
      const entries = await entriesByKey(prefix, since, fields);
      const [oldest, lastCommit] = [Number(fields['oldest'] ?? 0), fields['commit'] ?? ''];
      return { oldest, lastCommit, entries, cursor: String(cursor), hash };
    });
  }

  /** As follow.lua. */
  async function feedByKey(prefix: string, since: FeedCursor): Promise<FeedRead | null> {
    return asOfOneCommit(prefix, async (fields) => {
      const entries = await entriesByKey(prefix, since, fields);
      const [oldest, lastCommit] = [Number(fields['oldest'] ?? 0), fields['commit'] ?? ''];
      return { oldest, lastCommit, same: entries?.length === 0, entries: entries ?? [] };
    });
  }

  /** null: the feed does not reach back so far, or this is another history. */
  async function entriesByKey(
    prefix: string,
    { commitId, commits }: FeedCursor,
    fields: Readonly<Record<string, string>>,
  ): Promise<string[] | null> {
    const ahead = Number(fields['commits'] ?? 0) - commits;
    if (ahead === 0) return (fields['commit'] ?? '') === commitId ? [] : null;
    if (ahead < 0) return null;
    const entries = await redis.lrange(`${prefix}feed`, -ahead, -1);
    return entries.length === ahead ? entries : null;
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
