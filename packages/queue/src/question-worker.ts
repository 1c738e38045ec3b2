/** The working side of the queue of questions. */
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { type JobWorker, startJobWorker } from './job-worker.ts';
import { ATTEMPTS } from './jobs.ts';
import { limitToOne } from './limit-to-one.ts';
import { QUESTIONS, type QuestionJob } from './question-queue.ts';

export interface QuestionWorkerOptions {
  readonly redis: Redis;
  readonly namespace: string;
  /** `isLast`: a failure that may go away by itself is not tried again. */
  readonly handle: (id: string, isLast: boolean, signal: AbortSignal) => Promise<unknown>;
  readonly isTransient: (error: unknown) => boolean;
  readonly onError: (error: Error) => void;
  readonly onFailed: (jobId: string, error: Error, final: boolean) => void;
  readonly lockMs?: number;
  readonly now: () => number;
}

export async function startQuestionWorker(options: QuestionWorkerOptions): Promise<JobWorker> {
  const { redis, namespace, handle, isTransient, lockMs = 15_000 } = options;
  await limitToOne(redis, namespace, QUESTIONS);
  return startJobWorker<QuestionJob>({
    ...options,
    queue: QUESTIONS,
    concurrency: 1,
    lockMs,
    handle: (job: Job<QuestionJob>, signal) => handle(job.data.id, job.attemptsMade + 1 >= ATTEMPTS, signal),
    mayRetry: isTransient,
  });
}
