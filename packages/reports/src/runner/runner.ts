/**
 * Where models run. Readers of signals wait at most 10 ms, and a game of 20 channels takes a second: what takes more than
 * some milliseconds runs in a thread of its own, one job after the other, few waiting, none for ever. Keys take turns.
 */
import { Worker } from 'node:worker_threads';
import { compute, isQuick, type ModelJob, type ModelOutcome } from '@tributary/attribution/models/shared-models';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { createFairShare } from '@tributary/runtime/http/fair-share';
import { type Asker, createTurnsOfKeys } from '@tributary/runtime/http/turns-of-keys';

export interface ModelRunner {
  /** How long one question may take, ms. */
  readonly timeoutMs: number;
  /** Resolves once the thread is there and has loaded the models: the first job would wait for it. Rejects where it ends before. */
  start(): Promise<void>;
  /** Rejects with `overloaded`, or with `model_timeout` when the time of `asker` is over. */
  run(job: ModelJob, asker: ModelAsker): Promise<ModelOutcome>;
  /** Ends the thread; who waits gets `model_timeout`. */
  stop(): Promise<void>;
}

/** Who asks for a model. */
export interface ModelAsker extends Asker {
  /**
   * Until when they wait, by `performance.now()`. It may become later while others ask for the same: it is asked for again when it has come.
   * Missing: as long as one question may take.
   */
  readonly untilMs?: () => number;
}

export interface Reply {
  readonly number: number;
  readonly outcome?: ModelOutcome;
  /** `code`: null: a defect. */
  readonly error?: { readonly code: ErrorCode | null; readonly message: string };
}

interface WaitingJob {
  readonly job: ModelJob;
  readonly asker: ModelAsker;
  resolve(outcome: ModelOutcome): void;
  reject(error: Error): void;
}

export interface RunnerLimits {
  /** For all jobs of a question, from the moment it was asked, ms. While other keys wait, a job may run for half of that. */
  readonly timeoutMs: number;
  /** Jobs that wait or run. */
  readonly mostJobs: number;
}

/** All askers of a job had gone when its turn came, or their time was over. Who asks the same from that moment on has not been heard. */
export class NobodyWaits extends TributaryError {
  constructor(why = 'no request waits for the model any more: it was not begun') {
    super('model_timeout', why);
  }
}

/** Why a question whose time is over has no model. */
export const LATE = 'the models did not finish in the time of the question, their turns included';

export function createModelRunner({ timeoutMs, mostJobs }: RunnerLimits = { timeoutMs: 30_000, mostJobs: 32 }): ModelRunner {
  const jobs = createFairShare(mostJobs);
  const queue = createTurnsOfKeys<WaitingJob>();
  let thread: Worker | null = null;
  let running: (WaitingJob & { readonly number: number; readonly half: NodeJS.Timeout; isHalfOver: boolean }) | null = null;
  let begun = 0;

  function started(): Worker {
    if (thread !== null) return thread;
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    // The thread alone keeps no process alive.
    worker.unref();
    worker.on('message', ({ number, outcome, error }: Reply) => {
      if (running?.number !== number) return;
      const { resolve, reject } = done(running);
      if (outcome === undefined) reject(errorOf(error));
      else resolve(outcome);
      begin();
    });
    worker.on('error', (cause) => ended(worker, cause));
    worker.on('exit', () => ended(worker, new Error('the thread of the models ended')));
    thread = worker;
    return worker;
  }

  function done(job: NonNullable<typeof running>): WaitingJob {
    clearTimeout(job.half);
    running = null;
    return job;
  }

  function begin(): void {
    if (running !== null) {
      makeWay();
      return;
    }
    let next = queue.next();
    for (; next?.asker.isGone() === true; next = queue.next()) next.reject(new NobodyWaits());
    if (next === undefined) return;
    const half = setTimeout(() => {
      if (running !== null) running.isHalfOver = true;
      makeWay();
    }, timeoutMs / 2);
    running = { ...next, number: ++begun, half, isHalfOver: false };
    started().postMessage({ number: running.number, job: next.job });
  }

  /** Ends the job that runs where others have waited for it long enough. */
  function makeWay(): void {
    if (running?.isHalfOver !== true || !queue.hasOther(running.asker.key)) return;
    const why = `the model ran for ${timeoutMs / 2_000} s while those of other keys wait`;
    void endRunning(new TributaryError('model_timeout', why));
  }

  /** A job cannot be interrupted, only its thread; the next one starts another. */
  async function endRunning(why: TributaryError): Promise<void> {
    const worker = thread;
    thread = null;
    if (running !== null) done(running).reject(why);
    begin();
    await worker?.terminate();
  }

  /** A thread that ended by itself. */
  function ended(worker: Worker, cause: Error): void {
    if (thread !== worker) return;
    thread = null;
    if (running !== null) done(running).reject(cause);
    begin();
  }

  function late(job: WaitingJob): void {
    const why = new NobodyWaits(LATE);
    if (queue.remove(job)) job.reject(why);
    else void endRunning(why);
  }

  return {
    timeoutMs,
    async start() {
      const worker = started();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      worker.once('message', () => resolve());
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the thread of the models ended before it was ready')));
      await promise;
    },
    async run(job, asker) {
      if (isQuick(job)) return compute(job);
      const { key } = asker;
      if (!jobs.fits(key, 1))
        throw new TributaryError(
          'overloaded',
          `${jobs.heldBy(key)} models are being computed for this key already, and ${jobs.held} for all keys`,
        );
      jobs.take(key, 1);
      const { promise, resolve, reject } = Promise.withResolvers<ModelOutcome>();
      const waiting: WaitingJob = { job, asker, resolve, reject };
      const longestMs = performance.now() + timeoutMs;
      const leftMs = () => (asker.untilMs?.() ?? longestMs) - performance.now();
      let timer: NodeJS.Timeout | undefined;
      const wait = () => {
        timer = setTimeout(() => (leftMs() > 0 ? wait() : late(waiting)), Math.max(0, leftMs()));
      };
      wait();
      queue.add(waiting);
      begin();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        jobs.give(key, 1);
      }
    },
    async stop() {
      const why = new TributaryError('model_timeout', 'the API stops, and the model with it');
      for (let job = queue.next(); job !== undefined; job = queue.next()) job.reject(why);
      await endRunning(why);
    },
  };
}

function errorOf(error: Reply['error']): Error {
  return error?.code === null || error === undefined
    ? new Error(error?.message ?? 'a model gave no answer')
    : new TributaryError(error.code, error.message);
}
