/** Beside what comes in: what was refused, with the newest reasons. */
import { WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { instant } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf } from '../state/place.ts';
import { EVENTS, keyOf, LAST, LastOf, NothingRejected, type Rejection, whyOf } from './rejection-parts.tsx';

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
            <NothingRejected collectors={collectors} />
          ) : (
            <Table caption="Newest rejections" columns={COLUMNS} rows={rejections} keyOf={keyOf} />
          )}
          <LastOf rejections={rejections} total={total} />
        </Panel>
      )}
    </WhenAnswered>
  );
}

const COLUMNS: readonly Column<Rejection>[] = [whyOf(120), EVENTS, { ...LAST, cell: ({ lastAt }) => instant(lastAt) }];
