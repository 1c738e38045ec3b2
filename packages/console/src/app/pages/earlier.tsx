/** What changed against the days before, under one model: conversions, value and cost of each row. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, money, NONE, parts } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, rangeIn } from '../parts/report-controls.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import type { Place } from '../state/place.ts';
import { dayBefore } from '../state/window.ts';

type Report = Answer<'attribution'>;
type Row = Report['rows'][number];
type Figure = number | bigint | null | undefined;

const MOST_ROWS = 50;

interface Props {
  readonly place: Place;
  readonly choice: ReportChoice;
  readonly by: 'channel' | 'campaign' | 'type';
  readonly models: Answer<'models'>['models'];
  /** Those of the comparison above. */
  readonly chosen: readonly string[];
}

export function EarlierPanel({ place, choice, by, models, chosen }: Props) {
  const model = chosen.find((name) => name === place.query.get('against')) ?? (chosen[0] as string);
  const hasIntervals = models.some(({ name, parameters }) => name === model && parameters.includes('intervals'));
  const channel = place.query.get('channel');
  const { from, to } = choice.days;
  const hasDays = from !== undefined && to !== undefined && from < to;
  const asked: Asked<'attribution'> = {
    model: model as NonNullable<Asked<'attribution'>['model']>,
    by: [by],
    ...rangeIn(choice),
    ...(channel !== null && { channel }),
    ...(by === 'channel' && hasIntervals && { intervals: 1 }),
    against: 'previous',
    sort: 'conversions',
    limit: MOST_ROWS,
  };
  const answered = useAnswer('attribution', choice.isKnown && hasDays ? asked : null);
  if (!hasDays) return null;
  return (
    <WhenAnswered of={answered}>
      {({ rows, totals, rest, previousRange, model: shown, meta }) => {
        const columns = columnsOf(choice.currency, by);
        return (
          <Panel
            title="Against the days before"
            about={
              <>
                What changed under {shown}, against <span class="nowrap">{daysIn(previousRange)}</span>: the same length, right
                before.
              </>
            }
            question={addressOfQuestion('attribution', asked)}
            csv={() => csvOf(columns, rows)}
            tools={
              <>
                <NotComplete of={meta} />
                {chosen.length > 1 && (
                  <Segmented
                    name="Model of the change"
                    options={chosen.map((name) => ({ value: name, text: name }))}
                    value={model}
                    choose={(name) => choice.change({ against: name === chosen[0] ? null : name })}
                  />
                )}
              </>
            }
          >
            {rows.length === 0 ? (
              <Empty title="Nothing in either window">Choose more days.</Empty>
            ) : (
              <Table
                caption={`Change by ${by}`}
                columns={columns}
                rows={rows}
                keyOf={(row) => String(row[by])}
                foot={columns.map(({ cell }, i) => (i === 0 ? 'All rows' : cell(totals as Row)))}
              />
            )}
            {rest !== null && rest.rows > 0 && (
              <p class="small">{count(rest.rows)} smaller rows are left out; the sums have them.</p>
            )}
          </Panel>
        );
      }}
    </WhenAnswered>
  );
}

function daysIn(range: Report['previousRange']): string {
  if (range === null || range.fromDay === null || range.toDay === null) return NONE;
  const last = dayBefore(range.toDay);
  return last === range.fromDay ? range.fromDay : `${range.fromDay} to ${last}`;
}

function signed(value: Figure, format: (value: Figure) => string): string {
  if (value === null || value === undefined) return NONE;
  return Number(value) > 0 ? `+${format(value)}` : format(value);
}

function columnsOf(currency: string | null, by: Props['by']): readonly Column<Row>[] {
  const amount = (value: Figure) => money(value, currency);
  return [
    {
      head: by === 'type' ? 'Type of conversion' : by === 'channel' ? 'Channel' : 'Campaign',
      fileHead: by,
      cell: (row) => <Name text={String(row[by])} />,
      raw: (row) => row[by],
    },
    {
      head: 'Conversions',
      isFigure: true,
      isBeside: true,
      cell: ({ conversions }) => parts(conversions),
      raw: ({ conversions }) => conversions,
    },
    {
      head: 'Before',
      fileHead: 'previousConversions',
      isFigure: true,
      isBeside: true,
      cell: ({ previousConversions }) => parts(previousConversions),
      raw: ({ previousConversions }) => previousConversions,
    },
    {
      head: 'Change',
      fileHead: 'conversionsChange',
      isFigure: true,
      cell: ({ conversionsChange, conversionsChangeLow: low, conversionsChangeHigh: high }) => (
        <>
          {signed(conversionsChange, parts)}
          {typeof low === 'number' && typeof high === 'number' && (
            <span class="small">
              {signed(low, parts)} to {signed(high, parts)}
            </span>
          )}
        </>
      ),
      raw: ({ conversionsChange }) => conversionsChange,
    },
    {
      head: 'Change of value',
      fileHead: 'valueMinorChange',
      isFigure: true,
      cell: ({ valueMinorChange }) => signed(valueMinorChange, amount),
      raw: ({ valueMinorChange }) => valueMinorChange,
    },
    {
      head: 'Change of cost',
      fileHead: 'costMinorChange',
      isFigure: true,
      isBeside: true,
      cell: ({ costMinorChange }) => signed(costMinorChange, amount),
      raw: ({ costMinorChange }) => costMinorChange,
    },
  ];
}
