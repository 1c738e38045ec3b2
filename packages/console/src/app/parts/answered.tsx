/** The states that any answer can be in: under way, refused, forbidden, unreachable, empty, old while the next is under way. */
import type { Answer, Operation } from '@tributary/client/operations';
import type { TributaryProblem } from '@tributary/client/problem';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Answered } from '../state/answers.ts';
import { addressWith, placeNow } from '../state/place.ts';
import { inItsDirection, sentence } from '../words.ts';
import { useEqualProblems } from './equal-problems.ts';
import { counted } from './format.ts';

interface Props<O extends Operation> {
  readonly of: Answered<O>;
  /** What is asked, as said to who has no key for it. */
  readonly what?: string;
  readonly children: (answer: Answer<O>) => ComponentChildren;
}

/**
 * While the next question is under way, what was drawn for the one before stays as it was, and pale: drawn again it would have the words of the
 * next question around the figures of the last.
 */
export function WhenAnswered<O extends Operation>({ of, what, children }: Props<O>) {
  const { answer, problem, isWaiting, again } = of;
  const drawn = useRef<ComponentChildren>(null);
  if (!isWaiting) drawn.current = answer === undefined ? null : children(answer);
  return (
    <>
      {problem !== undefined && !isWaiting && <Problem problem={problem} again={again} what={what} />}
      {drawn.current === null ? (
        isWaiting && <Waiting />
      ) : (
        <div class={isWaiting ? 'is-old' : undefined} aria-busy={isWaiting}>
          {drawn.current}
        </div>
      )}
    </>
  );
}

export function Waiting() {
  return (
    <div class="waiting" role="status">
      <span class="hidden-text">Loading</span>
      <i />
      <i />
      <i />
    </div>
  );
}

/** In place of a part of the console that is there later, or not at all. */
export function NotLoaded({
  of,
  children = <Waiting />,
}: {
  readonly of: null | undefined;
  readonly children?: ComponentChildren;
}) {
  if (of === undefined) return children;
  return (
    <div class="notice is-bad" role="alert">
      <h2>Not loaded</h2>
      <p>This part of the console could not be loaded: the platform may have been upgraded since. Reload the page.</p>
      <p class="pager">
        <button type="button" onClick={() => location.reload()}>
          Reload the page
        </button>
      </p>
    </div>
  );
}

/** Other questions of the same page would be answered the same: one says so for all. */
export function isDown(problem: TributaryProblem | undefined): boolean {
  return problem !== undefined && (problem.status === 0 || problem.status >= 500);
}

interface ProblemProps {
  readonly problem: TributaryProblem;
  readonly again?: () => void;
  readonly what?: string | undefined;
}

export function Problem({ problem, again, what = 'this' }: ProblemProps) {
  const { status, code, detail, fix, requestId } = problem;
  const { box, others, askAll } = useEqualProblems(`${code} ${detail}`, again);
  if (code === 'forbidden')
    return (
      <div class="notice is-forbidden" role="alert">
        <h2>This needs an admin key</h2>
        <p>You are logged in with a key that reads reports. Log out, and log in with a key of the scope admin, to see {what}.</p>
      </div>
    );
  return (
    <div class="notice is-bad" role="alert" ref={box} hidden={others === null}>
      <h2>{isDown(problem) || status === 429 ? 'Not answered just now' : 'The API refused this question'}</h2>
      <p>
        {sentence(inItsDirection(detail))} {fix}
      </p>
      {others !== null && others > 0 && (
        <p>
          {counted(others, 'other part')} of this page {others === 1 ? 'has' : 'have'} the same answer.
        </p>
      )}
      <p class="small">
        {code}
        {requestId !== null && `, request ${requestId}`}
      </p>
      <p class="pager">
        {again !== undefined && (
          <button type="button" onClick={askAll}>
            Ask again
          </button>
        )}
        {placeNow().query.has('cursor') && <a href={addressWith(placeNow(), { cursor: null })}>Back to the newest</a>}
      </p>
    </div>
  );
}

/** What was done. */
export function Done({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="notice is-good" role="status">
      <p>{children}</p>
    </div>
  );
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h3>{title}</h3>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}
