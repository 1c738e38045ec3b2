/** The table of leases of one group in Redis. The scripts describe its laws; the clock is the server's, never a member's. */
import { readFileSync } from 'node:fs';

/** What is needed of a Redis connection: one that neither queues offline nor resends by itself. */
export interface LeaseRedis {
  eval(script: string, numberOfKeys: number, ...keysAndArgs: string[]): Promise<unknown>;
}

export interface Beat {
  /** Partitions that the member holds now. */
  readonly partitions: readonly number[];
  /** All other members that are alive as far as the table knows. */
  readonly others: readonly string[];
  /** How many partitions the member lacks to its fair share: others hold them still. */
  readonly lacking: number;
  /** The table did not know the member although it held partitions: it lost its leases, or this one. */
  readonly forgotten: boolean;
  /** What other living members have of what all must have alike, where it is not what this one has. */
  readonly differing: readonly string[];
}

export interface LeaseTable {
  /** `gone`: members known to be dead. `held`: what the member held when it last heard. */
  beat(member: string, gone: readonly string[], held: Iterable<number>): Promise<Beat>;
  leave(member: string): Promise<void>;
}

const BEAT = readFileSync(new URL('./beat.lua', import.meta.url), 'utf8');
const LEAVE = readFileSync(new URL('./leave.lua', import.meta.url), 'utf8');

/** The keys share a hash tag: one script may touch them on Redis Cluster too. */
export function leaseKeys(namespace: string, group: string): [leases: string, holders: string, alike: string] {
  const prefix = `${namespace}:{group:${group}}:`;
  return [`${prefix}leases`, `${prefix}holders`, `${prefix}alike`];
}

export interface LeaseTableOptions {
  readonly namespace: string;
  readonly group: string;
  readonly partitions: number;
  readonly ttlMs: number;
  /** What every member must have alike, as this one has it. */
  readonly alike?: string;
}

export function createLeaseTable(
  redis: LeaseRedis,
  { namespace, group, partitions: count, ttlMs, alike = '' }: LeaseTableOptions,
): LeaseTable {
  const keys = leaseKeys(namespace, group);
  return {
    async beat(member, gone, held) {
      const holds = [...held].map(String);
      const args = [member, String(ttlMs), String(count), String(gone.length), ...gone, String(holds.length), ...holds, alike];
      const answer = await redis.eval(BEAT, keys.length, ...keys, ...args);
      const [partitions, others, lacking, forgotten, differing] = answer as [number[], string[], number, number, string[]];
      return { partitions, others, lacking, forgotten: forgotten === 1, differing };
    },
    async leave(member) {
      await redis.eval(LEAVE, keys.length, ...keys, member);
    },
  };
}
