/**
 * Reads of several keys of a partition as of one commit: by a script, or key by key while a cluster moves them.
 *
 * Key by key is exact too, because nothing but a commit or a retirement changes what is read, each in one step: the state that
 * is read after everything else must name the same commit and the same oldest generation as the one that was read before.
 * A single key is always found, wherever it is. Without that, a partition could not be read as long as its slot moves.
 */
import type { Redis, Result } from 'ioredis';
import { generationsBetween } from '../format/state.ts';
import { recordOf } from '../redis/redis-replies.ts';
import { defineScript, isMoving, keysFor } from '../redis/scripts.ts';
import type { FeedCursor } from '../serving-store.ts';

export interface GenerationHashes {
  readonly generation: number;
  readonly pending: number;
  readonly overflowed: number;
  /** In the order of the views asked for: field, value, field, … */
  readonly views: readonly (readonly Buffer[])[];
}

export interface PartitionHashes {
  readonly fields: Readonly<Record<string, string>>;
  readonly generations: readonly GenerationHashes[];
}

export interface FeedRead {
  readonly oldest: number;
  /** "": none. */
  readonly lastCommit: string;
  /** Nothing was committed since the cursor. */
  readonly same: boolean;
  readonly entries: readonly string[];
}

export interface PartitionReads {
  /** Deltas of the generations of `[from, before)` that the partition went through. Rejects when those of `from` are retired. */
  hashes(prefix: string, views: readonly string[], from: number, before?: number): Promise<PartitionHashes>;
  feedSince(prefix: string, cursor: FeedCursor): Promise<FeedRead>;
}

type GenerationReply = [generation: number, pending: number, overflowed: number, views: Buffer[][]];
type FollowReply = [oldest: number, commit: string, same: number, ...entries: string[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryReadDeltasBuffer(...args: string[]): Result<[state: Buffer[], ...generations: GenerationReply[]], Context>;
    tributaryFollow(...args: string[]): Result<FollowReply, Context>;
  }
}

/** How long a read begins again and again when a commit came in between its keys, ms: on a busy machine few attempts are soon over. */
const READ_FOR_MS = 2_000;

export function createPartitionReads(redis: Redis): PartitionReads {
  defineScript(redis, 'tributaryReadDeltas', new URL('./read-deltas.lua', import.meta.url));
  defineScript(redis, 'tributaryFollow', new URL('./follow.lua', import.meta.url));

  async function hashesByScript(
    prefix: string,
    views: readonly string[],
    from: number,
    before: number | undefined,
  ): Promise<PartitionHashes> {
    // A cluster must know the keys beforehand; a barrier that comes in between makes them too few.
    const known = redis.isCluster ? await redis.hgetall(`${prefix}state`) : {};
    const [flat, ...replies] = await redis.tributaryReadDeltasBuffer(
      ...keysFor(redis, `${prefix}state`, () => deltaKeys(prefix, views, generationsBetween(known, from, before))),
      prefix,
      String(from),
      before === undefined ? '' : String(before),
      ...views,
    );
    const fields = recordOf(flat.map(String));
    if (redis.isCluster && Number(fields['generation'] ?? 0) > Number(known['generation'] ?? 0))
      return hashesByScript(prefix, views, from, before);
    const generations = replies.map(([generation, pending, overflowed, hashes]) => ({
      generation,
      pending,
      overflowed,
      views: hashes,
    }));
    return { fields, generations };
  }

  async function hashesByKey(
    prefix: string,
    views: readonly string[],
    from: number,
    before: number | undefined,
  ): Promise<PartitionHashes | null> {
    return asOfOneCommit(prefix, async (fields) => {
      const oldest = Number(fields['oldest'] ?? 0);
      // As read-deltas.lua says it.
      if (from < oldest) throw new Error(`RETIRED the deltas of generation ${from} are gone, the oldest kept is ${oldest}`);
      const generations: GenerationHashes[] = [];
      for (const g of generationsBetween(fields, from, before)) {
        const [pending, overflowed] = await redis.hmget(`${prefix}n:${g}`, 'pending', 'overflowed');
        const hashes = await Promise.all(
          views.map((view) => redis.callBuffer('HGETALL', `${prefix}d:${g}:${view}`) as Promise<Buffer[]>),
        );
        generations.push({ generation: g, pending: Number(pending ?? 0), overflowed: Number(overflowed ?? 0), views: hashes });
      }
      return { fields, generations };
    });
  }

  async function feedByScript(prefix: string, { commitId, commits }: FeedCursor): Promise<FeedRead> {
    const [oldest, lastCommit, same, ...entries] = await redis.tributaryFollow(
      ...keysFor(redis, `${prefix}state`, () => [`${prefix}feed`]),
      prefix,
      commitId,
      String(commits),
    );
    return { oldest, lastCommit, same: same === 1, entries };
  }

  /** As follow.lua. */
  async function feedByKey(prefix: string, { commitId, commits }: FeedCursor): Promise<FeedRead | null> {
    return asOfOneCommit(prefix, async (fields) => {
      const ahead = Number(fields['commits'] ?? 0) - commits;
      const read = { oldest: Number(fields['oldest'] ?? 0), lastCommit: fields['commit'] ?? '', same: false, entries: [] };
      if (read.lastCommit === commitId && ahead === 0) return { ...read, same: true };
      if (ahead <= 0) return read;
      const entries = await redis.lrange(`${prefix}feed`, -ahead, -1);
      return entries.length === ahead ? { ...read, entries } : read;
    });
  }

  /** null: a commit came in between. */
  async function asOfOneCommit<T>(prefix: string, read: (fields: Record<string, string>) => Promise<T>): Promise<T | null> {
    const fields = await redis.hgetall(`${prefix}state`);
    const value = await read(fields);
    const [commit, oldest] = await redis.hmget(`${prefix}state`, 'commit', 'oldest');
    return (commit ?? undefined) === fields['commit'] && (oldest ?? undefined) === fields['oldest'] ? value : null;
  }

  return {
    hashes: (prefix, views, from, before) =>
      whileMoving(
        () => hashesByScript(prefix, views, from, before),
        () => hashesByKey(prefix, views, from, before),
      ),
    feedSince: (prefix, cursor) =>
      whileMoving(
        () => feedByScript(prefix, cursor),
        () => feedByKey(prefix, cursor),
      ),
  };
}

async function whileMoving<T>(byScript: () => Promise<T>, byKey: () => Promise<T | null>): Promise<T> {
  for (const untilMs = performance.now() + READ_FOR_MS; ; )
    try {
      return await byScript();
    } catch (error) {
      if (!isMoving(error)) throw error;
      const read = await byKey();
      if (read !== null) return read;
      if (performance.now() >= untilMs) throw error;
    }
}

/** What read-deltas.lua touches besides the state. */
function deltaKeys(prefix: string, views: readonly string[], generations: readonly number[]): string[] {
  return generations.flatMap((g) => [`${prefix}n:${g}`, ...views.map((view) => `${prefix}d:${g}:${view}`)]);
}
