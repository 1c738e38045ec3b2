/** The queues as Bull Board is shown them: runs, and questions to the archive. Shards are parts of a run, and have a queue for each version of the program. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { QUEUE, queuePrefix } from './jobs.ts';
import { QUESTIONS } from './question-queue.ts';

/** `redis`: a connection of the kind `queue`, which stays the caller's. Nothing is written. */
export function openShownQueues(redis: Redis, namespace: string): Queue[] {
  return [QUEUE, QUESTIONS].map((name) => {
    const queue = new Queue(name, { connection: redis, prefix: queuePrefix(namespace), skipMetasUpdate: true });
    queue.on('error', () => {
      // The connection reports its errors to its owner; without a listener here they would end the process.
    });
    return queue;
  });
}
