/** What there is of one page: its views by day, how far it is read, its forms and its links. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Columns } from '../charts/columns.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, parts, percent } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, rangeIn } from '../parts/report-controls.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { dayOf, everyDay } from '../state/window.ts';

/** Rows of all totals have one type. */
type Row = Answer<'pages'>['rows'][number];

interface OfPage {
  readonly page: string;
  readonly choice: ReportChoice;
}
interface OfLayout extends OfPage {
  readonly layout: string | undefined;
}

const MOST_ROWS = 200;
const BANDS = 20;

export function ViewsPanel({ page, layout, choice }: OfLayout) {
  const asked: Asked<'pages'> = { by: ['day'], page, ...(layout !== undefined && { layout }), ...rangeIn(choice) };
  const answered = useAnswer('pages', asked);
  const columns: Column<Row>[] = [text('Day', 'day'), figure('Views', 'views', count), figure('Engaged', 'engagedMs', duration)];
  return (
    <WhenAnswered of={answered}>
      {({ rows, meta }) => {
        const cutDay = meta.cut === null ? '' : dayOf(meta.cut);
        return (
          <Panel
            title="Views by day"
            about="UTC days. Hatched: the day of the cut and later, which live events still fill."
            question={addressOfQuestion('pages', asked)}
            tools={<NotComplete of={meta} />}
            csv={() => csvOf(columns, rows)}
          >
            {rows.length === 0 ? (
              <Empty title="No view on these days" />
            ) : (
              <>
                <Columns
                  title="Views by day"
                  format={count}
                  columns={everyDay(rows, dayIn, unviewed).map((row) => ({
                    key: String(row['day']),
                    label: String(row['day']).slice(5),
                    value: Number(row['views']),
                    text: `${count(row['views'] as number)} views`,
                    isProvisional: String(row['day']) >= cutDay,
                  }))}
                />
                <Folded caption="Views by day" columns={columns} rows={[...rows].reverse()} keyOf={(row) => String(row['day'])} />
              </>
            )}
          </Panel>
        );
      }}
    </WhenAnswered>
  );
}

function dayIn(row: Row): string {
  return String(row['day']);
}

function unviewed(day: string): Row {
  return { day, views: 0 };
}

export function ScrollPanel({ page, layout, choice }: OfLayout) {
  const asked: Asked<'scroll'> = { by: ['band'], page, ...(layout !== undefined && { layout }), ...rangeIn(choice) };
  const answered = useAnswer('scroll', asked);
  const columns: Column<Row>[] = [
    { head: 'Part of the page', fileHead: 'band', cell: (row) => bandOf(Number(row['band'])), raw: (row) => row['band'] },
    figure('Engaged', 'ms', duration),
    figure('Views that reached it', 'reachedViews', count),
  ];
  return (
    <WhenAnswered of={answered}>
      {({ rows, totals, meta }) => {
        const known = new Map(rows.map((row) => [Number(row['band']), row]));
        const total = Number(totals['ms'] ?? 0);
        const unit = unitFor(Math.max(0, ...rows.map(({ ms }) => Number(ms))));
        const all = Array.from(
          { length: BANDS },
          (_, band): Row => ({
            ...{ ms: 0, reachedViews: 0 },
            ...known.get(band),
            band: String(band),
          }),
        );
        return (
          <Panel
            title="How far it is read"
            about="Engaged time by twentieth of the page, from its top to its end; the table says how many views came there as well."
            question={addressOfQuestion('scroll', asked)}
            tools={<NotComplete of={meta} />}
            csv={() => csvOf(columns, all)}
          >
            {rows.length === 0 ? (
              <Empty title="Nothing is known of it on these days" />
            ) : (
              <>
                <Columns
                  title="Engaged time by twentieth of the page"
                  format={(value) => `${Number.isInteger(value) ? count(value) : parts(value)} ${unit.name}`}
                  columns={all.map(({ band, ms }) => ({
                    key: String(band),
                    label: `${Number(band) * 5} %`,
                    value: Number(ms) / unit.ms,
                    text: `${duration(Number(ms))}, ${percent(total === 0 ? null : Number(ms) / total)}`,
                  }))}
                />
                <Folded caption="How far it is read" columns={columns} rows={all} keyOf={(row) => String(row['band'])} />
              </>
            )}
          </Panel>
        );
      }}
    </WhenAnswered>
  );
}

