/** Partitions for which something failed: each is left alone for a while, longer each time, so that the others go on. */
import { backoffMs } from '@tributary/runtime/wait';

export interface Failures {
  /** It failed, and did not succeed since. */
  has(partition: number): boolean;
  /** It is too early to try again. */
  rests(partition: number): boolean;
  failed(partition: number, error: Error): void;
  /** What the work gives, which ends the failing; undefined when it fails. */
  unless<T>(partition: number, work: () => Promise<T>): Promise<T | undefined>;
}

export interface FailuresOptions {
  /** A partition cannot be read now and is tried again after `waitMs`; the others go on. */
  readonly onFailed?: (partition: number, error: Error, waitMs: number) => void;
  /** Monotonic, ms; without it what failed is tried again at once. */
  readonly now?: () => number;
}

const BACKOFF = { firstMs: 1_000, longestMs: 60_000 };

export function createFailures({ onFailed, now }: FailuresOptions): Failures {
  const failing = new Map<number, { readonly untilMs: number; readonly count: number }>();

  function failed(partition: number, error: Error): void {
    const count = (failing.get(partition)?.count ?? 0) + 1;
    const waitMs = backoffMs(BACKOFF, count);
    failing.set(partition, { untilMs: (now?.() ?? 0) + waitMs, count });
    onFailed?.(partition, error, waitMs);
  }

  return {
    has: (partition) => failing.has(partition),
    failed,
    rests(partition) {
      const own = failing.get(partition);
      return own !== undefined && now !== undefined && now() < own.untilMs;
    },
    async unless(partition, work) {
      try {
        const done = await work();
        failing.delete(partition);
        return done;
      } catch (error) {
        failed(partition, error as Error);
        return undefined;
      }
    },
  };
}
