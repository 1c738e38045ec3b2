/** Which elements of a page hold attention: where they are, with shares and ranks, and in a table. */
import type { Answer, Asked } from '@tributary/client/operations';
import type { Cell } from '../charts/schematic.tsx';
import { Empty, NotLoaded, Problem, WhenAnswered } from '../parts/answered.tsx';
import { Segmented } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type ReportChoice, rangeIn } from '../parts/report-controls.tsx';
import { NotComplete } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type Answered, addressOfQuestion, useAnswer } from '../state/answers.ts';
import { useLater } from '../state/later.ts';
import type { Place } from '../state/place.ts';
import { LAYOUTS } from './layouts.ts';

type Attention = Answer<'attention'>;
type ElementRow = Attention['rows'][number];
type Basis = Attention['basis'];

const BASES: readonly { readonly value: Basis; readonly text: string; readonly all: string }[] = [
  { value: 'cursor', text: 'Pointer', all: 'engaged time with a pointer that hovers' },
  { value: 'viewport', text: 'Viewport', all: 'engaged time, shared over what is visible' },
  { value: 'clicks', text: 'Clicks', all: 'clicks' },
];
const OVER = [
  { value: 'shares', text: 'No heat' },
  { value: 'moves', text: 'Heat of moves' },
  { value: 'clicks', text: 'Heat of clicks' },
] as const;
const KINDS = { moves: ['move'], clicks: ['click', 'rage'] } as const;
const MOST_CELLS = 5_000;
const NO_CELLS: readonly Cell[] = [];

interface Props {
  readonly place: Place;
  readonly page: string;
  readonly layout: string | undefined;
  readonly choice: ReportChoice;
}

/** One class of viewports, because places of several do not mix: the one that is chosen, else the most viewed. */
export function AttentionPanel({ place, page, layout, choice }: Props) {
  const range = rangeIn(choice);
  const layouts = useAnswer('pages', layout === undefined ? { by: ['layout'], page, sort: 'views', limit: 4, ...range } : null);
  const mostViewed = layouts.isWaiting ? undefined : layouts.answer?.rows[0]?.['layout'];
  const drawn = layout ?? (mostViewed === undefined ? undefined : String(mostViewed));
  const basis = BASES.find(({ value }) => value === place.query.get('basis')) ?? defaultBasis(drawn);
  const over = OVER.find(({ value }) => value === place.query.get('over'))?.value ?? 'shares';
  const asked: Asked<'attention'> | null = drawn === undefined ? null : { page, layout: drawn, basis: basis.value, ...range };
  const attention = useAnswer('attention', asked);
  const heat = useAnswer(
    'heat',
    drawn === undefined || over === 'shares'
      ? null
      : { page, layout: drawn, kind: [...KINDS[over]], by: ['element', 'cell'], sort: 'n', limit: MOST_CELLS, ...range },
  );
  const cells =
    over === 'shares' || heat.isWaiting
      ? NO_CELLS
      : (heat.answer?.rows ?? []).map((row) => ({
          element: String(row['element']),
          cell: Number(row['cell']),
          n: Number(row['n']),
        }));
  // Without a class of viewports there is nothing to ask, so nothing to wait for.
  if (drawn === undefined && !layouts.isWaiting) return <NotViewed layouts={layouts} />;
  return (
    <WhenAnswered of={attention}>
      {(answer) => (
        <Panel
          title="Attention"
          about={`Viewports ${LAYOUTS[drawn ?? ''] ?? ''}. Shares of all ${basis.all}: ${figure(answer.total, basis.value)}.`}
          question={asked === null ? '' : addressOfQuestion('attention', asked)}
          csv={() => csvOf(columnsOf(basis.value), answer.rows)}
          tools={
            <>
              <NotComplete of={answer.meta} />
              <Segmented
                name="Attention by"
                options={BASES}
                value={basis.value}
                choose={(value) => choice.change({ basis: value })}
              />
              <Segmented
                name="Heat on the page"
                options={OVER}
                value={over}
                choose={(value) => choice.change({ over: value === 'shares' ? null : value })}
              />
            </>
          }
        >
          {over !== 'shares' && heat.problem !== undefined && <Problem problem={heat.problem} again={heat.again} />}
          <Shown answer={answer} cells={cells} />
        </Panel>
      )}
    </WhenAnswered>
  );
}

