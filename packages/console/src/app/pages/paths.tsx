/** The paths that conversions came by: flows, lengths, time, and which channels assist. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Columns } from '../charts/columns.tsx';
import { type Band, bandsOf, flowsOf } from '../charts/flows.ts';
import { Empty, NotLoaded, WhenAnswered } from '../parts/answered.tsx';
import { Controls, Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, counted, money, percent, ratio } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { ReportControls, rangeIn, useReportChoice } from '../parts/report-controls.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { useLater } from '../state/later.ts';
import type { PageProps } from './page-props.ts';

type Paths = Answer<'paths'>;
type Path = Paths['paths'][number];
type Assist = Paths['assists'][number];

const MOST_PATHS = 1_000;
const FIRST_PATHS = 15;

export function PathsPage({ place }: PageProps) {
  const report = useReportChoice(place);
  const { choice } = report;
  const sort = place.query.get('sort') === 'value' ? 'value' : 'conversions';
  const asked: Asked<'paths'> = { ...rangeIn(choice), sort, limit: MOST_PATHS };
  const paths = useAnswer('paths', choice.isKnown ? asked : null);
  const question = addressOfQuestion('paths', asked);
  const { currency, change } = choice;
  return (
    <>
      <Controls>
        <ReportControls {...report} />
        <Segmented
          name="Largest by"
          options={[
            { value: 'conversions', text: 'Conversions' },
            { value: 'value', text: 'Value' },
          ]}
          value={sort}
          choose={(value) => change({ sort: value === 'value' ? value : null })}
        />
      </Controls>
      <WhenAnswered of={paths}>
        {(answer) => (
          <>
            <Seam meta={answer.meta} />
            {Number(answer.totals.conversions) === 0 && answer.paths.length === 0 ? (
              <Panel title="Paths">
                <Empty title="No conversion on these days">Choose more days, or another layer.</Empty>
              </Panel>
            ) : (
              <>
                <FlowPanel answer={answer} question={question} />
                <div class="two">
                  <TouchesPanel answer={answer} question={question} />
                  <LagPanel answer={answer} question={question} />
                </div>
                <ListPanel answer={answer} question={question} currency={currency} />
                <AssistsPanel answer={answer} question={question} currency={currency} />
              </>
            )}
          </>
        )}
      </WhenAnswered>
    </>
  );
}

interface PartProps {
  readonly answer: Paths;
  readonly question: string;
}

function FlowPanel({ answer, question }: PartProps) {
  const chart = useLater(() => import('../charts/sankey.tsx'));
  const { flows, channels, hasNegative } = flowsOf(answer);
  const bands = bandsOf(flows);
  return (
    <Panel
      title="From the first touch to the conversion"
      about={
        <>
          {counted(answer.totals.conversions, 'conversion')}; each is in one band from left to right. Repeats of a channel in a
          row are one step.
        </>
      }
      question={question}
      csv={() => csvOf(BANDS, bands)}
    >
      {hasNegative ? (
        <Empty title="This layer alone takes conversions back">Their widths cannot be drawn. Choose the merged layer.</Empty>
      ) : chart ? (
        <chart.SankeyChart flows={flows} channels={channels} />
      ) : (
        <NotLoaded of={chart}>
          <div class="sankey is-waiting" />
        </NotLoaded>
      )}
      <details>
        <summary>As a table</summary>
        <Table caption="Bands" columns={BANDS} rows={bands} keyOf={({ step, from, to }) => JSON.stringify([step, from, to])} />
      </details>
    </Panel>
  );
}

const BANDS: readonly Column<Band>[] = [
  { head: 'Step', isFigure: true, cell: ({ step }) => step, raw: ({ step }) => step },
  { head: 'From', cell: ({ from }) => <Name text={from} most={40} />, raw: ({ from }) => from },
  { head: 'To', cell: ({ to }) => <Name text={to} most={40} />, raw: ({ to }) => to },
  { head: 'Conversions', isFigure: true, cell: ({ conversions }) => count(conversions), raw: ({ conversions }) => conversions },
];

function TouchesPanel({ answer, question }: PartProps) {
  const rows = answer.touches.map(({ touches, conversions }): Pair => [touches, conversions]);
  return (
    <Panel
      title="Touches before a conversion"
      about="Conversions by how many eligible touches came before them."
      question={question}
      csv={() => csvOf(pairColumns('Touches'), rows)}
    >
      <Columns
        title="Touches before a conversion"
        format={count}
        columns={answer.touches.map(({ touches, conversions }) => ({
          key: touches,
          label: touches,
          value: Number(conversions),
          text: `${count(conversions)} conversions`,
        }))}
      />
      <Figures of={rows} head="Touches" />
    </Panel>
  );
}

function LagPanel({ answer, question }: PartProps) {
  const known = new Map(answer.lagDays.map(({ lagDays, conversions }) => [lagDays, Number(conversions)]));
  const last = Math.min(366, Math.max(0, ...known.keys()));
  const days = Array.from({ length: last + 1 }, (_, day) => [String(day), known.get(day) ?? 0] as const);
  return (
    <Panel
      title="Days from first touch to conversion"
      about="Conversions by whole days between the first touch and them."
      question={question}
      csv={() => csvOf(pairColumns('Days'), days)}
    >
      <Columns
        title="Days from first touch to conversion"
        format={count}
        columns={days.map(([day, conversions]) => ({
          key: day,
          label: day,
          value: conversions,
          text: `${count(conversions)} conversions`,
        }))}
      />
      <Figures of={days} head="Days" />
    </Panel>
  );
}

type Pair = readonly [string, number | bigint];

const pairColumns = (head: string): Column<Pair>[] => [
  { head, isFigure: true, cell: ([name]) => name, raw: ([name]) => name },
  { head: 'Conversions', isFigure: true, cell: ([, conversions]) => count(conversions), raw: ([, conversions]) => conversions },
];

function Figures({ of: rows, head }: { readonly of: readonly Pair[]; readonly head: string }) {
  return (
    <details>
      <summary>As a table</summary>
      <Table caption={head} columns={pairColumns(head)} rows={rows} keyOf={([name]) => name} />
    </details>
  );
}

interface ListProps extends PartProps {
  readonly currency: string | null;
}

function ListPanel({ answer, question, currency }: ListProps) {
  const columns: Column<Path>[] = [
    { head: 'Path', cell: ({ steps }) => <Steps steps={steps} />, raw: ({ steps }) => steps.join(' > ') },
    { head: 'Conversions', isFigure: true, cell: ({ conversions }) => count(conversions), raw: ({ conversions }) => conversions },
    { head: 'Share', isFigure: true, isBeside: true, cell: ({ share }) => percent(share), raw: ({ share }) => share },
    {
      head: 'Value',
      fileHead: 'valueMinor',
      isFigure: true,
      cell: ({ valueMinor }) => money(valueMinor, currency),
      raw: ({ valueMinor }) => valueMinor,
    },
  ];
  const { paths, distinctPaths, rest, longer, unattributed } = answer;
  const unlisted = [
    [Number(rest.conversions), `in ${count(rest.rows)} smaller paths`],
    [Number(longer.conversions), 'in longer paths than definitions tell apart'],
    [Number(unattributed.conversions), 'without an eligible touch'],
  ] as const;
  return (
    <Panel
      title="Paths"
      about={`${counted(distinctPaths, 'different path')}, the largest first.`}
      question={question}
      csv={() => csvOf(columns, paths)}
    >
      <Table caption="Paths" columns={columns} rows={paths.slice(0, FIRST_PATHS)} keyOf={({ steps }) => JSON.stringify(steps)} />
      {paths.length > FIRST_PATHS && (
        <p class="small">
          The first {FIRST_PATHS} of {count(paths.length)}; the CSV has all of them.
        </p>
      )}
      {unlisted.map(([conversions, where]) =>
        conversions === 0 ? null : (
          <p key={where} class="small">
            {counted(conversions, 'more conversion')} {where}.
          </p>
        ),
      )}
    </Panel>
  );
}

export function Steps({ steps }: { readonly steps: readonly string[] }) {
  return (
    <ol class="steps">
      {steps.map((step, i) => (
        <li key={i}>
          <Name text={step} most={40} />
        </li>
      ))}
    </ol>
  );
}

function AssistsPanel({ answer, question, currency }: ListProps) {
  const rows = answer.assists.toSorted((a, b) => Number(b.participated) - Number(a.participated));
  const columns: Column<Assist>[] = [
    { head: 'Channel', cell: ({ channel }) => <Name text={channel} />, raw: ({ channel }) => channel },
    {
      head: 'Took part in',
      isFigure: true,
      cell: ({ participated }) => count(participated),
      raw: ({ participated }) => participated,
    },
    { head: 'Assisted', isFigure: true, cell: ({ assisted }) => count(assisted), raw: ({ assisted }) => assisted },
    { head: 'Was last in', isFigure: true, cell: ({ last }) => count(last), raw: ({ last }) => last },
    { head: 'Assisted for each last', isFigure: true, isBeside: true, cell: (row) => ratio(row.ratio), raw: (row) => row.ratio },
    {
      head: 'Value of those it took part in',
      fileHead: 'participatedValueMinor',
      isFigure: true,
      isBeside: true,
      cell: ({ participatedValueMinor }) => money(participatedValueMinor, currency),
      raw: ({ participatedValueMinor }) => participatedValueMinor,
    },
  ];
  return (
    <Panel
      title="Channels that assist"
      about="A channel assists a conversion that it has a touch of which was not the last one."
      question={question}
      csv={() => csvOf(columns, rows)}
    >
      <Table caption="Channels that assist" columns={columns} rows={rows} keyOf={({ channel }) => channel} />
    </Panel>
  );
}
