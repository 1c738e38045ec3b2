/** Sessions of visitors: what they begin with, how many leave at once, and where they end. */
import type { Answer, Asked } from '@tributary/client/operations';
import type { Integer } from '@tributary/model/integer';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, money, NONE, parts, percent } from '../parts/format.ts';
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
  const by = chosenIn(place);
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
            about="Visits with less than 30 minutes between one event and the next. A bounce has one view at most, is engaged for less than 10 seconds and has no conversion. Some sessions begin with a click, and have no view."
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

/** By the same as the sessions above it. */
export function SessionValuesPanel({ place, layout, choice }: Props) {
  const { value } = chosenIn(place);
  const asked: Asked<'sessionValues'> = {
    by: [value, 'currency'],
    ...rangeIn(choice),
    ...(layout !== undefined && { layout }),
    sort: 'conversions',
    limit: MOST_ROWS,
  };
  const answered = useAnswer('sessionValues', asked);
  return (
    <WhenAnswered of={answered}>
      {({ rows, rest, by: [shown = value], meta }) => {
        const columns = valueColumnsOf(BY.find((one) => one.value === shown) ?? BY[0]);
        return (
          <Panel
            title="Value of sessions"
            about="Conversions within a session and 30 minutes after its last event, by what it began with. An order that is reported again counts once; a refund takes its value away."
            question={addressOfQuestion('sessionValues', asked)}
            csv={() => csvOf(columns, rows)}
            tools={<NotComplete of={meta} />}
          >
            {rows.length === 0 ? (
              <Empty title="No conversion in a session on these days" />
            ) : (
              <Table
                caption="Value of sessions"
                columns={columns}
                rows={rows}
                keyOf={(row) => `${String(row[shown])}\t${String(row['currency'])}`}
              />
            )}
            <Left rest={rest} what="sums" />
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
    {
      head: 'Views each',
      fileHead: 'views',
      isFigure: true,
      isBeside: true,
      cell: each('views', parts),
      raw: (row) => row['views'],
    },
    {
      head: 'Duration',
      fileHead: 'durationMs',
      isFigure: true,
      isBeside: true,
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

function chosenIn(place: Place): (typeof BY)[number] {
  return BY.find(({ value }) => value === place.query.get('sessions')) ?? BY[0];
}

/** Money in the currency of its row. `name`: undefined where it is of people alone, not of a file. */
function amount(head: string, name: string | undefined, minorOf: (row: Row) => Row[string] | null | undefined): Column<Row> {
  const cell = (row: Row) => money(minorOf(row) as Integer | null | undefined, String(row['currency']));
  return { head, ...(name !== undefined && { fileHead: name, raw: minorOf }), isFigure: true, cell };
}

/** In one layer alone, conversions may be below zero. */
function eachOf(value: Row[string] | undefined, conversions: Row[string] | undefined): number | null {
  return Number(conversions) > 0 ? Math.round(Number(value) / Number(conversions)) : null;
}

function valueColumnsOf({ value, head }: (typeof BY)[number]): Column<Row>[] {
  return [
    named(head, value, 48),
    { ...named('Currency', 'currency', 12), isBeside: true },
    figure('Conversions', 'conversions', count),
    amount('Value', 'valueMinor', (row) => row['valueMinor']),
    { ...amount('Each', undefined, (row) => eachOf(row['valueMinor'], row['conversions'])), isBeside: true },
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
