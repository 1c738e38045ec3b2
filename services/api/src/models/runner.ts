/**
 * Where models run. Readers of signals wait 10 ms at the most, and a game of 20 channels takes a second: what takes more than
 * some milliseconds runs in a thread of its own, one job after the other, few waiting, none for ever.
 */
import { Worker } from 'node:worker_threads';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { compute, type ModelJob, type ModelOutcome } from './compute.ts';
import type { RunModel } from './shared-outcomes.ts';

export interface ModelRunner {
  readonly run: RunModel;
  /** Ends the thread; who waits is told `model_timeout`. */
  stop(): Promise<void>;
}

export interface Reply {
  readonly number: number;
  readonly outcome?: ModelOutcome;
  /** `code`: null: a defect. */
  readonly error?: { readonly code: ErrorCode | null; readonly message: string };
}

export interface RunnerLimits {
  /** For one job, from the moment it was asked for, ms. */
  readonly timeoutMs: number;
  /** Jobs that wait or run. */
  readonly mostJobs: number;
}

interface Waiting {
  readonly resolve: (outcome: ModelOutcome) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export function createModelRunner({ timeoutMs, mostJobs }: RunnerLimits = { timeoutMs: 30_000, mostJobs: 32 }): ModelRunner {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | null = null;
  let jobs = 0;

  function settle(number: number, how: (waiter: Waiting) => void): void {
    const waiter = waiting.get(number);
    if (waiter === undefined) return;
    waiting.delete(number);
    clearTimeout(waiter.timer);
    how(waiter);
  }

  function started(): Worker {
    if (thread !== null) return thread;
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    // The thread alone keeps no process alive.
    worker.unref();
    worker.on('message', ({ number, outcome, error }: Reply) =>
      settle(number, (waiter) => (outcome === undefined ? waiter.reject(errorOf(error)) : waiter.resolve(outcome))),
    );
    worker.on('error', (cause) => ended(worker, cause));
    worker.on('exit', () => ended(worker, new Error('the thread of the models ended')));
    thread = worker;
    return worker;
  }

  /** What was asked of a thread that is no more is answered nowhere else; the next job starts another. */
  function ended(worker: Worker, cause: Error): void {
    if (thread !== worker) return;
    thread = null;
    for (const number of [...waiting.keys()]) settle(number, (waiter) => waiter.reject(cause));
  }

  /** A job cannot be interrupted, only its thread: those behind it are told as well. */
  async function giveUp(): Promise<void> {
    const worker = thread;
    thread = null;
    const told = new TributaryError(
      'model_timeout',
      `the model did not finish in ${timeoutMs / 1_000} s, or waited for one that did not`,
    );
    for (const number of [...waiting.keys()]) settle(number, (waiter) => waiter.reject(told));
    await worker?.terminate();
  }

  return {
    async run(job) {
      if (isQuick(job)) return compute(job);
      if (waiting.size >= mostJobs) throw new TributaryError('overloaded', `${waiting.size} models are being computed already`);
      const number = ++jobs;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => void giveUp(), timeoutMs);
        waiting.set(number, { resolve, reject, timer });
        started().postMessage({ number, job });
      });
    },
    stop: giveUp,
  };
}

function errorOf(error: Reply['error']): Error {
  return error?.code === null || error === undefined
    ? new Error(error?.message ?? 'a model gave no answer')
    : new TributaryError(error.code, error.message);
}

/** Work of some 10 ms: states cubed, coalitions of a game. */
const QUICK_STATES = 60;
const QUICK_PLAYERS = 9;

function isQuick({ model, transitions, coalitions, intervals }: ModelJob): boolean {
  if (intervals !== null) return false;
  if (model === 'shapley') return true;
  const states = new Set(transitions.map(({ from }) => from.join('\t'))).size;
  if (model !== 'rateShapley' && states > QUICK_STATES) return false;
  if (model === 'markov' || model === 'hybrid') return true;
  const players = new Set([...transitions.flatMap(({ to }) => to), ...coalitions.flatMap(({ channels }) => channels)]).size;
  return players <= QUICK_PLAYERS;
}
