/** What the page of rejections and the panel beside what comes in have in common. */
import type { Answer } from '@tributary/client/operations';
import { Empty } from '../parts/answered.tsx';
import { count } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import type { Column } from '../parts/table.tsx';

type Rejections = Answer<'rejections'>;
export type Rejection = Rejections['rejections'][number];

/** The rule, with its reason below. `most`: characters of the rule that are shown. */
export function whyOf(most: number): Column<Rejection> {
  return {
    head: 'Why',
    cell: ({ reason, message }) => (
      <>
        <Name text={message} most={most} />
        <span class="small">
          <code>{reason}</code>
        </span>
      </>
    ),
    raw: ({ message }) => message,
  };
}

export const EVENTS: Column<Rejection> = {
  head: 'Events',
  isFigure: true,
  cell: ({ count: many }) => count(many),
  raw: ({ count: many }) => many,
};

export const LAST = { head: 'Last, UTC', isBeside: true, raw: ({ lastAt }: Rejection) => new Date(lastAt).toISOString() };

export function keyOf({ reason, keyId, message }: Rejection): string {
  return `${reason} ${keyId} ${message}`;
}

export function NothingRejected({ collectors }: Pick<Rejections, 'collectors'>) {
  const isKnown = collectors.some(({ problem }) => problem === null);
  return (
    <Empty title={isKnown ? 'Nothing was rejected' : 'It is not known'}>
      {isKnown ? 'Every event that came in since the collectors started was taken.' : 'No collector answered.'}
    </Empty>
  );
}

/** Nothing where all are shown. */
export function LastOf({ rejections, total }: Pick<Rejections, 'rejections' | 'total'>) {
  if (total <= rejections.length) return null;
  return (
    <p class="small">
      The last {count(rejections.length)} of {count(total)}.
    </p>
  );
}
