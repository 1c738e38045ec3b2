/**
 * A worker of a queue: the part that all of ours share.
 *
 * What BullMQ does not promise, the job must: a lost lock does not stop a processor (its issue 3183), so the same job may run
 * twice; here the loss aborts it. How an attempt ends:
 *   done → completed · aborted → back into the queue, not counted · transient failure → tried again later · else → failed for good
 */
import { settled } from '@tributary/runtime/wait';
import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { repeatStrategy } from './cron.ts';
import { queuePrefix } from './jobs.ts';

export interface JobWorkerOptions<Data> {
  readonly redis: Redis;
  readonly namespace: string;
  readonly queue: string;
  /** Jobs at a time in this process. */
  readonly concurrency: number;
  readonly handle: (job: Job<Data>, signal: AbortSignal) => Promise<unknown>;
  /** `attempt` from 1. */
  readonly mayRetry: (error: unknown, attempt: number) => boolean;
  readonly onError: (error: Error) => void;
  readonly onFailed: (jobId: string, error: Error, final: boolean) => void;
  /** How long a dead worker's job stays locked, ms. */
  readonly lockMs: number;
  readonly now: () => number;
}

export interface JobWorker {
  /** The jobs under way. */
  active(): readonly string[];
  isRunning(): boolean;
  /** Aborts the jobs under way, which return to the queue, and takes no other. Ends after 3 s, whether or not Redis answers. */
  stop(): Promise<void>;
}

/** Less than a process has for its end. A job that did not get back by then does so once its lock runs out. */
const STOP_MS = 3_000;
/** A job that was aborted is taken up again after this, ms. */
const RESUME_MS = 500;
/** A killed process costs its job one of these; a job that kills its process every time must end at last. */
const MAX_STALLED = 5;

export async function startJobWorker<Data>(options: JobWorkerOptions<Data>): Promise<JobWorker> {
  const { redis, namespace, queue, concurrency, lockMs } = options;
  const stopping = new AbortController();
  const active = new Set<string>();

  const worker = new Worker<Data>(
    queue,
    async (job, token, signal) => {
      active.add(job.id ?? '');
      try {
        return await process(job, token, signal === undefined ? stopping.signal : AbortSignal.any([signal, stopping.signal]));
      } finally {
        active.delete(job.id ?? '');
      }
    },
    {
      connection: redis,
      prefix: queuePrefix(namespace),
      concurrency,
      lockDuration: lockMs,
      stalledInterval: Math.ceil(lockMs / 2),
      maxStalledCount: MAX_STALLED,
      settings: { repeatStrategy },
    },
  );

  async function process(job: Job<Data>, token: string | undefined, signal: AbortSignal): Promise<unknown> {
    try {
      signal.throwIfAborted();
      return await options.handle(job, signal);
    } catch (error) {
      if (signal.aborted) {
        await job.moveToDelayed(options.now() + RESUME_MS, token);
        throw new DelayedError();
      }
      if (options.mayRetry(error, job.attemptsMade + 1)) throw error;
      throw new UnrecoverableError(error instanceof Error ? error.message : String(error));
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
    active: () => [...active],
    isRunning: () => worker.isRunning(),
    async stop() {
      stopping.abort(new Error('the worker stops'));
      await settled(worker.close(), STOP_MS);
    },
  };
}
