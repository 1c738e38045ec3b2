/** What the speed layer reads to follow members of segments: who is due, and of whom there are records. */
import calculateSlot from 'cluster-key-slot';
import type { Cluster, Redis, Result } from 'ioredis';
import { membersKey, partitionPrefix, recordKey } from '../format/keys.ts';
import { defineScript, keysFor, onceTogether } from '../redis/scripts.ts';
import { unlessDown } from '../redis/unless-down.ts';
import type { SpeedStore } from '../speed-store.ts';

/** Keys that Redis looks at in one step of a scan: a quarter of a ms. */
const SCANNED = 1_000;
/** Users of one call: Lua's `unpack` takes fewer than 8 000 values. */
const ASKED = 4_000;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    tributaryOfCommit(...args: string[]): Result<[commitId: string, found: unknown], Context>;
  }
}

export function createMemberReads(redis: Redis, namespace: string): Pick<SpeedStore, 'dueUsers' | 'duesOf' | 'scanUsers'> {
  const dueKey = (partition: number) => `${partitionPrefix(namespace, partition)}due`;
  defineScript(redis, 'tributaryOfCommit', new URL('./of-commit.lua', import.meta.url));

  async function ofCommit<T>(partition: number, keys: readonly string[], command: readonly string[]): Promise<[string, T]> {
    const state = `${partitionPrefix(namespace, partition)}state`;
    const reply = await onceTogether(() => redis.tributaryOfCommit(...keysFor(redis, state, () => keys), ...command));
    return reply as [string, T];
  }

  /** The node that has the keys of the partition, as this client knows it. "": not known, or not a cluster. */
  function ownerOf(partition: number): string {
    if (!redis.isCluster) return '';
    return (redis as unknown as Cluster).slots[calculateSlot(partitionPrefix(namespace, partition))]?.[0] ?? '';
  }

  /** A node of a cluster may not have the state: what stood before and after counts there. */
  async function scan(partition: number, node: Redis, command: readonly string[]): Promise<[string, [string, string[]]]> {
    if (!redis.isCluster) return ofCommit(partition, [], command);
    const commitId = async () => (await redis.hget(`${partitionPrefix(namespace, partition)}state`, 'commit')) ?? '';
    const before = await commitId();
    const found = (await node.call(...(command as [string, ...string[]]))) as [string, string[]];
    return [oneOf([before, await commitId()]), found];
  }

  return {
    dueUsers: (partition, upToMs, most) =>
      unlessDown(async () => {
        // One more says when the next is due.
        const due = dueKey(partition);
        const range = ['-inf', '+inf', 'BYSCORE', 'LIMIT', '0', String(most + 1), 'WITHSCORES'];
        const [commitId, found] = await ofCommit<string[]>(partition, [due], ['ZRANGE', due, ...range]);
        const all = found.flatMap((userKey, i) => (i % 2 === 0 ? [[userKey, Number(found[i + 1])] as const] : []));
        const users = all.slice(0, most).filter(([, dueMs]) => dueMs <= upToMs);
        const nextMs = all[users.length]?.[1] ?? null;
        return { commitId, users, isMore: nextMs !== null && nextMs <= upToMs, nextMs };
      }),

    duesOf: (partition, userKeys) =>
      unlessDown(async () => {
        const due = dueKey(partition);
        const replies = await Promise.all(
          Array.from({ length: Math.ceil(userKeys.length / ASKED) }, (_, i) => {
            const users = userKeys.slice(i * ASKED, (i + 1) * ASKED);
            return ofCommit<(string | null)[]>(partition, [due], ['ZMSCORE', due, ...users]);
          }),
        );
        const dues = replies.flatMap(([, scores]) => scores.map((score) => (score === null ? null : Number(score))));
        return { commitId: oneOf(replies.map(([commitId]) => commitId)), dues };
      }),

    scanUsers: (partition, cursor) =>
      unlessDown(async () => {
        const nodes = nodesOf(redis);
        const names = `${nodes.map((one) => `${one.options.host}:${one.options.port}#${connectionsOf(one)}`).join()}>${ownerOf(partition)}`;
        const [at = '0', within = '0', ofNodes = names] = cursor?.split(' ') ?? [];
        // Slots may have moved to a node that was passed, or a node that was started again has its keys in another order: all are looked at again.
        const node = ofNodes === names ? Number(at) : 0;
        const [head, list] = [recordKey(namespace, partition, ''), membersKey(namespace, partition, '')];
        const step = ['SCAN', ofNodes === names ? within : '0', 'MATCH', `${glob(partitionPrefix(namespace, partition))}[um]*`];
        const [commitId, [next, keys]] = await scan(partition, nodes[node] as Redis, [...step, 'COUNT', String(SCANNED)]);
        const behind = (start: string) => keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
        const found = { commitId, users: behind(head), lists: behind(list) };
        if (next !== '0') return { cursor: `${node} ${next} ${names}`, ...found };
        // A command of this step may have learnt that the slot has moved, perhaps to a node that was passed: the next step begins again.
        const isThere = names.endsWith(`>${ownerOf(partition)}`);
        return { cursor: node + 1 < nodes.length || !isThere ? `${node + 1} 0 ${names}` : null, ...found };
      }),
  };
}

/** The commit that all are of; "" where there are several, or none is given. */
function oneOf(commitIds: readonly string[]): string {
  const [first = ''] = commitIds;
  return commitIds.every((commitId) => commitId === first) ? first : '';
}

/** How often each was connected again since it was first asked about. */
const connections = new WeakMap<Redis, { count: number }>();

function connectionsOf(node: Redis): number {
  const known = connections.get(node);
  if (known !== undefined) return known.count;
  const made = { count: 0 };
  connections.set(node, made);
  node.on('close', () => made.count++);
  return 0;
}

function nodesOf(redis: Redis): readonly Redis[] {
  if (!redis.isCluster) return [redis];
  const masters = (redis as unknown as Cluster).nodes('master');
  return masters.toSorted((a, b) => (`${a.options.host}:${a.options.port}` < `${b.options.host}:${b.options.port}` ? -1 : 1));
}

/** As a pattern that matches itself. */
function glob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
