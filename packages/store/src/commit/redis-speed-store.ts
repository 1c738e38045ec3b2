/** The speed store on Redis: one Lua script is one commit, and does those of several partitions one after the other. */
import type { Redis, Result } from 'ioredis';
import { partitionPrefix } from '../format/keys.ts';
import { bundleField } from '../format/row-bundle.ts';
import { erasedText, relayedText, stateFrom, viewsText, watchedText } from '../format/state.ts';
import { createMemberReads } from '../members/member-reads.ts';
import type { OutboxLines } from '../outbox.ts';
import { giveBack } from '../redis/free-buffers.ts';
import { type GroupedReplies, groupedCalls, type PartitionCall } from '../redis/grouped.ts';
import { type Argument, packedCall } from '../redis/packed-call.ts';
import { defineScript } from '../redis/scripts.ts';
import { unlessDown, unlessDownOrRefused } from '../redis/unless-down.ts';
import type { Commit, CommitOutcome, MemberChanges, SpeedStore } from '../speed-store.ts';
import { deltasJson } from './deltas-json.ts';
import { packedDeltas } from './packed-deltas.ts';

/** Nothing was written: the rows are to be sent as JSON. */
const AS_JSON = 'as JSON';
/** Nothing was written: the generation has as many bundles as it may. */
const AS_ROWS = 'as rows';
/** With the number that the outbox has for the first of the commit's messages. */
type CommitReply = CommitOutcome | `committed ${number}` | typeof AS_JSON | typeof AS_ROWS;
type RecordsReply = [commitId: string, records: (string | null | number)[]];

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryCommit(...args: Argument[]): Result<GroupedReplies<CommitReply>, Context>;
    tributaryReadRecords(...args: string[]): Result<GroupedReplies<RecordsReply>, Context>;
  }
}

/**
 * `redis`: a connection that neither queues offline nor resends by itself (kind `commit`). `onMessages`: called with the messages of a commit as the outbox
 * has them, before the outcome of the commit is known to who sent it.
 */
export function createSpeedStore(
  redis: Redis,
  namespace: string,
  onMessages: (partition: number, messages: OutboxLines) => void = () => {},
): SpeedStore {
  const lua = defineScript(redis, 'tributaryCommit', new URL('./commit.lua', import.meta.url), 'any keys');
  defineScript(redis, 'tributaryReadRecords', new URL('./read-records.lua', import.meta.url), 'any keys');
  const whole = (args: readonly Argument[]) => redis.tributaryCommit(...args);
  const commits = groupedCalls<CommitReply>(redis, redis.isCluster ? whole : packedCall(redis, lua, whole));
  const reads = groupedCalls<RecordsReply>(redis, (args) => redis.tributaryReadRecords(...(args as readonly string[])));
  /** What each partition's definitions are known to be in the store: they are sent only when they change. */
  const storedDefinitions = new Map<number, string>();
  /** The same of the users that were erased. */
  const storedErased = new Map<number, string>();
  /** And of the views that are counted. */
  const storedViews = new Map<number, string>();
  /** The generation of each partition that takes no more bundles. */
  const fullOfBundles = new Map<number, number>();
  return {
    ...createMemberReads(redis, namespace),

    loadState: (partition) =>
      unlessDown(async () => {
        const fields = await redis.hgetall(`${partitionPrefix(namespace, partition)}state`);
        const state = stateFrom(fields);
        if (state === null) storedDefinitions.delete(partition);
        else storedDefinitions.set(partition, state.definitions);
        if (fields['erased'] === undefined) storedErased.delete(partition);
        else storedErased.set(partition, fields['erased']);
        storedViews.set(partition, fields['views'] ?? '');
        return state === null ? null : { ...state, commitId: fields['commit'] ?? '' };
      }),

    loadRecords: (partition, userKeys, maxBytes) =>
      unlessDown(async () => {
        const prefix = partitionPrefix(namespace, partition);
        const call: PartitionCall = {
          state: `${prefix}state`,
          others: () => userKeys.map((userKey) => `${prefix}u:${userKey}`),
          args: [prefix, String(maxBytes), ...userKeys],
        };
        const shared = await reads.together(call);
        // The bound is one for all partitions of a call: others had it spent.
        const [commitId, records] = givesNone(shared) ? await reads.alone(call) : shared;
        return { commitId, records };
      }),

    commit: (commit) =>
      unlessDownOrRefused(async () => {
        const { partition } = commit;
        const prefix = partitionPrefix(namespace, partition);
        const { definitions } = commit.next;
        const erased = commit.next.erased === undefined ? '' : erasedText(commit.next.erased);
        const views = commit.next.viewsSince === undefined ? '' : viewsText(commit.next.viewsSince, commit.id);
        const unchanged = storedDefinitions.get(partition) === definitions;
        const send = (rows: Argument) =>
          commits.together({
            state: `${prefix}state`,
            others: () => touchedKeys(prefix, commit),
            args: commitArgs(prefix, commit, rows, {
              definitions: unchanged ? '' : definitions,
              erased: storedErased.get(partition) === erased ? '' : erased,
              views: storedViews.get(partition) === views ? '' : views,
            }),
          });
        /** What has a reply was sent whole. */
        const sent = async (rows: Argument) => {
          const reply = await send(rows);
          if (typeof rows !== 'string') giveBack(rows);
          return reply;
        };
        const { deltas, deltasGeneration } = commit;
        const bundle = fullOfBundles.get(partition) === deltasGeneration ? null : bundleField(commit.id);
        let reply = await sent(packedDeltas(deltas, bundle) ?? deltasJson(deltas));
        if (reply === AS_ROWS) {
          fullOfBundles.set(partition, deltasGeneration);
          reply = await sent(packedDeltas(deltas, null) ?? deltasJson(deltas));
        }
        if (reply === AS_JSON) reply = await sent(deltasJson(deltas));
        const [outcome, from] = reply.split(' ') as [CommitOutcome, string?];
        if (from !== undefined) onMessages(partition, { from: Number(from), lines: commit.messages ?? [] });
        if (outcome === 'committed') storedDefinitions.set(partition, definitions);
        if (outcome === 'committed' && erased !== '') storedErased.set(partition, erased);
        if (outcome === 'committed' && views !== '') storedViews.set(partition, views);
        return outcome;
      }),
  };
}

