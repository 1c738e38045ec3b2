/** Reads of several keys of a partition by a script, as of one moment. */
import type { Redis, Result } from 'ioredis';
import { generationsBetween } from '../format/state.ts';
import { recordOf } from '../redis/redis-replies.ts';
import { defineScript, keysFor } from '../redis/scripts.ts';
import type { FeedCursor } from '../serving-store.ts';
import type { FeedRead, HashesAsked, Page, PageAsked, PartitionHashes, PartitionReads } from './partition-reads-port.ts';
import { ENTRIES_OF_LOOK_BYTES, ENTRIES_OF_PAGE_BYTES } from './read-bounds.ts';

type GenerationReply = [generation: number, pending: number, overflowed: number, lengths: number[], views?: Buffer[][]];
export type EntriesReply = Buffer[] | 0;
type FollowReply = [oldest: number, commit: string, same: number, ...entries: string[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReadDeltasBuffer(
      ...args: string[]
    ): Result<[state: Buffer[], entries: EntriesReply, ...generations: GenerationReply[]], Context>;
    tributaryReadPageBuffer(
      ...args: string[]
    ): Result<[oldest: number, commit: Buffer, entries: EntriesReply, cursor: Buffer, hash: Buffer[]], Context>;
    tributaryFollow(...args: string[]): Result<FollowReply, Context>;
  }
}

export const TAKE_ROWS = new URL('./take-rows.lua', import.meta.url);
export const ENTRIES_SINCE = new URL('./entries-since.lua', import.meta.url);

export function readsByScript(redis: Redis): PartitionReads {
  defineScript(redis, 'tributaryReadDeltas', [TAKE_ROWS, ENTRIES_SINCE, new URL('./read-deltas.lua', import.meta.url)]);
  defineScript(redis, 'tributaryReadPage', [TAKE_ROWS, ENTRIES_SINCE, new URL('./read-page.lua', import.meta.url)]);
  defineScript(redis, 'tributaryFollow', [ENTRIES_SINCE, new URL('./follow.lua', import.meta.url)]);

  async function hashesByScript(prefix: string, asked: HashesAsked): Promise<PartitionHashes> {
    const { views, from, before, mostRows, mostBytes, since } = asked;
    // A cluster must know the keys beforehand; a barrier that comes in between makes them too few.
    const known = redis.isCluster ? await redis.hgetall(`${prefix}state`) : {};
    const [flat, entries, ...replies] = await redis.tributaryReadDeltasBuffer(
      ...keysFor(redis, `${prefix}state`, () => [
        `${prefix}feed`,
        `${prefix}reading`,
        ...deltaKeys(prefix, views, generationsBetween(known, from, before)),
      ]),
      prefix,
      String(from),
      before === undefined ? '' : String(before),
      String(mostRows),
      String(mostBytes),
      since?.commitId ?? '',
      since === null ? '' : String(since.commits),
      String(ENTRIES_OF_PAGE_BYTES),
      ...views,
    );
    const fields = recordOf(flat.map(String));
    if (redis.isCluster && Number(fields['generation'] ?? 0) > Number(known['generation'] ?? 0))
      return hashesByScript(prefix, asked);
    const generations = replies.map(([generation, pending, overflowed, lengths, hashes = null]) => ({
      generation,
      pending,
      overflowed,
      lengths,
      views: hashes,
    }));
    return { fields, entries: entriesFrom(entries), generations };
  }

  async function pageByScript(prefix: string, { generation, view, which, since }: PageAsked): Promise<Page> {
    const [oldest, lastCommit, entries, next, hash] = await redis.tributaryReadPageBuffer(
      ...keysFor(redis, `${prefix}state`, () => [`${prefix}feed`, `${prefix}reading`, `${prefix}d:${generation}:${view}`]),
      prefix,
      since.commitId,
      String(since.commits),
      String(ENTRIES_OF_PAGE_BYTES),
      String(generation),
      view,
      ...('place' in which ? [which.place, String(which.rows), String(which.bytes)] : ['', ...which.keys]),
    );
    return { oldest, lastCommit: String(lastCommit), entries: entriesFrom(entries), place: String(next), hash };
  }

  async function feedByScript(prefix: string, { commitId, commits }: FeedCursor): Promise<FeedRead> {
    const [oldest, lastCommit, same, ...entries] = await redis.tributaryFollow(
      ...keysFor(redis, `${prefix}state`, () => [`${prefix}feed`]),
      prefix,
      commitId,
      String(commits),
      String(ENTRIES_OF_LOOK_BYTES),
    );
    return { oldest, lastCommit, same: same === 1, entries };
  }

  return { hashes: hashesByScript, page: pageByScript, feedSince: feedByScript };
}

/** null: the feed does not reach back so far. */
export function entriesFrom(reply: EntriesReply): string[] | null {
  return reply === 0 ? null : reply.map(String);
}

/** The deltas that read-deltas.lua touches. */
function deltaKeys(prefix: string, views: readonly string[], generations: readonly number[]): string[] {
  return generations.flatMap((g) => [`${prefix}n:${g}`, ...views.map((view) => `${prefix}d:${g}:${view}`)]);
}
