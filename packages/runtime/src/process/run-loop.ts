/** The loop of a role that reads the log: one iteration after the other until aborted. Errors are waited out, unless they are fatal. */
import { type Backoff, backoffMs, pause } from '../wait.ts';

export interface RunLoopOptions {
  readonly iterate: (signal: AbortSignal) => Promise<unknown>;
  readonly signal: AbortSignal;
  readonly backoff: Backoff;
  /** Between an iteration that succeeded and the next, ms. */
  readonly restMs?: number;
  /** Going on would only repeat it. */
  readonly isFatal: (error: Error) => boolean;
  /** An iteration failed; the next one follows after `waitMs`. */
  readonly onFailed: (error: Error, waitMs: number) => void;
  /** An iteration succeeded after one that failed. */
  readonly onRecovered?: () => void;
}

export interface RunLoop {
  /** Resolves once aborted; rejects with a fatal error: unhandled, it ends the process. */
  readonly ended: Promise<void>;
  /** Why the last iteration failed; null: it succeeded, or is the first. */
  trouble(): Error | null;
}

export function startRunLoop(options: RunLoopOptions): RunLoop {
  const { iterate, signal, backoff, restMs = 0, isFatal, onFailed, onRecovered } = options;
  let trouble: Error | null = null;

  async function run(): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await iterate(signal);
        if (trouble !== null) onRecovered?.();
        trouble = null;
        failures = 0;
        if (restMs > 0) await pause(restMs, signal);
      } catch (cause) {
        if (signal.aborted) return;
        trouble = cause instanceof Error ? cause : new Error(String(cause));
        if (isFatal(trouble)) throw trouble;
        failures++;
        const waitMs = backoffMs(backoff, failures);
        onFailed(trouble, waitMs);
        await pause(waitMs, signal);
      }
    }
  }

  return { ended: run(), trouble: () => trouble };
}
