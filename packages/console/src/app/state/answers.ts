/**
 * What the API answers, as a page needs it: asked again when the question changes and, where a page lives, every few seconds while it is seen.
 * The last answer stays while the next one is under way, and says that it is old.
 */

import { parseAnswer } from '@tributary/client/exact-answer';
import { type Answer, type Asked, isRead, type Operation } from '@tributary/client/operations';
import { localProblem, TributaryProblem } from '@tributary/client/problem';
import { requestOf } from '@tributary/client/request';
import { useEffect, useState } from 'preact/hooks';
import { ended } from './session.ts';

export interface Answered<O extends Operation> {
  /** The newest answer; while `isWaiting`, that to the question before. */
  readonly answer: Answer<O> | undefined;
  /** Why the newest question has none, or could not be asked again. */
  readonly problem: TributaryProblem | undefined;
  /** What is there belongs to the question before, and must not be shown as an answer to this one. */
  readonly isWaiting: boolean;
  readonly again: () => void;
}

const MOST_MS = 60_000;

/** The address of a question, as it is asked and as curl may ask it. */
export function addressOfQuestion<O extends Operation>(operation: O, asked: Asked<O>): string {
  return requestOf('', operation, asked).url;
}

interface State<O extends Operation> extends Pick<Answered<O>, 'answer' | 'problem'> {
  /** The question that they belong to. */
  readonly to: string | null;
}

/** `asked` is null as long as there is nothing to ask. Asked again each `everyMs` while the page is seen; 0: once. */
export function useAnswer<O extends Operation>(operation: O, asked: Asked<O> | null, everyMs = 0): Answered<O> {
  const [state, setState] = useState<State<O>>({ to: null, answer: undefined, problem: undefined });
  const [turn, setTurn] = useState(0);
  const question = asked === null ? null : JSON.stringify([operation, asked]);
  useEffect(() => {
    if (asked === null || question === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isAnswered = false;
    const poll = async () => {
      if (!document.hidden || !isAnswered) {
        const found = await foundOf(operation, asked, stop.signal);
        if (stop.signal.aborted) return;
        isAnswered = true;
        // A question that is asked again in vain keeps what it had, beside the reason.
        setState((before) => ({
          to: question,
          ...found,
          answer: found.answer ?? (before.to === question ? before.answer : undefined),
        }));
      }
      if (everyMs > 0) timer = setTimeout(() => void poll(), everyMs);
    };
    void poll();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [question, everyMs, turn]);
  // Compared here and not in the effect, which comes after a first drawing.
  return {
    answer: state.answer,
    problem: state.problem,
    isWaiting: question === null || state.to !== question,
    again: () => setTurn((before) => before + 1),
  };
}

interface Found<O extends Operation> {
  readonly asked: Asked<O>;
  readonly answer: Answer<O> | undefined;
  readonly problem: TributaryProblem | undefined;
}

/** Several questions one after the other, so that a page is never more than one of a server's readers. Those answered so far. */
export function useAnswersInTurn<O extends Operation>(operation: O, all: readonly Asked<O>[]): readonly Found<O>[] {
  const [state, setState] = useState<{ readonly to: string; readonly found: readonly Found<O>[] }>({ to: '', found: [] });
  const questions = JSON.stringify([operation, all]);
  useEffect(() => {
    const stop = new AbortController();
    const askAll = async () => {
      let found: readonly Found<O>[] = [];
      for (const asked of all) {
        const { answer, problem } = await foundOf(operation, asked, stop.signal);
        if (stop.signal.aborted) return;
        found = [...found, { asked, answer, problem }];
        setState({ to: questions, found });
      }
    };
    void askAll();
    return () => stop.abort();
  }, [questions]);
  return state.to === questions ? state.found : [];
}

async function foundOf<O extends Operation>(operation: O, asked: Asked<O>, signal: AbortSignal): Promise<Omit<State<O>, 'to'>> {
  const first = await attempt(operation, asked, signal);
  if (first.problem === undefined || !PASSES.has(first.problem.status)) return first;
  // Busy, or loading: what passes by itself need not reach a reader.
  await pause(Math.min(first.problem.retryAfterMs ?? PAUSE_MS, MOST_PAUSE_MS), signal);
  return signal.aborted ? first : attempt(operation, asked, signal);
}

const PASSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const PAUSE_MS = 1_000;
const MOST_PAUSE_MS = 5_000;

/** Resolves early when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function attempt<O extends Operation>(operation: O, asked: Asked<O>, signal: AbortSignal): Promise<Omit<State<O>, 'to'>> {
  try {
    return { answer: await ask(operation, asked, signal), problem: undefined };
  } catch (error) {
    const problem =
      error instanceof TributaryProblem ? error : localProblem('unreachable', String(error), 'Load the page again.');
    return { answer: undefined, problem };
  }
}

async function ask<O extends Operation>(operation: O, asked: Asked<O>, signal: AbortSignal): Promise<Answer<O>> {
  if (!isRead(operation))
    throw localProblem(
      'invalid_request',
      `${operation} must be a read (got another)`,
      'What changes something is asked in state/actions.ts.',
    );
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

export function problemOf(url: string, { status, headers }: Response, text: string): TributaryProblem {
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
    retryAfterMs: /^\d{1,4}$/.test(headers.get('retry-after') ?? '') ? Number(headers.get('retry-after')) * 1_000 : null,
  });
}
