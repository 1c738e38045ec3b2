/** The queue of shards, one for each version of the program that computes them: versions never take each other's. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { queuePrefix } from './jobs.ts';

/** One shard of a generation: names of files in the data folder, which hold the rest. */
export interface ShardJob {
  readonly generation: number;
  /** Digest of the plan, 16 hex digits. */
  readonly plan: string;
  readonly number: number;
}

export function shardQueueName(version: string): string {
  return `shards-${version}`;
}

export function openShardQueue(redis: Redis, namespace: string, version: string): Queue<ShardJob> {
  const queue = new Queue<ShardJob>(shardQueueName(version), { connection: redis, prefix: queuePrefix(namespace) });
  queue.on('error', () => {
    // The connection reports its errors to its owner; without a listener here they would end the process.
  });
  return queue;
}

/** The same for every attempt at the run, so that a retried one meets the jobs of the one before. */
export function shardJobId({ generation, plan, number }: ShardJob): string {
  return `g${generation}-${plan}-${number}`;
}
