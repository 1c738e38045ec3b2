/** What one definition said of one user at instants of the last days: each is asked for, and one that records do not hold is missing, which is another thing than 0. */
import { Columns } from '../charts/columns.tsx';
import { Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import type { FigureText } from '../parts/figure-text.ts';
import { instant, NONE, ratio } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { rawOf, type SignalValue, StateBadge, ValueText } from '../parts/value-text.tsx';
import { addressOfQuestion, useAnswersInTurn } from '../state/answers.ts';
import { addressWith, go, type Place } from '../state/place.ts';

const HOUR_MS = 3_600_000;
const SPANS = [
  { value: 'day', text: 'Last 24 hours', stepMs: 2 * HOUR_MS, points: 13 },
  { value: 'weeks', text: 'Last 14 days', stepMs: 24 * HOUR_MS, points: 15 },
] as const;

interface Props {
  readonly user: string;
  readonly name: string;
  readonly place: Place;
  readonly figure: FigureText | undefined;
}

interface Point {
  readonly atMs: number;
  readonly value: SignalValue | undefined;
  readonly problem: string | undefined;
}

export function ValueOverTime({ user, name, place, figure = ratio }: Props) {
  const span = SPANS.find(({ value }) => value === place.query.get('span')) ?? SPANS[0];
  // Whole hours, so that the questions stay the same while the page is drawn again.
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const instants = Array.from({ length: span.points }, (_, i) => endMs - (span.points - 1 - i) * span.stepMs);
  const questions = instants.map((asOf) => ({ id: user, signals: [name] as [string], asOf: new Date(asOf).toISOString() }));
  const found = useAnswersInTurn('userValues', questions);
  const points: Point[] = instants.map((atMs, i) => ({
    atMs,
    value: found[i]?.answer?.values[name],
    problem: found[i]?.problem?.detail,
  }));
  const columns = columnsOf(figure);
  const figures = points.map(({ value }) => figureOf(value));
  return (
    <Panel
      title={`${name} over time`}
      about="Each column is what was true at that instant, by the events that are stored now. Grey: records do not hold it."
      question={addressOfQuestion('userValues', questions.at(-1) ?? { id: user })}
      csv={() => csvOf(columns, points)}
      tools={
        <Segmented
          name="Span"
          options={SPANS}
          value={span.value}
          choose={(value) => go(addressWith(place, { span: value === 'day' ? null : value }), { replaces: true })}
        />
      }
    >
      {found.length < instants.length && (
        <p class="small" role="status">
          {found.length} of {instants.length} instants answered
        </p>
      )}
      {figures.some((one) => one !== null) && (
        <Columns
          title={`${name} over time`}
          format={figure}
          columns={points.map(({ atMs, value }, i) => ({
            key: String(atMs),
            label: span.value === 'day' ? instant(atMs).slice(-8, -3) : instant(atMs).slice(0, 6).replace(/,? $/, ''),
            value: figures[i] ?? 0,
            text: figures[i] === null || figures[i] === undefined ? (value?.status ?? NONE).toLowerCase() : figure(figures[i]),
            isMissing: figures[i] === null,
          }))}
        />
      )}
      <details open={figures.every((one) => one === null)}>
        <summary>As a table</summary>
        <Table
          caption={`${name} over time`}
          columns={columns}
          rows={points.filter(({ value, problem }) => value !== undefined || problem !== undefined).reverse()}
          keyOf={({ atMs }) => String(atMs)}
        />
      </details>
    </Panel>
  );
}

/** A member is 1. null: no figure, or none that holds. */
export function figureOf(value: SignalValue | undefined): number | null {
  if (value === undefined || value.status !== 'READY') return null;
  const { value: found } = value;
  if (typeof found === 'number' || typeof found === 'bigint') return Number(found);
  if (found !== null && typeof found === 'object' && 'member' in found && typeof found.member === 'boolean')
    return found.member ? 1 : 0;
  return null;
}

const columnsOf = (figure: FigureText): readonly Column<Point>[] => [
  {
    head: 'As of, UTC',
    cell: ({ atMs }) => <span class="nowrap">{instant(atMs)}</span>,
    raw: ({ atMs }) => new Date(atMs).toISOString(),
  },
  {
    head: 'Value',
    cell: ({ value, problem }) => (value === undefined ? problem : <ValueText value={value.value} figure={figure} />),
    raw: ({ value }) => (value === undefined ? null : rawOf(value.value)),
  },
  {
    head: 'State',
    cell: ({ value }) => (value === undefined ? NONE : <StateBadge status={value.status} />),
    raw: ({ value, problem }) => value?.status ?? problem,
  },
];
