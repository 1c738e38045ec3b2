/**
 * The working side of the queue: one job at a time on all hosts together.
 *
 * What BullMQ does not promise, the job must: a lost lock does not stop a processor (its issue 3183), so the same job may run
 * twice; here the loss aborts it. How an attempt ends:
 *   done → completed · aborted → back into the queue, not counted · passing trouble → tried again later · else → failed for good
 */
import { DelayedError, type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { QUEUE, queuePrefix, type RecomputeJob, type RunJob } from './jobs.ts';

export interface JobAttempt {
  readonly id: string;
  readonly data: RecomputeJob;
  /** From 1. */
  readonly attempt: number;
  /** Keeps where a run got to, for its next attempt. */
  readonly remember: (begun: NonNullable<RunJob['begun']>) => Promise<void>;
  /** Aborts when the lock is lost, and when the worker shall stop. */
  readonly signal: AbortSignal;
}

export interface WorkerOptions {
  readonly redis: Redis;
  readonly namespace: string;
  readonly handle: (attempt: JobAttempt) => Promise<unknown>;
  /** Trouble that may go away by itself. */
  readonly isPassing: (error: unknown) => boolean;
  readonly onError: (error: Error) => void;
  readonly onFailed: (jobId: string, error: Error, final: boolean) => void;
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

/** A job that was aborted is taken up again after this, ms. */
const RESUME_MS = 500;

export async function startRecomputeWorker(options: WorkerOptions): Promise<RecomputeWorker> {
  const { redis, namespace, lockMs = 15_000 } = options;
  const prefix = queuePrefix(namespace);
  await limitToOne(redis, prefix);
  const stopping = new AbortController();
  let active: string | null = null;

  const worker = new Worker<RecomputeJob>(
    QUEUE,
    async (job, token, signal) => {
      active = job.id ?? '';
      try {
        return await process(job, token, signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]));
      } finally {
        active = null;
      }
    },
    {
      connection: redis,
      prefix,
      concurrency: 1,
      lockDuration: lockMs,
      stalledInterval: Math.ceil(lockMs / 2),
      // A killed process costs one of these; a run that kills its process every time must end some time.
      maxStalledCount: 5,
    },
  );

  async function process(job: Job<RecomputeJob>, token: string | undefined, signal: AbortSignal): Promise<unknown> {
    try {
      signal.throwIfAborted();
      return await options.handle({
        id: job.id ?? '',
        data: job.data,
        attempt: job.attemptsMade + 1,
        remember: async (begun) => {
          if (job.data.action === 'run') await job.updateData({ ...job.data, begun });
        },
        signal,
      });
    } catch (error) {
      if (signal.aborted) {
        await job.moveToDelayed(options.now() + RESUME_MS, token);
        throw new DelayedError();
      }
      if (options.isPassing(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new UnrecoverableError(message);
    }
  }

  worker.on('lockRenewalFailed', (jobIds) => {
    for (const jobId of jobIds) worker.cancelJob(jobId, 'the lock was lost');
  });
  worker.on('error', options.onError);
  worker.on('failed', (job, error) => {
    const final = job === undefined || error instanceof UnrecoverableError || job.attemptsMade >= (job.opts.attempts ?? 1);
    options.onFailed(job?.id ?? '', error, final);
  });
  await worker.waitUntilReady();

  return {
    active: () => active,
    isRunning: () => worker.isRunning(),
    async stop() {
      stopping.abort(new Error('the worker stops'));
      await worker.close();
    },
  };
}

/** Over all hosts, not only in this process. */
async function limitToOne(redis: Redis, prefix: string): Promise<void> {
  const queue = new Queue(QUEUE, { connection: redis, prefix });
  try {
    await queue.setGlobalConcurrency(1);
  } finally {
    await queue.close();
  }
}
