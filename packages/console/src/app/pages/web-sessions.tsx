/** Sessions of visitors: what they begin with, how many leave at once, and where they end. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, NONE, parts, percent } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, rangeIn } from '../parts/report-controls.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import type { Place } from '../state/place.ts';

type Row = Answer<'sessions'>['rows'][number];

const MOST_ROWS = 12;
const BY = [
  { value: 'entry', text: 'Page', head: 'Begin on' },
  { value: 'channel', text: 'Channel', head: 'Channel' },
  { value: 'campaign', text: 'Campaign', head: 'Campaign' },
] as const;

interface Props {
  readonly place: Place;
  readonly layout: string | undefined;
  readonly choice: ReportChoice;
}

export function SessionsPanel({ place, layout, choice }: Props) {
  const by = BY.find(({ value }) => value === place.query.get('sessions')) ?? BY[0];
  const asked: Asked<'sessions'> = {
    by: [by.value],
    ...rangeIn(choice),
    ...(layout !== undefined && { layout }),
    sort: 'sessions',
    limit: MOST_ROWS,
  };
  const answered = useAnswer('sessions', asked);
  return (
    <WhenAnswered of={answered}>
      {({ rows, totals, rest, by: [shown = by.value], meta }) => {
        const columns = columnsOf(BY.find(({ value }) => value === shown) ?? by);
        return (
          <Panel
            title="Sessions"
            about="Visits with less than 30 minutes between one event and the next. A bounce is one view, engaged for less than 10 seconds, without a conversion."
            question={addressOfQuestion('sessions', asked)}
            csv={() => csvOf(columns, rows)}
            tools={
              <>
                <NotComplete of={meta} />
                <Segmented
                  name="Sessions by"
                  options={BY}
                  value={by.value}
                  choose={(value) => choice.change({ sessions: value === 'entry' ? null : value })}
                />
              </>
            }
          >
            {rows.length === 0 ? (
              <Empty title="No session on these days" />
            ) : (
              <Table
                caption="Sessions"
                columns={columns}
                rows={rows}
                keyOf={(row) => String(row[shown])}
                foot={columns.map(({ cell }, i) => (i === 0 ? 'All' : cell(totals)))}
              />
            )}
            <Left rest={rest} what="rows" />
          </Panel>
        );
      }}
    </WhenAnswered>
  );
}

export function ExitsPanel({ layout, choice }: Omit<Props, 'place'>) {
  const asked: Asked<'exits'> = {
    by: ['page'],
    ...rangeIn(choice),
    ...(layout !== undefined && { layout }),
    sort: 'exits',
    limit: MOST_ROWS,
  };
  const answered = useAnswer('exits', asked);
  const columns: Column<Row>[] = [named('End on', 'page', 32), figure('Sessions', 'exits', count)];
  return (
    <WhenAnswered of={answered}>
      {({ rows, rest, meta }) => (
        <Panel
          title="Where sessions end"
          about="The page that was viewed last."
          question={addressOfQuestion('exits', asked)}
          csv={() => csvOf(columns, rows)}
          tools={<NotComplete of={meta} />}
        >
          {rows.length === 0 ? (
            <Empty title="No session on these days" />
          ) : (
            <Table caption="Where sessions end" columns={columns} rows={rows} keyOf={(row) => String(row['page'])} />
          )}
          <Left rest={rest} what="pages" />
        </Panel>
      )}
    </WhenAnswered>
  );
}

function Left({ rest, what }: { readonly rest: Answer<'exits'>['rest']; readonly what: string }) {
  const left = Number(rest?.['rows'] ?? 0);
  return left === 0 ? null : (
    <p class="small">
      {count(left)} smaller {what} are left out{what === 'rows' && '; the sums have them'}.
    </p>
  );
}

function columnsOf({ value, head }: (typeof BY)[number]): Column<Row>[] {
  const each = (name: string, format: (quotient: number | null) => string) => (row: Row) =>
    format(quotientOf(Number(row[name]), Number(row['sessions'])));
  return [
    named(head, value, 48),
    figure('Sessions', 'sessions', count),
    { head: 'Bounces', fileHead: 'bounces', isFigure: true, cell: each('bounces', percent), raw: (row) => row['bounces'] },
    { head: 'Views each', fileHead: 'views', isFigure: true, cell: each('views', parts), raw: (row) => row['views'] },
    {
      head: 'Lasts',
      fileHead: 'durationMs',
      isFigure: true,
      cell: each('durationMs', (ms) => duration(ms === null ? null : Math.round(ms))),
      raw: (row) => row['durationMs'],
    },
    {
      head: 'Convert',
      fileHead: 'converting',
      isFigure: true,
      cell: each('converting', percent),
      raw: (row) => row['converting'],
    },
  ];
}

/** A sum over a sum: of one layer alone either may be negative. */
function quotientOf(sum: number, sessions: number): number | null {
  return sessions > 0 && sum >= 0 ? sum / sessions : null;
}

function named(head: string, name: string, most: number): Column<Row> {
  return { head, fileHead: name, cell: (row) => <Name text={String(row[name] ?? NONE)} most={most} />, raw: (row) => row[name] };
}

function figure(head: string, name: string, format: (value: number) => string): Column<Row> {
  return { head, fileHead: name, isFigure: true, cell: (row) => format(Number(row[name])), raw: (row) => row[name] };
}
