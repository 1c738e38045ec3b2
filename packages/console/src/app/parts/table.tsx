/** A table of rows, and the same rows as CSV. */
import { csvCell, csvText } from '@tributary/contract/csv';
import type { ComponentChildren } from 'preact';

export interface Column<Row> {
  readonly head: string;
  /** Right-aligned, with digits of one width. */
  readonly isFigure?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
  /** As it is, not as people read it. Absent: the column is not in the file. */
  readonly raw?: (row: Row) => unknown;
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly foot?: readonly ComponentChildren[];
}

/** Beyond this a page says how many rows it leaves out: a browser draws no ten thousand of them smoothly. */
const MOST_ROWS = 500;

export function Table<Row>({ caption, columns, rows, keyOf, foot }: Props<Row>) {
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys */}
      <section class="table-box" tabIndex={0} aria-label={caption}>
        <table>
          <caption class="hidden-text">{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ head, isFigure }) => (
                <th key={head} scope="col" class={isFigure ? 'figure' : undefined}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ head, isFigure, cell }) => (
                  <td key={head} class={isFigure ? 'figure' : undefined}>
                    {cell(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          {foot !== undefined && (
            <tfoot>
              <tr>
                {foot.map((cell, i) => (
                  <td key={columns[i]?.head} class={columns[i]?.isFigure ? 'figure' : undefined}>
                    {cell}
                  </td>
                ))}
              </tr>
            </tfoot>
          )}
        </table>
      </section>
      {rows.length > MOST_ROWS && (
        <p class="small">
          The first {MOST_ROWS} of {rows.length} rows; the CSV has all.
        </p>
      )}
    </>
  );
}

export function csvOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const kept = columns.filter(({ raw }) => raw !== undefined);
  const lines = rows.map((row) =>
    kept.map(({ raw }) => {
      const value = raw?.(row);
      if (value === null || value === undefined) return '';
      return typeof value === 'number' || typeof value === 'bigint' ? csvCell(String(value)) : csvText(String(value));
    }),
  );
  return [kept.map(({ head }) => csvCell(head)), ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}
