/** How many users entered and left a segment on each day, and were in it at its end, where the segment asks for it. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Columns } from '../charts/columns.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';

type Day = Answer<'countMembers'>['rows'][number];

export function MemberDaysPanel({ name }: { readonly name: string }) {
  const asked: Asked<'countMembers'> = { name };
  const answered = useAnswer('countMembers', asked);
  return (
    <WhenAnswered of={answered}>
      {({ status, rows, meta }) => (
        <Panel
          title="Members by day"
          about="At the end of each UTC day. Hatched: log time has not passed the day, so it may still change."
          question={addressOfQuestion('countMembers', asked)}
          tools={<NotComplete of={meta} />}
          csv={() => csvOf(COLUMNS, rows)}
        >
          {status !== 'READY' ? (
            <Empty title="They are not counted yet">
              The segment is new or changed, and the generation that readers get was computed before that.
            </Empty>
          ) : rows.every(({ entered, left, members }) => Number(entered) + Number(left) + Number(members) === 0) ? (
            <Empty title="It had no member on these days" />
          ) : (
            <>
              <Columns
                title="Members by day"
                format={count}
                columns={rows.map(({ day, entered, left, members, over }) => ({
                  key: day,
                  label: day.slice(5),
                  value: Number(members),
                  text: `${count(members)}: ${count(entered)} entered, ${count(left)} left`,
                  isProvisional: !over,
                }))}
              />
              <details>
                <summary>As a table</summary>
                <Table caption="Members by day" columns={COLUMNS} rows={[...rows].reverse()} keyOf={({ day }) => day} />
              </details>
            </>
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

const COLUMNS: readonly Column<Day>[] = [
  { head: 'Day', cell: ({ day }) => day, raw: ({ day }) => day },
  { head: 'Entered', isFigure: true, cell: ({ entered }) => count(entered), raw: ({ entered }) => entered },
  { head: 'Left', isFigure: true, cell: ({ left }) => count(left), raw: ({ left }) => left },
  {
    head: 'At its end',
    fileHead: 'members',
    isFigure: true,
    cell: ({ members }) => count(members),
    raw: ({ members }) => members,
  },
];
