/** A table of rows. */
import type { ComponentChildren } from 'preact';
import type { RawColumn } from './csv.ts';

export interface Column<Row> extends RawColumn<Row> {
  /** Right-aligned, with digits of one width. */
  readonly isFigure?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
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
