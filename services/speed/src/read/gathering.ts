/**
 * Small commits cost most: a commit of one event costs as much as one of twenty. So under load the worker lets events gather before it
 * reads again, and commits more of each partition at once. The window follows the rate: without load there is none.
 */

/** The longest window, ms. On average an event waits for half of it. */
const LONGEST_MS = 8;
/** The rate at which the window is as long as it gets, events/s. */
const FULL_RATE = 4_000;
/** Over how long the rate is averaged, ms. */
const AVERAGED_MS = 250;

export interface Gathering {
  /** A read has brought these events. */
  noteRead(events: number): void;
  /** How long to wait before the next read, ms. */
  waitMs(): number;
}

/** `now`: monotonic, ms. */
export function createGathering(now: () => number): Gathering {
  let readMs = Number.NEGATIVE_INFINITY;
  /** As it was at `readMs`, events/s. */
  let rate = 0;

  /** What is left of the average after `ms` without events. */
  const faded = (ms: number) => rate * Math.exp(-ms / AVERAGED_MS);

  return {
    noteRead(events) {
      const nowMs = now();
      rate = faded(nowMs - readMs) + (events * 1_000) / AVERAGED_MS;
      readMs = nowMs;
    },
    waitMs() {
      const sinceMs = now() - readMs;
      const windowMs = LONGEST_MS * Math.min(1, faded(sinceMs) / FULL_RATE);
      return Math.max(0, windowMs - sinceMs);
    },
  };
}
