/** What the speed layer reads to follow members of segments: who is due, and of whom there are records. */
import type { Cluster, Redis } from 'ioredis';
import { membersKey, partitionPrefix, recordKey } from '../format/keys.ts';
import { unlessDown } from '../redis/unless-down.ts';
import type { SpeedStore } from '../speed-store.ts';

/** Keys that Redis looks at in one step of a scan: a quarter of a ms. */
const SCANNED = 1_000;

export function createMemberReads(redis: Redis, namespace: string): Pick<SpeedStore, 'dueUsers' | 'duesOf' | 'scanUsers'> {
  const dueKey = (partition: number) => `${partitionPrefix(namespace, partition)}due`;
  return {
    dueUsers: (partition, upToMs, most) =>
      unlessDown(async () => {
        // One more says when the next is due.
        const found = await redis.zrange(dueKey(partition), '-inf', '+inf', 'BYSCORE', 'LIMIT', 0, most + 1, 'WITHSCORES');
        const all = found.flatMap((userKey, i) => (i % 2 === 0 ? [[userKey, Number(found[i + 1])] as const] : []));
        const users = all.slice(0, most).filter(([, dueMs]) => dueMs <= upToMs);
        const nextMs = all[users.length]?.[1] ?? null;
        return { users, isMore: nextMs !== null && nextMs <= upToMs, nextMs };
      }),

    duesOf: (partition, userKeys) =>
      unlessDown(async () => {
        if (userKeys.length === 0) return [];
        const scores = await redis.zmscore(dueKey(partition), ...userKeys);
        return scores.map((score) => (score === null ? null : Number(score)));
      }),

    scanUsers: (partition, cursor) =>
      unlessDown(async () => {
        const nodes = nodesOf(redis);
        const names = nodes.map(({ options: { host, port } }) => `${host}:${port}`).join();
        const [at = '0', within = '0', ofNodes = names] = cursor?.split(' ') ?? [];
        // Slots may have moved to a node that was passed: who was looked at is looked at again.
        const node = ofNodes === names ? Number(at) : 0;
        const [head, list] = [recordKey(namespace, partition, ''), membersKey(namespace, partition, '')];
        const [next, keys] = await (nodes[node] as Redis).scan(
          ofNodes === names ? within : '0',
          'MATCH',
          `${glob(partitionPrefix(namespace, partition))}[um]*`,
          'COUNT',
          SCANNED,
        );
        const behind = (start: string) => keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
        const found = { users: behind(head), lists: behind(list) };
        if (next !== '0') return { cursor: `${node} ${next} ${names}`, ...found };
        return { cursor: node + 1 < nodes.length ? `${node + 1} 0 ${names}` : null, ...found };
      }),
  };
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
