/** Why real time was off: each difference in parts, one for each class, which add up to it. */
import type { Answer } from '@tributary/client/operations';
import { count, NONE } from '../parts/format.ts';
import { type Column, Table } from '../parts/table.tsx';
import { CLASSES, type ClassRow, classesIn, classRowsOf, figureIn, nameIn } from './class-rows.ts';

type Reconciliation = Answer<'reconciliation'>['reconciliation'];

export function DifferenceClasses({ of: { generation, views, engineDefectRows } }: { readonly of: Reconciliation }) {
  const rows = classRowsOf(views);
  const names = classesIn(rows);
  return (
    <>
      {typeof engineDefectRows === 'number' && engineDefectRows > 0 && (
        <p class="login-why" role="alert">
          {count(engineDefectRows)} rows differ for no known reason: a defect of the platform. Report it, with the answer of
          /v1/reconciliations/{generation}.
        </p>
      )}
      {names.length > 0 && (
        <details>
          <summary>Why, by class: the parts of each row add up to its difference</summary>
          <Table
            caption={`Differences of generation ${generation} by class`}
            columns={columnsOf(names)}
            rows={rows}
            keyOf={({ view, measure, currency }) => `${view} ${measure} ${currency}`}
          />
        </details>
      )}
    </>
  );
}

function columnsOf(names: readonly string[]): readonly Column<ClassRow>[] {
  return [
    { head: 'View', cell: ({ view }) => view, raw: ({ view }) => view },
    { head: 'Sum of', cell: nameIn, raw: ({ measure }) => measure },
    { head: 'Difference', isFigure: true, cell: (row) => figureIn(row, row.difference), raw: ({ difference }) => difference },
    ...names.map(
      (name): Column<ClassRow> => ({
        head: CLASSES[name] ?? name,
        fileHead: name,
        isFigure: true,
        cell: (row) => {
          const part = row.parts.get(name);
          return part === undefined ? <span class="nothing">{NONE}</span> : figureIn(row, part);
        },
        raw: ({ parts }) => parts.get(name) ?? 0,
      }),
    ),
  ];
}
