/**
 * What the API answers, as a page needs it: asked again when the question changes and, where a page lives, every few seconds while it is seen.
 * The last answer stays while the next one is under way, and says that it is old.
 */

import { parseAnswer } from '@tributary/client/exact-answer';
import { type Answer, type Asked, isRead, type Operation } from '@tributary/client/operations';
import { localProblem, TributaryProblem } from '@tributary/client/problem';
import { requestOf } from '@tributary/client/request';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ended } from './session.ts';

export interface Answered<O extends Operation> {
  /** The newest answer, perhaps to the question before. */
  readonly answer: Answer<O> | undefined;
  /** Why the newest question has none. */
  readonly problem: TributaryProblem | undefined;
  /** A new question is under way: what is shown is of the one before. */
  readonly isWaiting: boolean;
  readonly again: () => void;
}

const MOST_MS = 60_000;

/** The address of a question, as it is asked and as curl may ask it. */
export function addressOfQuestion<O extends Operation>(operation: O, asked: Asked<O>): string {
  return requestOf('', operation, asked).url;
}

export function useAnswer<O extends Operation>(operation: O, asked: Asked<O> | null, everyMs = 0): Answered<O> {
  const [state, setState] = useState<Omit<Answered<O>, 'again'>>({ answer: undefined, problem: undefined, isWaiting: true });
  const [turn, setTurn] = useState(0);
  const question = asked === null ? null : JSON.stringify([operation, asked]);
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (asked === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isOther = shown.current !== question;
    if (isOther) setState((before) => ({ ...before, isWaiting: true }));
    const poll = async () => {
      if (!document.hidden || shown.current !== question) {
        try {
          const answer = await ask(operation, asked, stop.signal);
          shown.current = question;
          if (!stop.signal.aborted) setState({ answer, problem: undefined, isWaiting: false });
        } catch (error) {
          if (stop.signal.aborted) return;
          const problem =
            error instanceof TributaryProblem ? error : localProblem('unreachable', String(error), 'Load the page again.');
          // A question that failed shows nothing of another; one that is only asked again keeps what it had.
          setState((before) => ({ answer: shown.current === question ? before.answer : undefined, problem, isWaiting: false }));
          shown.current = question;
        }
      }
      if (everyMs > 0 && !stop.signal.aborted) timer = setTimeout(() => void poll(), everyMs);
    };
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [question, everyMs, turn]);
  return { ...state, again: () => setTurn((before) => before + 1) };
}

async function ask<O extends Operation>(operation: O, asked: Asked<O>, signal: AbortSignal): Promise<Answer<O>> {
  if (!isRead(operation))
    throw localProblem('invalid_request', `${operation} must be a read (got another)`, 'The console reads only.');
  const url = addressOfQuestion(operation, asked);
  const response = await answerOf(url, AbortSignal.any([signal, AbortSignal.timeout(MOST_MS)]));
  const text = await response.text();
  if (response.ok) return parseAnswer(text) as Answer<O>;
  if (response.status === 401) ended();
  throw problemOf(url, response, text);
}

async function answerOf(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { cache: 'no-store', signal });
  } catch (cause) {
    throw localProblem(
      'unreachable',
      'the API did not answer',
      'Look whether it runs, and whether this machine reaches it.',
      cause,
    );
  }
}

function problemOf(url: string, { status }: Response, text: string): TributaryProblem {
  let said: Partial<Record<'code' | 'detail' | 'fix' | 'requestId', unknown>> = {};
  try {
    said = JSON.parse(text) as typeof said;
  } catch {
    // A page of a proxy, perhaps.
  }
  const textOf = (value: unknown, other: string) => (typeof value === 'string' ? value : other);
  return new TributaryProblem({
    status,
    code: textOf(said.code, 'not_an_api'),
    detail: textOf(said.detail, `${url} was answered with status ${status}`),
    fix: textOf(said.fix, ''),
    requestId: typeof said.requestId === 'string' ? said.requestId : null,
    retryAfterMs: null,
  });
}
