/**
 * What a start leaves behind: sources that were parsed, code that ran once, pages of a heap that was larger. It is a sixth of an idle
 * role, and V8 gives it back when it collects the whole heap for want of memory, which an idle process does not do.
 */
import { performance } from 'node:perf_hooks';
import { pause } from '../wait.ts';

/** A larger heap is a state that was loaded, and to collect it takes longer than it is worth. */
const MOST_HEAP_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 10_000;
/**
 * At rest a role works less than half of this part of the time. An API that answers sixty reads a second works 4 %: there the tenth of a second for which
 * all stands still is the slowest of all answers.
 */
const MOST_WORK = 0.02;

/** Collects the whole heap, where Node was started with `--expose-gc`: 50 to 110 ms. */
export function forgetStart(): void {
  if (process.memoryUsage().heapUsed <= MOST_HEAP_BYTES) globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}

/**
 * The same, but in the first ten seconds in which the process hardly worked: what it is given right after its start does not wait, and
 * code that this work needs is not compiled twice. `workOf` says which part of the time it works until `signal` aborts or `ms` are over.
 */
export async function forgetStartWhenIdle(signal: AbortSignal, workOf = measuredWork): Promise<void> {
  if (globalThis.gc === undefined) return;
  while ((await workOf(LOOK_MS, signal)) > MOST_WORK) if (signal.aborted) return;
  if (!signal.aborted) forgetStart();
}

async function measuredWork(ms: number, signal: AbortSignal): Promise<number> {
  const before = performance.eventLoopUtilization();
  await pause(ms, signal);
  return performance.eventLoopUtilization(before).utilization;
}
