import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { queuePrefix } from './jobs.ts';

/** One job of the queue at a time over all hosts, not only in this process. */
export async function limitToOne(redis: Redis, namespace: string, name: string): Promise<void> {
  const queue = new Queue(name, { connection: redis, prefix: queuePrefix(namespace) });
  try {
    await queue.setGlobalConcurrency(1);
  } finally {
    await queue.close();
  }
}
