/** A table of rows. */
import { type ComponentChildren, Fragment } from 'preact';
import type { RawColumn } from './csv.ts';
import { NONE } from './format.ts';

export interface Column<Row> extends RawColumn<Row> {
  /** Right-aligned, with digits of one width. */
  readonly isFigure?: boolean;
  /** On a telephone it stands in a line below its row, so that what one decides by is in sight; where the table is wide, on a tablet as well, but for `phone`. */
  readonly isBeside?: boolean | 'phone';
  readonly cell: (row: Row) => ComponentChildren;
}

interface Props<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly foot?: readonly ComponentChildren[];
  /** Its columns need more room than a tablet has: there as well some stand below their row. */
  readonly isWide?: boolean;
}

/** Beyond this a page says how many rows it leaves out: a browser draws no ten thousand of them smoothly. */
const MOST_ROWS = 500;

export function Table<Row>({ caption, columns, rows, keyOf, foot, isWide }: Props<Row>) {
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys */}
      <section class={isWide ? 'table-box is-wide' : 'table-box'} tabIndex={0} aria-label={caption}>
        <table>
          <caption class="hidden-text">{caption}</caption>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.head} scope="col" class={styleOf(column)}>
                  {column.head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Fragment key={keyOf(row)}>
                <tr>
                  {columns.map((column) => (
                    <td key={column.head} class={styleOf(column)}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
                <Beside columns={columns} cells={({ cell }) => cell(row)} />
              </Fragment>
            ))}
          </tbody>
          {foot !== undefined && (
            <tfoot>
              <tr>
                {columns.map((column, i) => (
                  <td key={column.head} class={styleOf(column)}>
                    {foot[i]}
                  </td>
                ))}
              </tr>
              <Beside columns={columns} cells={(_, at) => foot[at]} />
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

function styleOf<Row>({ isFigure, isBeside }: Column<Row>): string | undefined {
  const beside = isBeside === 'phone' ? ' is-beside-phone' : isBeside ? ' is-beside' : '';
  return `${isFigure ? 'figure' : ''}${beside}` || undefined;
}

interface BesideProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly cells: (column: Column<Row>, at: number) => ComponentChildren;
}

/** A line below the row, in sight on a telephone alone, where the columns themselves are not. */
function Beside<Row>({ columns, cells }: BesideProps<Row>) {
  const shown = columns.flatMap((column, at) => {
    const cell = column.isBeside ? cells(column, at) : '';
    return cell === '' || cell === NONE ? [] : [{ head: column.head, cell, isPhone: column.isBeside === 'phone' }];
  });
  if (shown.length === 0) return null;
  return (
    <tr class="beside">
      <td colSpan={columns.length}>
        {shown.map(({ head, cell, isPhone }) => (
          <span key={head} class={isPhone ? 'of-phone' : undefined}>
            {head} {cell}
          </span>
        ))}
      </td>
    </tr>
  );
}
