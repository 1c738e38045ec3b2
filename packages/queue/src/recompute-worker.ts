/**
 * The working side of the queue of runs: one run at a time on all hosts together. Its shards are other jobs, children of its own:
 * the run keeps its slot while they are worked on, so that no other run begins meanwhile, and does nothing but watch.
 */
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { startJobWorker } from './job-worker.ts';
import { QUEUE, type RunJob } from './jobs.ts';
import { limitToOne } from './limit-to-one.ts';
import { openShardFlow, type ShardFlow } from './shard-flow.ts';
import { openShardQueue } from './shard-queue.ts';

export interface JobAttempt {
  readonly id: string;
  readonly data: RunJob;
  /** From 1. */
  readonly attempt: number;
  /** Keeps where a run got to, for its next attempt. */
  readonly remember: (begun: NonNullable<RunJob['begun']>) => Promise<void>;
  /** The processes that compute shards of this run; null when the options name none. */
  readonly shards: ShardFlow | null;
  /** Aborts when the lock is lost, and when the worker stops. */
  readonly signal: AbortSignal;
}

export interface WorkerOptions {
  readonly redis: Redis;
  readonly namespace: string;
  readonly handle: (attempt: JobAttempt) => Promise<unknown>;
  /** Whether the failure may go away by itself. */
  readonly isTransient: (error: unknown) => boolean;
  readonly onError: (error: Error) => void;
  readonly onFailed: (jobId: string, error: Error, final: boolean) => void;
  /** The workers of shards: their version, and how many shards each process takes at a time. Absent: one process computes a whole run. */
  readonly shards?: { readonly version: string; readonly slotsPerProcess: number };
  /** How long a dead worker's job stays locked, ms. */
  readonly lockMs?: number;
  readonly now: () => number;
}

export interface RecomputeWorker {
  /** The job under way, null when idle. */
  active(): string | null;
  isRunning(): boolean;
  /** Aborts the job under way, which returns to the queue, and takes no other. */
  stop(): Promise<void>;
}

export async function startRecomputeWorker(options: WorkerOptions): Promise<RecomputeWorker> {
  const { redis, namespace, lockMs = 15_000, handle, shards } = options;
  await limitToOne(redis, namespace, QUEUE);
  const shardQueue = shards === undefined ? null : openShardQueue(redis, namespace, shards.version);

  async function attempt(job: Job<RunJob>, signal: AbortSignal): Promise<unknown> {
    const flow =
      shardQueue === null || shards === undefined ? null : openShardFlow(shardQueue, job, shards.version, shards.slotsPerProcess);
    try {
      const result = await handle({
        id: job.id ?? '',
        data: job.data,
        attempt: job.attemptsMade + 1,
        remember: (begun) => job.updateData({ ...job.data, begun }),
        shards: flow,
        signal,
      });
      // BullMQ does not complete a job with open children: those of a plan by another version may be left.
      await job.removeUnprocessedChildren();
      if (job.data.scheduled && isIdle(result)) job.opts.removeOnComplete = true;
      return result;
    } catch (error) {
      // A run that goes on later leaves its children to the next attempt.
      if (!signal.aborted && !options.isTransient(error)) await job.removeUnprocessedChildren();
      throw error;
    }
  }

  const worker = await startJobWorker<RunJob>({
    ...options,
    queue: QUEUE,
    concurrency: 1,
    lockMs,
    handle: attempt,
    mayRetry: options.isTransient,
  });
  return {
    active: () => worker.active()[0] ?? null,
    isRunning: worker.isRunning,
    async stop() {
      await worker.stop();
      await shardQueue?.close();
    },
  };
}

/** It found nothing new: the list of runs is for those that did something. */
function isIdle(result: unknown): boolean {
  return (result as { readonly published?: unknown } | null | undefined)?.published === 'nothing_new';
}