export function FormsPanel({ page, choice }: OfPage) {
  const asked: Asked<'forms'> = { by: ['form', 'field'], page, ...rangeIn(choice), sort: 'focused', limit: MOST_ROWS };
  const answered = useAnswer('forms', asked);
  const columns: Column<Row>[] = [
    text('Form', 'form'),
    text('Field', 'field'),
    figure('Left', 'focused', count),
    { ...figure('Changed', 'changed', count), isBeside: true },
    { ...figure('Sent from', 'submitted', count), isBeside: true },
    figure('Given up at', 'lastField', count),
    {
      head: 'In it each time',
      isFigure: true,
      isBeside: true,
      cell: (row) => duration(Number(row['focused']) > 0 ? Math.round(Number(row['ms']) / Number(row['focused'])) : null),
    },
  ];
  return (
    <WhenAnswered of={answered}>
      {({ rows, rest, meta }) => (
        <Panel
          title="Forms"
          about="Fields that were left, with a change or without, and the last one of forms that were given up."
          question={addressOfQuestion('forms', asked)}
          tools={<NotComplete of={meta} />}
          csv={() => csvOf(columns, rows)}
        >
          {rows.length === 0 ? (
            <Empty title="No form of this page was begun" />
          ) : (
            <Table caption="Fields of forms" columns={columns} rows={rows} keyOf={(row) => `${row['form']} ${row['field']}`} />
          )}
          <Left rest={rest} what="fields" />
        </Panel>
      )}
    </WhenAnswered>
  );
}

export function LinksPanel({ page, choice }: OfPage) {
  const asked: Asked<'links'> = { by: ['target', 'host'], page, ...rangeIn(choice), sort: 'clicks', limit: MOST_ROWS };
  const answered = useAnswer('links', asked);
  const columns: Column<Row>[] = [text('Host', 'host'), text('Kind', 'target'), figure('Followed', 'clicks', count)];
  return (
    <WhenAnswered of={answered}>
      {({ rows, rest, meta }) => (
        <Panel
          title="Links"
          about="Links that were followed, by the host that they lead to."
          question={addressOfQuestion('links', asked)}
          tools={<NotComplete of={meta} />}
          csv={() => csvOf(columns, rows)}
        >
          {rows.length === 0 ? (
            <Empty title="No link of this page was followed" />
          ) : (
            <Table caption="Links" columns={columns} rows={rows} keyOf={(row) => `${row['target']} ${row['host']}`} />
          )}
          <Left rest={rest} what="hosts" />
        </Panel>
      )}
    </WhenAnswered>
  );
}

function Left({ rest, what }: { readonly rest: Answer<'forms'>['rest']; readonly what: string }) {
  const left = Number(rest?.['rows'] ?? 0);
  return left === 0 ? null : (
    <p class="small">
      {count(left)} more {what} are left out.
    </p>
  );
}

interface FoldedProps {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
}

function Folded(table: FoldedProps) {
  return (
    <details>
      <summary>As a table</summary>
      <Table {...table} />
    </details>
  );
}

/** Ticks of an axis are round in it. */
function unitFor(mostMs: number): { readonly name: string; readonly ms: number } {
  return UNITS.find(({ ms }) => mostMs >= 4 * ms) ?? { name: 'ms', ms: 1 };
}

const UNITS = [
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

function bandOf(band: number): string {
  return `${band * 5} to ${band * 5 + 5} %`;
}

function text(head: string, name: string): Column<Row> {
  return { head, fileHead: name, cell: (row) => <Name text={String(row[name])} most={40} />, raw: (row) => row[name] };
}

function figure(head: string, name: string, format: (value: number) => string): Column<Row> {
  return { head, fileHead: name, isFigure: true, cell: (row) => format(Number(row[name])), raw: (row) => row[name] };
}
