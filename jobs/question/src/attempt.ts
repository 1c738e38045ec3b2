/**
 * One attempt at work that was asked of the batch layer. It may die at any point: the next attempt begins again, with files and a folder of its own, and the
 * first result that is written counts.
 */
import { join } from 'node:path';
import { sweepQuestions } from '@tributary/archive/asked/questions';
import { SET_WORK } from '@tributary/archive/asked/training-sets';
import type { Asked, AskedWork, Result } from '@tributary/archive/asked/work';
import { sweepQuestionStaging } from '@tributary/archive/compute/staging';
import { namesIn } from '@tributary/archive/durable';
import { TributaryError } from '@tributary/model/errors';
import { isTransient } from '@tributary/runtime/error-kinds';
import type { JobPorts } from './ports.ts';

export interface Attempt {
  readonly id: string;
  /** A failure that may go away by itself is not tried again. */
  readonly isLast: boolean;
}

/** One kind of work, and what makes its result. */
export interface Worker<A extends Asked, R extends Result, P> {
  readonly work: AskedWork<A, R>;
  readonly called: string;
  readonly compute: (asked: A, ports: P, signal: AbortSignal) => Promise<Omit<R, 'tookMs' | 'at'>>;
  readonly failed: (why: { readonly at: number; readonly tookMs: number; readonly failure: string }) => R;
}

/** How soon one that was cancelled stops, ms. */
const POLL_EVERY_MS = 500;

/** Resolves when there is a result, also one that says why there is nothing to read, or it was given up. */
export async function attemptAt<A extends Asked, R extends Result, P extends JobPorts>(
  { work, called, compute, failed }: Worker<A, R, P>,
  { id, isLast }: Attempt,
  ports: P,
  signal: AbortSignal,
): Promise<void> {
  await sweep(ports);
  const stored = await work.read(ports.dataDir, id);
  if (stored === undefined || stored.isCancelled || stored.result !== null) return;
  const cancelled = new AbortController();
  const done = new AbortController();
  const watching = watch(join(ports.dataDir, work.folderOf(id)), ports, cancelled, done.signal);
  const began = ports.now();
  try {
    const made = await compute(stored.asked, ports, AbortSignal.any([signal, cancelled.signal]));
    const result = { ...made, tookMs: ports.now() - began, at: ports.now() } as unknown as R;
    const isFirst = await work.keepResult(ports.dataDir, id, result);
    ports.note(`${called} ${isFirst ? 'is' : 'was'} answered`, { id });
  } catch (error) {
    if (cancelled.signal.aborted) return;
    signal.throwIfAborted();
    if (isTransient(error) && !isLast) throw error;
    const failure = error instanceof TributaryError ? `${error.code}: ${error.message}` : String(error);
    await work.keepResult(ports.dataDir, id, failed({ failure, tookMs: ports.now() - began, at: ports.now() }));
    ports.note(`${called} failed`, { id, error: String(error) });
  } finally {
    done.abort();
    await watching;
  }
}

/** Ends when `done`; aborts `cancelled` once it was cancelled. */
async function watch(folder: string, ports: JobPorts, cancelled: AbortController, done: AbortSignal): Promise<void> {
  while (!done.aborted && !cancelled.signal.aborted) {
    const names = await namesIn(folder).catch(() => ['asked.json']);
    if (names.includes('cancelled.json') || !names.includes('asked.json')) cancelled.abort(new Error('it was cancelled'));
    else await ports.sleep(POLL_EVERY_MS, done).catch(() => {});
  }
}

/** What has expired, and what killed attempts left. It goes on where that cannot be removed: the answer does not need it. */
async function sweep({ dataDir, now, limits, note }: JobPorts): Promise<void> {
  try {
    await sweepQuestions(dataDir, now());
    await SET_WORK.sweep(dataDir, now());
    await sweepQuestionStaging(dataDir, now() - limits.computeTimeoutMs);
  } catch (error) {
    note('questions to the archive that expired could not be removed', { error: String(error) });
  }
}
