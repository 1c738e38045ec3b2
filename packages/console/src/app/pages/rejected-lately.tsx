/** Beside what comes in: what was refused, with the newest reasons. */
import type { Answer } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf } from '../state/place.ts';

type Rejection = Answer<'rejections'>['rejections'][number];

const ASKED = { limit: 8 };
/** Each asks all collectors. */
const EVERY_MS = 15_000;

export function RejectedLately() {
  const answered = useAnswer('rejections', ASKED, EVERY_MS);
  return (
    <WhenAnswered of={answered}>
      {({ rejections, collectors, total, ...completeness }) => (
        <Panel
          title="Newest rejections"
          about="The rule that was broken, seen last first."
          question={addressOfQuestion('rejections', ASKED)}
          csv={() => csvOf(COLUMNS, rejections)}
          tools={
            <>
              <NotComplete of={completeness} />
              <a href={addressOf('rejections')}>All of them</a>
            </>
          }
        >
          {rejections.length === 0 ? (
            <Empty title={collectors.some(({ problem }) => problem === null) ? 'Nothing was rejected' : 'It is not known'}>
              {collectors.some(({ problem }) => problem === null)
                ? 'Every event that came in since the collectors started was taken.'
                : 'No collector answered.'}
            </Empty>
          ) : (
            <Table
              caption="Newest rejections"
              columns={COLUMNS}
              rows={rejections}
              keyOf={({ reason, keyId, message }) => `${reason} ${keyId} ${message}`}
            />
          )}
          {total > rejections.length && (
            <p class="small">
              The last {count(rejections.length)} of {count(total)}.
            </p>
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

const COLUMNS: readonly Column<Rejection>[] = [
  {
    head: 'Why',
    cell: ({ reason, message }) => (
      <>
        <Name text={message} most={120} />
        <span class="small">
          <code>{reason}</code>
        </span>
      </>
    ),
    raw: ({ message }) => message,
  },
  { head: 'Events', isFigure: true, cell: ({ count: many }) => count(many), raw: ({ count: many }) => many },
  {
    head: 'Last, UTC',
    cell: ({ lastAt }) => instant(lastAt),
    raw: ({ lastAt }) => new Date(lastAt).toISOString(),
  },
];
