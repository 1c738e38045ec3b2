/** When a call ends without an answer: its time is over, or its caller aborts it. The time begins with the call, its turn included. */
import { localProblem, type TributaryProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

/** How far a call came. */
export interface Unanswered {
  readonly wasSent: boolean;
  /** What the attempt before was answered with. */
  readonly last?: TributaryProblem | undefined;
  readonly cause?: unknown;
}

export interface Ending {
  /** By the clock that the call was made with. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  /** What is thrown once the signal has aborted: what the caller aborted with, as it is, else TributaryProblem. */
  reason(how: Unanswered): unknown;
}

export function endingOf({ method, url }: HttpRequest, timeoutMs: number, nowMs: number, abort?: AbortSignal): Ending {
  const timeout = AbortSignal.timeout(timeoutMs);
  return {
    deadlineMs: nowMs + timeoutMs,
    signal: abort === undefined ? timeout : AbortSignal.any([abort, timeout]),
    reason({ wasSent, last, cause = timeout.reason }) {
      if (abort?.aborted) return abort.reason;
      const call = `${method} ${url}`;
      if (!wasSent)
        return localProblem(
          'timed_out',
          `${call} must be sent within ${timeoutMs} ms, and waited for its turn: the calls before it were not answered`,
          'Look whether the API answers (/readyz); if it does, raise timeoutMs or concurrency.',
          cause,
        );
      const detail = `${call} must be answered within ${timeoutMs} ms`;
      if (last !== undefined)
        return localProblem('timed_out', `${detail}; the attempt before: ${last.code}: ${last.detail}`, last.fix, cause);
      const fix = 'Look whether the API and its store answer (/readyz); if they do, raise timeoutMs or ask for less.';
      return localProblem('timed_out', detail, fix, cause);
    },
  };
}
