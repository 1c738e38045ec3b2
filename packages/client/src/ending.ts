/** When a call ends without an answer: its time is over, or its caller aborts it. The time begins with the call, its turn included. */
import { localProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

export interface Ending {
  /** By the clock that the call was made with. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What is thrown once the signal has aborted: what the caller aborted with, as it is, else TributaryProblem. */
  reason(cause?: unknown): unknown;
}

export function endingOf({ method, url }: HttpRequest, timeoutMs: number, nowMs: number, abort?: AbortSignal): Ending {
  const timeout = AbortSignal.timeout(timeoutMs);
  return {
    deadlineMs: nowMs + timeoutMs,
    signal: abort === undefined ? timeout : AbortSignal.any([abort, timeout]),
    reason(cause = timeout.reason) {
      if (abort?.aborted) return abort.reason;
      const detail = `${method} ${url} must be answered within ${timeoutMs} ms`;
      return localProblem('timed_out', detail, 'Ask for less, or raise timeoutMs.', cause);
    },
  };
}
