/**
 * For bounds that say "at once": wall time without the time in which other processes kept this one from running. What it waits
 * for, and what it computes itself, counts in full; so a bound need not be wide for the sake of busy machines.
 */
const TICK_MS = 5;

export interface Stopwatch {
  /** ms since the start; stops the watch. */
  stop(): number;
}

export function startStopwatch(): Stopwatch {
  const startedMs = performance.now();
  let [tickedMs, used] = [startedMs, process.cpuUsage()];
  let keptMs = 0;
  const look = () => {
    const { user, system } = process.cpuUsage(used);
    // A timer that is late although nothing was computed: no processor was free.
    keptMs += Math.max(0, performance.now() - tickedMs - 2 * TICK_MS - (user + system) / 1_000);
    [tickedMs, used] = [performance.now(), process.cpuUsage()];
  };
  const timer = setInterval(look, TICK_MS);
  return {
    stop() {
      look();
      clearInterval(timer);
      return performance.now() - startedMs - keptMs;
    },
  };
}

/** What this process takes of a processor for something that never waits: for bounds on work, which a busy machine does not stretch. */
export function processorMs(act: () => unknown): number {
  const began = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
