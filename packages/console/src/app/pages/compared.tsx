/** One reconciliation: what readers saw just before a generation, and what it computed. */
import type { Answer } from '@tributary/client/operations';
import { useState } from 'preact/hooks';
import { csvOf } from '../parts/csv.ts';
import { count, instant, percent } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type Difference, differencesOf, figureIn, nameIn } from './class-rows.ts';
import { DifferenceClasses } from './difference-classes.tsx';

type Reconciliation = Answer<'reconciliation'>['reconciliation'];

/** Some views have a sum for each twentieth of a page. */
const FIRST_ROWS = 15;

interface Props {
  readonly of: Reconciliation;
  readonly isOpen: boolean;
  /** Names the table, where a page has another one of this generation. */
  readonly caption?: string;
}

export function Compared({ of: one, isOpen, caption = `Generation ${one.generation} compared` }: Props) {
  const { generation, comparedWith, equal, moved, because, views, at, failure } = one;
  const all = Object.entries(views).flatMap(([view, compared]) => differencesOf(view, compared));
  const rows = all.filter(({ isEqual }) => !isEqual);
  const reasons = [
    [because.lateEvents, 'late events'],
    [because.duplicates, 'duplicates'],
    [because.overflowedUsers, 'users whose events were too many'],
    [because.speedBehind.length, 'partitions that were behind'],
    [because.corrections?.length ?? 0, 'corrections of more or fewer events'],
    [because.cutApart?.length ?? 0, 'partitions whose layers were cut apart'],
    [because.definitionsChanged ? 1 : 0, 'change of the definitions'],
  ] as const;
  return (
    <li>
      <details open={isOpen}>
        <summary>
          <b>Generation {generation}</b> against {comparedWith === 0 ? 'real time alone' : `${comparedWith} and live`},{' '}
          {instant(at)} UTC{' '}
          {failure === undefined && (
            <span class={`badge ${equal ? 'is-good' : 'is-pending'}`}>
              {equal
                ? 'equal to the integer'
                : moved === null || moved === undefined
                  ? 'different'
                  : `largest difference ${percent(moved)}`}
            </span>
          )}
          {failure !== undefined && <span class="badge is-bad">not compared</span>}
        </summary>
        {failure !== undefined && <p>{failure}</p>}
        {!equal && (
          <p class="small">
            What can explain it:{' '}
            {reasons
              .filter(([many]) => many > 0)
              .map(([many, what]) => `${count(many)} ${what}`)
              .join(', ') || 'nothing that is known'}
            .
          </p>
        )}
        {because.corrections !== undefined && because.corrections.length > 0 && (
          <ul class="small">
            {because.corrections.map(({ name, before, after }) => (
              <li key={name}>
                Correction <Name text={name} most={40} /> applies to {count(after)} events, {count(before)} before.
              </li>
            ))}
          </ul>
        )}
        {rows.length > 0 && <Differences caption={caption} rows={rows} />}
        {!equal && <DifferenceClasses of={one} />}
        {all.length > rows.length && (
          <p class="small">
            {rows.length === 0 ? `All ${all.length} sums` : `The other ${all.length - rows.length} sums`} are equal to the
            integer, row by row.
          </p>
        )}
      </details>
    </li>
  );
}

function Differences({ caption, rows }: { readonly caption: string; readonly rows: readonly Difference[] }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, FIRST_ROWS);
  return (
    <>
      <Table
        caption={caption}
        columns={DIFFERENCES}
        rows={shown}
        keyOf={({ view, measure, currency }) => `${view} ${measure} ${currency}`}
      />
      {rows.length > FIRST_ROWS && (
        <p class="more">
          <button type="button" class="quiet" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
            {isWhole ? `The first ${FIRST_ROWS} alone` : `All ${rows.length} sums that differ`}
          </button>
        </p>
      )}
    </>
  );
}

/** All sums of several, those that are equal as well. */
export function comparedAsCsv(all: readonly Reconciliation[]): string {
  const rows = all.flatMap(({ generation, views }) =>
    Object.entries(views).flatMap(([view, compared]) => differencesOf(view, compared).map((row) => ({ generation, ...row }))),
  );
  return csvOf(
    [
      { head: 'generation', raw: ({ generation }) => generation },
      { head: 'view', raw: ({ view }) => view },
      { head: 'measure', raw: ({ measure }) => measure },
      { head: 'currency', raw: ({ currency }) => currency },
      { head: 'before', raw: ({ before }) => before },
      { head: 'after', raw: ({ after }) => after },
      { head: 'difference', raw: ({ difference }) => difference },
    ],
    rows,
  );
}

const DIFFERENCES: readonly Column<Difference>[] = [
  { head: 'View', cell: ({ view }) => view },
  { head: 'Sum of', cell: nameIn },
  {
    head: 'Rows that differ',
    isFigure: true,
    isBeside: true,
    cell: (row) => `${count(row.rowsDiffering)} of ${count(row.rowsAfter)}`,
  },
  { head: 'Readers saw', isFigure: true, isBeside: true, cell: (row) => figureIn(row, row.before) },
  { head: 'Computed', isFigure: true, isBeside: true, cell: (row) => figureIn(row, row.after) },
  {
    head: 'Difference',
    isFigure: true,
    cell: (row) => <span class={Number(row.difference) === 0 ? 'nothing' : undefined}>{figureIn(row, row.difference)}</span>,
  },
];
