/**
 * Requests at a rate, on schedule: a slow answer holds up none of those behind it, and its time begins when it was due. A timer is up to a
 * millisecond late, which counts as well: to wait without one would take the processor from what is measured.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface OnSchedule {
  /** How long each took from when it was due, ms. */
  readonly tookMs: readonly number[];
  /** How much of that was over before it was asked, as this process was late, ms: it is of the load, and not of what is measured. */
  readonly lateMs: readonly number[];
}

export async function onSchedule(perSecond: number, seconds: number, call: () => Promise<unknown>): Promise<OnSchedule> {
  const tookMs: number[] = [];
  const lateMs: number[] = [];
  const failed: unknown[] = [];
  /** Counted, not kept: to collect ten thousand promises holds up the load for 15 ms. */
  let open = 0;
  let whenNoneIsOpen = () => {};
  const start = performance.now();
  const ask = async (dueMs: number) => {
    try {
      await call();
      tookMs.push(performance.now() - dueMs);
    } catch (error) {
      failed.push(error);
    }
    if (--open === 0) whenNoneIsOpen();
  };
  for (let asked = 0; asked < perSecond * seconds && failed.length === 0; asked++) {
    const dueMs = start + (asked * 1_000) / perSecond;
    while (performance.now() < dueMs) await sleep(Math.max(0, dueMs - performance.now()));
    open++;
    lateMs.push(performance.now() - dueMs);
    void ask(dueMs);
  }
  if (open > 0) await new Promise<void>((resolve) => (whenNoneIsOpen = resolve));
  if (failed.length > 0) throw failed[0];
  return { tookMs, lateMs };
}
