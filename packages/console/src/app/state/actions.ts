/** The few questions that change something, or say what would change. None is sent again by itself: each needs somebody's word. */
import { parseAnswer } from '@tributary/client/exact-answer';
import type { Answer, Asked } from '@tributary/client/operations';
import { localProblem, TributaryProblem } from '@tributary/client/problem';
import { requestOf } from '@tributary/client/request';
import { useEffect, useState } from 'preact/hooks';
import { problemOf } from './answers.ts';
import { ended } from './session.ts';

export type Action =
  | 'planReprocessing'
  | 'previewDefinitions'
  | 'requestGeneration'
  | 'publishGeneration'
  | 'rollbackGeneration'
  | 'discardGeneration'
  | 'eraseUsers'
  | 'liftErasure'
  | 'setSchedule'
  | 'pauseSchedule'
  | 'resumeSchedule'
  | 'removeSchedule';

const MOST_MS = 60_000;

/** Rejects with a `TributaryProblem`. */
export async function act<A extends Action>(action: A, asked: Asked<A>): Promise<Answer<A>> {
  const { method, url, body = '{}' } = requestOf('', action, asked);
  let response: Response;
  try {
    const signal = AbortSignal.timeout(MOST_MS);
    response = await fetch(url, { method, body, cache: 'no-store', headers: { 'content-type': 'application/json' }, signal });
  } catch (cause) {
    const fix = 'It may have happened all the same: look at the lists below before you ask again.';
    throw localProblem('unreachable', 'the API did not answer', fix, cause);
  }
  const text = await response.text();
  if (response.ok) return parseAnswer(text) as Answer<A>;
  if (response.status === 401) ended();
  throw problemOf(url, response, text);
}

export interface Acted<A extends Action> {
  readonly is: 'ready' | 'busy' | 'done' | 'failed';
  readonly answer?: Answer<A>;
  readonly problem?: TributaryProblem;
}

/** What came of an action that a page offers. */
export function useAction<A extends Action>(
  action: A,
  onDone: (answer: Answer<A>) => void = () => {},
): readonly [Acted<A>, (asked: Asked<A>) => void] {
  const [state, setState] = useState<Acted<A>>({ is: 'ready' });
  const begin = (asked: Asked<A>) => {
    setState({ is: 'busy' });
    act(action, asked).then(
      (answer) => {
        setState({ is: 'done', answer });
        onDone(answer);
      },
      (error: unknown) => setState({ is: 'failed', problem: asProblem(error) }),
    );
  };
  return [state, begin];
}

/** What a run would do: asked when the page needs it, for it changes nothing. */
export function usePlan(mode: 'incremental' | 'full'): Acted<'planReprocessing'> {
  const [state, begin] = useAction('planReprocessing');
  useEffect(() => begin({ dryRun: true, mode }), [mode]);
  return state;
}

function asProblem(error: unknown): TributaryProblem {
  return error instanceof TributaryProblem ? error : localProblem('unreachable', String(error), 'Load the page again.');
}
