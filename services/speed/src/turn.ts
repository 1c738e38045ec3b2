/** Turns the worker until aborted: errors are waited out with a growing, bounded delay; fatal ones end the process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFatal, type SpeedWorker } from './pipeline.ts';

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 2_000;

export interface Turning {
  /** Resolves after the last commit settled; rejects with a fatal error. */
  readonly ended: Promise<void>;
  healthy(): boolean;
  detail(): string;
}

export function turnUntilAborted(worker: SpeedWorker, signal: AbortSignal, onError: (error: Error) => void): Turning {
  let failure: string | undefined = 'not read yet';
  let delayMs = FIRST_DELAY_MS;

  async function turn(): Promise<void> {
    while (!signal.aborted) {
      try {
        await worker.runOnce(signal);
        failure = undefined;
        delayMs = FIRST_DELAY_MS;
      } catch (error) {
        if (isFatal(error)) throw error;
        failure = (error as Error).message;
        onError(error as Error);
        await sleep(delayMs, undefined, { signal }).catch(() => {});
        delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      }
    }
    await worker.settle();
  }

  const ended = turn();
  return { ended, healthy: () => failure === undefined, detail: () => failure ?? 'reading' };
}