function NotViewed({ layouts: { problem, again } }: { readonly layouts: Answered<'pages'> }) {
  if (problem !== undefined) return <Problem problem={problem} again={again} />;
  return (
    <Panel title="Attention">
      <Empty title="This page was not viewed on these days">Choose more days, or another page.</Empty>
    </Panel>
  );
}

/** Where no pointer hovers, all engaged time is by viewport. */
function defaultBasis(layout: string | undefined) {
  return (layout === '0' || layout === '576' ? BASES[1] : BASES[0]) as (typeof BASES)[number];
}

function Shown({ answer, cells }: { readonly answer: Attention; readonly cells: readonly Cell[] }) {
  const chart = useLater(() => import('../charts/schematic.tsx'));
  const { rows, rest, basis, elsewhere, total } = answer;
  if (rows.length === 0)
    return (
      <Empty title="No element has attention here">
        Elements are named by data-track, or by the setting data-elements of the tracker.
      </Empty>
    );
  const most = Math.max(1, ...rows.map(({ n }) => Number(n)));
  const boxes = rows.flatMap((row) =>
    row.box === null || row.box.width === 0
      ? []
      : [{ element: row.element, text: shareOf(row), part: Math.max(0, Number(row.n)) / most, ...row.box }],
  );
  return (
    <div class={isOfTelephone(boxes) ? 'attention is-narrow' : 'attention'}>
      {boxes.length === 0 ? (
        <Empty title="It is not known yet where they are">
          Where elements are is reported after 15 seconds of attention, and when the page is left.
        </Empty>
      ) : chart ? (
        <chart.Schematic title="Elements on the page" boxes={boxes} cells={cells} />
      ) : (
        <NotLoaded of={chart}>
          <div class="schematic is-waiting" />
        </NotLoaded>
      )}
      <div>
        <Table
          caption="Attention by element"
          columns={columnsOf(basis)}
          rows={rows}
          keyOf={({ element }) => element}
          foot={['All', '', '', figure(total, basis), '', '']}
        />
        <p class="small">
          Elsewhere, in no element: {figure(elsewhere, basis)}.
          {rest.elements > 0 && ` ${count(rest.elements)} smaller elements are left out, with ${figure(rest.n, basis)}.`}
        </p>
      </div>
    </div>
  );
}

/** Its drawing needs little room, so that the table has more. */
function isOfTelephone(boxes: readonly { readonly x: number; readonly width: number }[]): boolean {
  return boxes.every(({ x, width }) => x + width < 576);
}

function figure(n: number | bigint, basis: Basis): string {
  return basis === 'clicks' ? count(n) : duration(Number(n));
}

function share({ percentTenths }: ElementRow): string {
  return percentTenths === null ? NONE : `${(percentTenths / 10).toFixed(1)} %`;
}

/** `6.7 % #1`. */
function shareOf(row: ElementRow): string {
  return row.rank === null ? share(row) : `${share(row)} #${row.rank}`;
}

function columnsOf(basis: Basis): Column<ElementRow>[] {
  return [
    {
      head: 'Element',
      fileHead: 'element',
      cell: ({ element }) => <Name text={element} most={32} />,
      raw: ({ element }) => element,
    },
    { head: 'Share', fileHead: 'percentTenths', isFigure: true, cell: share, raw: ({ percentTenths }) => percentTenths },
    {
      head: 'Rank',
      fileHead: 'rank',
      isFigure: true,
      cell: ({ rank }) => (rank === null ? NONE : `#${rank}`),
      raw: ({ rank }) => rank,
    },
    {
      head: basis === 'clicks' ? 'Clicks of all' : 'Engaged',
      fileHead: 'n',
      isFigure: true,
      cell: ({ n }) => figure(n, basis),
      raw: ({ n }) => n,
    },
    {
      head: 'Seen in views',
      fileHead: 'seenViews',
      isFigure: true,
      isBeside: true,
      cell: ({ seenViews }) => count(seenViews),
      raw: (row) => row.seenViews,
    },
    {
      head: 'Clicks',
      fileHead: 'clicks',
      isFigure: true,
      isBeside: true,
      cell: ({ clicks }) => count(clicks),
      raw: ({ clicks }) => clicks,
    },
  ];
}
