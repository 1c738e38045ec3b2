/** Every failure of a call: a problem that the API answered with (RFC 9457), or that there was no such answer. */

/** Codes of what went wrong on this side; all others come from the API's table of errors. */
export type LocalCode = 'unreachable' | 'timed_out' | 'not_an_api' | 'too_many_waiting' | 'inexact_number' | 'invalid_request';

export interface ProblemFields {
  /** 0: there was no answer. */
  readonly status: number;
  /** Stable: branch on it. */
  readonly code: LocalCode | (string & {});
  readonly detail: string;
  readonly fix: string;
  /** The log of the API has it as well; null without an answer of the API. */
  readonly requestId: string | null;
  /** How long the API asked to wait, ms; null: it did not say. */
  readonly retryAfterMs: number | null;
}

export class TributaryProblem extends Error implements ProblemFields {
  override readonly name = 'TributaryProblem';
  readonly status: number;
  readonly code: ProblemFields['code'];
  readonly detail: string;
  readonly fix: string;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;

  constructor({ status, code, detail, fix, requestId, retryAfterMs }: ProblemFields, options?: { readonly cause?: unknown }) {
    super(`${code}: ${detail}. ${fix}`, options);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.fix = fix;
    this.requestId = requestId;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A failure on this side. */
export function localProblem(code: LocalCode, detail: string, fix: string, cause?: unknown): TributaryProblem {
  return new TributaryProblem({ status: 0, code, detail, fix, requestId: null, retryAfterMs: null }, { cause });
}
