/**
 * One call: sent, sent again where that helps, and given up at its end.
 *
 * Only reads are sent again, and only after what passes by itself: a connection that broke, a proxy without its server, and refusals that
 * name a time to wait. The pauses double, and half of each is random, so that clients that failed together do not come back together.
 * None is longer than half of the time that is left: one more attempt is made before the end.
 */
import type { Ending } from './ending.ts';
import { parseAnswer } from './exact-answer.ts';
import { localProblem, TributaryProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

export interface Timing {
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export interface ExchangeOptions {
  readonly key: string;
  readonly fetch: typeof fetch;
  /** Attempts after the first. */
  readonly retries: number;
  readonly timing: Timing;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** `random` in [0, 1): from half of the full pause to the whole of it. */
function backoffMs(attempt: number, random: number): number {
  return ((1 + random) / 2) * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
}

/** Throws TributaryProblem, or the reason of its end. */
export async function exchange(
  request: HttpRequest,
  mayRepeat: boolean,
  { key, fetch, retries, timing }: ExchangeOptions,
  { deadlineMs, signal, reason }: Ending,
): Promise<unknown> {
  let last: TributaryProblem | undefined;
  for (let attempt = 0; ; attempt++) {
    const problem = await attemptOnce();
    if (!(problem instanceof TributaryProblem)) return problem.answer;
    const askedMs = problem.retryAfterMs ?? 0;
    const leftMs = deadlineMs - timing.now() - askedMs;
    if (!mayRepeat || attempt >= retries || !passes(problem) || leftMs <= 0) throw problem;
    await timing.pause(askedMs + Math.min(leftMs / 2, backoffMs(attempt, timing.random())), signal);
    last = problem;
    if (signal.aborted) throw reason({ wasSent: true, last, cause: problem });
  }

  async function attemptOnce(): Promise<{ readonly answer: unknown } | TributaryProblem> {
    const { method, url, body } = request;
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body }),
        signal,
      });
      const text = await response.text();
      return response.ok ? { answer: answerOf(url, text) } : problemOf(method, url, response, text);
    } catch (cause) {
      if (cause instanceof TributaryProblem) return cause;
      if (signal.aborted) throw reason({ wasSent: true, last, cause });
      return localProblem(
        'unreachable',
        `${method} ${url} was not answered: ${reasonOf(cause)}`,
        `Look whether the API runs at this address${inPageOfAnother(url)}.`,
        cause,
      );
    }
  }
}

/** A browser does not say that the API refused the origin of the page: the call fails as if nothing answered. */
function inPageOfAnother(url: string): string {
  const { location } = globalThis as { readonly location?: { readonly origin?: string } };
  const origin = location?.origin;
  if (origin === undefined || origin === new URL(url).origin) return '';
  return `, and that it allows pages of ${origin} (TRIBUTARY_API_ORIGINS)`;
}

/** Asking again may help. */
function passes({ status, code, retryAfterMs }: TributaryProblem): boolean {
  if (code === 'unreachable') return true;
  return status === 429 || (status === 503 && retryAfterMs !== null) || (status >= 502 && status <= 504 && code === 'not_an_api');
}

function answerOf(url: string, text: string): unknown {
  try {
    return parseAnswer(text);
  } catch (cause) {
    if (cause instanceof TributaryProblem) throw cause;
    throw notAnApi(url, 200, null, cause);
  }
}

export function problemOf(method: string, url: string, { status, headers }: Response, text: string): TributaryProblem {
  const retryAfterMs = waitOf(headers.get('retry-after'));
  let fields: { code?: unknown; detail?: unknown; fix?: unknown; requestId?: unknown } = {};
  try {
    fields = JSON.parse(text) as typeof fields;
  } catch {
    // A page of a proxy, perhaps.
  }
  const { code, detail, fix, requestId } = fields ?? {};
  const isOurs = headers.get('x-tributary') === 'api';
  if (!isOurs || typeof code !== 'string' || typeof detail !== 'string')
    return notAnApi(`${method} ${url}`, status, retryAfterMs);
  return new TributaryProblem({
    status,
    code,
    detail,
    fix: typeof fix === 'string' ? fix : '',
    requestId: typeof requestId === 'string' ? requestId : null,
    retryAfterMs,
  });
}

function notAnApi(what: string, status: number, retryAfterMs: number | null, cause?: unknown): TributaryProblem {
  const detail = `${what} was answered with status ${status}, and not by the API of Tributary`;
  const fix = 'Name its address as url; a proxy must pass its answers on.';
  return new TributaryProblem({ status, code: 'not_an_api', detail, fix, requestId: null, retryAfterMs }, { cause });
}

/** Retry-After in seconds, as the API and proxies send it. */
function waitOf(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

function reasonOf(cause: unknown): string {
  const inner = (cause as { readonly cause?: unknown }).cause;
  return [cause, inner].flatMap((error) => (error instanceof Error ? [error.message] : [])).join(': ');
}
