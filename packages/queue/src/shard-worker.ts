/** The working side of the queue of shards: every batch process takes some, whichever of them runs the generation. */
import type { Redis } from 'ioredis';
import { type JobWorker, startJobWorker } from './job-worker.ts';
import { failureText } from './shard-flow.ts';
import { type ShardJob, shardQueueName } from './shard-queue.ts';

export interface ShardWorkerOptions {
  readonly redis: Redis;
  readonly namespace: string;
  readonly version: string;
  /** Shards at a time in this process. */
  readonly concurrency: number;
  readonly handle: (shard: ShardJob, signal: AbortSignal) => Promise<unknown>;
  /** Whether the failure may go away by itself, `attempt` from 1: what fails on one host may work on another. */
  readonly mayRetry: (error: unknown, attempt: number) => boolean;
  readonly onError: (error: Error) => void;
  readonly onFailed: (jobId: string, error: Error, final: boolean) => void;
  readonly lockMs?: number;
  readonly now: () => number;
}

export function startShardWorker(options: ShardWorkerOptions): Promise<JobWorker> {
  const { version, handle, lockMs = 15_000 } = options;
  return startJobWorker<ShardJob>({
    ...options,
    queue: shardQueueName(version),
    lockMs,
    async handle(job, signal) {
      try {
        return await handle(job.data, signal);
      } catch (error) {
        throw new ShardError(failureText(error), { cause: error });
      }
    },
    mayRetry: (error, attempt) => options.mayRetry(error instanceof ShardError ? error.cause : error, attempt),
  });
}

/** Has the code of its cause in its text, because only the text reaches the parent. */
class ShardError extends Error {}
