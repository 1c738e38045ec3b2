/**
 * The working side of the queue of runs: one run at a time on all hosts together. Its shards are other jobs, children of its own:
 * the run keeps its slot while they are worked on, so that no other run begins meanwhile, and does nothing but watch.
 */
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { type Cancelled, openFates } from './fate.ts';
import { startJobWorker } from './job-worker.ts';
import { QUEUE, type RunJob } from './jobs.ts';
import { limitToOne } from './limit-to-one.ts';
import type { RunProgress } from './run-records.ts';
import { SKIPPED_AFTER_MS } from './schedules.ts';
import { openShardFlow, type ShardFlow } from './shard-flow.ts';
import { openShardQueue } from './shard-queue.ts';

/** How soon a run notices that it was cancelled. */
const CANCEL_POLL_MS = 250;

export interface JobAttempt {
  readonly id: string;
  readonly data: RunJob;
  /** From 1. */
  readonly attempt: number;
  /** Keeps where a run got to, for its next attempt. */
  readonly remember: (begun: NonNullable<RunJob['begun']>) => Promise<void>;
  /**
   * Asked right before the run ends: from then on it cannot be cancelled. Rejects with the reason of `signal` where it was. `isIdle`: it found
   * nothing new.
   */
  readonly end: (how?: { readonly isIdle: boolean }) => Promise<void>;
  /** Keeps how far the run is, for those who watch it; what cannot be kept is dropped. */
  readonly report: (progress: RunProgress) => void;
  /** The processes that compute shards of this run; null when the options name none. */
  readonly shards: ShardFlow | null;
  /** Aborts when the lock is lost, when the worker stops, and when the run is cancelled. */
  readonly signal: AbortSignal;
}

export interface WorkerOptions {
  readonly redis: Redis;
  readonly namespace: string;
  readonly handle: (attempt: JobAttempt) => Promise<unknown>;
  /** Clears up behind a run that was cancelled; may come twice. `begun`: as the run remembered it. */
  readonly onCancelled?: (begun: RunJob['begun'], cancelled: Cancelled) => Promise<void>;
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

  const fates = openFates(redis, namespace);

  async function attempt(job: Job<RunJob>, signal: AbortSignal): Promise<unknown> {
    const id = job.id ?? '';
    const cancel = new AbortController();
    const check = async () => {
      const [fate] = await fates.read([id]);
      if (fate?.fate === 'cancelled') cancel.abort(new CancelledError(fate));
    };
    const end: JobAttempt['end'] = async (how) => {
      const fate = await fates.decide(id, { fate: 'ends' }, how);
      if (fate.fate === 'cancelled') cancel.abort(new CancelledError(fate));
      cancel.signal.throwIfAborted();
    };
    let progress: RunProgress = {};
    const report = (more: RunProgress) => {
      progress = { ...progress, ...more };
      void answered(job.updateProgress(progress)).catch(() => {});
    };
    const flow =
      shardQueue === null || shards === undefined
        ? null
        : openShardFlow(shardQueue, job, { version: shards.version, slotsPerProcess: shards.slotsPerProcess, report });
    // A Redis that does not answer now is asked again: the run asks once more before it ends.
    const timer = setInterval(() => void check().catch(() => {}), CANCEL_POLL_MS);
    try {
      await check();
      cancel.signal.throwIfAborted();
      if (isTooLate(job, options.now())) {
        job.opts.removeOnComplete = true;
        return { published: 'skipped' };
      }
      const result = await handle({
        id,
        data: job.data,
        attempt: job.attemptsMade + 1,
        remember: (begun) => job.updateData({ ...job.data, begun }),
        end,
        report,
        shards: flow,
        signal: AbortSignal.any([signal, cancel.signal]),
      });
      // BullMQ does not complete a job with open children: those of a plan by another version may be left.
      await job.removeUnprocessedChildren();
      if (job.data.scheduled && foundNothing(result)) job.opts.removeOnComplete = true;
      return result;
    } catch (error) {
      const mayGoOn = signal.aborted || options.isTransient(error);
      // A cancel counts, whatever the work failed of when it was stopped; one that comes now is too late.
      if (!mayGoOn && !cancel.signal.aborted) await end().catch(() => {});
      if (!signal.aborted && cancel.signal.aborted)
        return await endCancelled(job, (cancel.signal.reason as CancelledError).cancelled);
      // A run that goes on later leaves its children to the next attempt.
      if (!mayGoOn) await job.removeUnprocessedChildren();
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  async function endCancelled(job: Job<RunJob>, cancelled: Cancelled): Promise<unknown> {
    await job.removeUnprocessedChildren();
    await options.onCancelled?.(job.data.begun, cancelled);
    return { published: 'cancelled', ...(job.data.begun !== null && { generation: job.data.begun.generation }), cancelled };
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

/** Its schedule leaves out what could not begin near its time. */
function isTooLate({ data, timestamp, delay }: Job<RunJob>, nowMs: number): boolean {
  return data.catchUp === 'skip' && data.begun === null && nowMs - (timestamp + delay) > SKIPPED_AFTER_MS;
}

/** It found nothing new: the list of runs is for those that did something. */
function foundNothing(result: unknown): boolean {
  return (result as { readonly published?: unknown } | null | undefined)?.published === 'nothing_new';
}

class CancelledError extends Error {
  readonly cancelled: Cancelled;
  constructor(cancelled: Cancelled) {
    super(`the run was cancelled by ${cancelled.by}`);
    this.cancelled = cancelled;
  }
}
