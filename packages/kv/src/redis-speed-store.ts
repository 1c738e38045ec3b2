/** The speed store on Redis: one Lua script is one commit. */
import { readFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import type { Redis, Result } from 'ioredis';
import { partitionPrefix } from './keys.ts';
import type { Commit, CommitOutcome, SpeedStore } from './port.ts';
import { stateFrom } from './state.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryCommit(stateKey: string, ...args: string[]): Result<CommitOutcome, Context>;
    tributaryReadRecords(stateKey: string, ...args: string[]): Result<[commitId: string, records: (string | null)[]], Context>;
  }
}

/** `redis`: a connection that neither queues offline nor resends by itself (kind `commit`). */
export function createSpeedStore(redis: Redis, namespace: string): SpeedStore {
  redis.defineCommand('tributaryCommit', {
    numberOfKeys: 1,
    lua: readFileSync(new URL('./commit.lua', import.meta.url), 'utf8'),
  });
  redis.defineCommand('tributaryReadRecords', {
    numberOfKeys: 1,
    lua: readFileSync(new URL('./read-records.lua', import.meta.url), 'utf8'),
  });
  /** What each partition's definitions are known to be in the store: they are sent only when they change. */
  const storedDefinitions = new Map<number, string>();
  return {
    loadState: (partition) =>
      unlessDown(async () => {
        const fields = await redis.hgetall(`${partitionPrefix(namespace, partition)}state`);
        const state = stateFrom(fields);
        if (state === null) storedDefinitions.delete(partition);
        else storedDefinitions.set(partition, state.definitions);
        return state === null ? null : { ...state, commitId: fields['commit'] ?? '' };
      }),

    loadRecords: (partition, userKeys) =>
      unlessDown(async () => {
        const prefix = partitionPrefix(namespace, partition);
        const [commitId, records] = await redis.tributaryReadRecords(`${prefix}state`, prefix, ...userKeys);
        return { commitId, records };
      }),

    commit: (commit) =>
      unlessDown(async () => {
        const { partition } = commit;
        const prefix = partitionPrefix(namespace, partition);
        const { definitions } = commit.next;
        const unchanged = storedDefinitions.get(partition) === definitions;
        const outcome = await redis.tributaryCommit(
          `${prefix}state`,
          ...commitArgs(prefix, commit, unchanged ? '' : definitions),
        );
        if (outcome === 'committed') storedDefinitions.set(partition, definitions);
        return outcome;
      }),
  };
}

/** Any failure of the connection leaves the outcome unknown; the caller reloads state and position. */
async function unlessDown<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new TributaryError('store_unavailable', `the store did not answer: ${(cause as Error).message}`, { cause });
  }
}

/** The arguments in the order of commit.lua's header. Integers as decimal text. */
function commitArgs(prefix: string, commit: Commit, definitions: string): string[] {
  const { next } = commit;
  const args = [
    prefix,
    commit.expected ?? '',
    commit.id,
    commit.expectedCommit,
    next.position,
    next.logIdentity,
    String(next.logTimeMs),
    String(next.generation),
    definitions,
    String(commit.deltasGeneration),
    String(commit.pending),
    String(commit.overflowed),
  ];
  pushPairs(args, commit.appends);
  pushPairs(args, commit.rewrites);
  args.push(String(commit.deltas.size));
  for (const [view, rows] of commit.deltas) {
    const [first] = rows.values();
    args.push(view, String(first?.length ?? 0), String(rows.size));
    for (const [key, measures] of rows) {
      args.push(key);
      for (const measure of measures) args.push(String(measure));
    }
  }
  pushPairs(args, commit.conversions);
  args.push(String(commit.parked.length));
  for (const { at, code, message, raw } of commit.parked) args.push(at, code, message, raw);
  const { outputs = [] } = commit;
  args.push(String(outputs.length));
  for (const line of outputs) args.push(line);
  return args;
}

function pushPairs(args: string[], pairs: ReadonlyMap<string, string>): void {
  args.push(String(pairs.size));
  for (const [key, value] of pairs) args.push(key, value);
}
