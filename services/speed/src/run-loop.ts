/** The worker until aborted: errors are waited out; fatal ones end the process. */
import { isFatal } from '@tributary/runtime/error-kinds';
import { startRunLoop } from '@tributary/runtime/process/run-loop';
import type { SpeedWorker } from './pipeline.ts';
import { isExpired } from './read/read-ahead.ts';

const BACKOFF = { firstMs: 50, longestMs: 2_000 };

export interface RunningWorker {
  /** Resolves after the last commit settled; rejects with a fatal error. */
  readonly ended: Promise<void>;
  healthy(): boolean;
  detail(): string;
}

export function runUntilAborted(worker: SpeedWorker, signal: AbortSignal, onFailed: (error: Error) => void): RunningWorker {
  let hasRead = false;
  const loop = startRunLoop({
    async iterate() {
      await worker.runOnce(signal);
      hasRead = true;
    },
    signal,
    backoff: BACKOFF,
    // The next read looks in the archive for what the log no longer has, and the other partitions go on.
    isFatal: (error) => isFatal(error) && !isExpired(error),
    onFailed,
  });
  return {
    ended: loop.ended.then(() => worker.settle()),
    healthy: () => hasRead && loop.trouble() === null,
    detail: () => loop.trouble()?.message ?? (hasRead ? 'reading' : 'not read yet'),
  };
}