/** There are records, and only lengths were sent. */
function givesNone([, records]: RecordsReply): boolean {
  return records.some((record) => typeof record === 'number') && !records.some((record) => typeof record === 'string');
}

/** All that commit.lua may touch besides the state: on a cluster every key must be named (scripts.ts). */
function touchedKeys(prefix: string, commit: Commit): string[] {
  const { deltasGeneration: generation } = commit;
  const keys = [`${prefix}feed`, `${prefix}reading`];
  for (const userKey of commit.appends.keys()) keys.push(`${prefix}u:${userKey}`);
  for (const userKey of commit.joined?.keys() ?? []) keys.push(`${prefix}u:${userKey}`);
  for (const userKey of commit.rewrites.keys()) keys.push(`${prefix}u:${userKey}`);
  for (const view of commit.deltas.keys()) keys.push(`${prefix}d:${generation}:${view}`);
  if (commit.conversions.size > 0) keys.push(`${prefix}c:${generation}`);
  if (commit.pending > 0 || commit.overflowed > 0 || commit.deltas.size > 0) keys.push(`${prefix}n:${generation}`);
  if (commit.parked.length > 0) keys.push(`${prefix}dead`);
  if (commit.outputs !== undefined && commit.outputs.length > 0) keys.push(`${prefix}outbox`);
  if (commit.messages !== undefined && commit.messages.length > 0) keys.push(`${prefix}messages`);
  if (commit.next.watched !== undefined) keys.push(...memberKeys(prefix, commit.members));
  return keys;
}

function memberKeys(prefix: string, members: MemberChanges | undefined): string[] {
  const { forgotten = null, strays = [], enters = [], leaves = [] } = members ?? {};
  const versions = new Set([
    ...(forgotten ?? []),
    ...strays,
    ...enters.map(([version]) => version),
    ...leaves.map(([version]) => version),
  ]);
  return [`${prefix}due`, `${prefix}unsure`, ...[...versions].map((version) => `${prefix}members:${version}`)];
}

/** The arguments in the order of commit.lua's header. Integers as decimal text. */
function commitArgs(
  prefix: string,
  commit: Commit,
  rows: Argument,
  { definitions, erased, views }: { readonly definitions: string; readonly erased: string; readonly views: string },
): Argument[] {
  const { next } = commit;
  const args: Argument[] = [
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
    rows,
  ];
  pushPairs(args, commit.appends, commit.joined);
  pushPairs(args, commit.rewrites);
  pushPairs(args, commit.conversions);
  args.push(String(commit.parked.length));
  for (const { at, code, message, raw } of commit.parked) args.push(at, code, message, raw);
  const { outputs = [] } = commit;
  args.push(String(outputs.length));
  for (const line of outputs) args.push(line);
  args.push(
    next.cutTs === undefined ? '' : String(next.cutTs),
    next.definitionsSince === undefined ? '' : String(next.definitionsSince),
    next.keptMs === undefined ? '' : String(next.keptMs),
    next.relayed === undefined ? '' : relayedText(next.relayed),
    erased,
    views,
  );
  const { messages = [] } = commit;
  args.push(String(messages.length), ...messages);
  args.push(next.watched === undefined ? '' : watchedText(next.watched));
  if (next.watched !== undefined) pushMembers(args, commit.members ?? NO_CHANGES);
  return args;
}

const NO_CHANGES: MemberChanges = { forgotten: null, strays: [], enters: [], leaves: [], due: new Map(), unsure: new Map() };

function pushMembers(args: Argument[], { forgotten, strays, enters, leaves, due, unsure }: MemberChanges): void {
  const versions = [...(forgotten ?? []), ...strays];
  args.push(forgotten === null ? '0' : '1', String(versions.length), ...versions);
  for (const pairs of [enters, leaves]) {
    const lists = Map.groupBy(pairs, ([version]) => version);
    args.push(String(lists.size));
    for (const [version, own] of lists) {
      args.push(version, String(own.length));
      for (const [, userKey] of own) args.push(userKey);
    }
  }
  const gone: string[] = [];
  const counted = args.push('') - 1;
  for (const [userKey, ms] of due)
    if (ms === null) gone.push(userKey);
    else args.push(String(ms), userKey);
  args[counted] = String(due.size - gone.length);
  args.push(String(gone.length));
  for (const userKey of gone) args.push(userKey);
  args.push(String(unsure.size));
  for (const [userKey, ms] of unsure) args.push(userKey, ms === null ? '' : String(ms));
}

function pushPairs(args: Argument[], pairs: ReadonlyMap<string, string>, others?: ReadonlyMap<string, Buffer>): void {
  args.push(String(pairs.size + (others?.size ?? 0)));
  for (const [key, value] of pairs) args.push(key, value);
  for (const [key, value] of others ?? []) args.push(key, value);
}
