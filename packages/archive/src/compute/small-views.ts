/**
 * Rows of views that are few, written as one file for all of these views (rows-file.ts). They are summed here: DuckDB would plan a
 * statement for each view, which takes longer than the sums.
 */
import { addRows, type Rows } from '@tributary/views/deltas';
import type { DuckDb, SqlValue } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { byFormat, createRowsFiles, linesOf } from '../rows-file.ts';
import { rowsOfColumns, type ViewColumns } from '../views.ts';
import type { Output } from './output.ts';
import { parquetFiles, quoted, viewColumns } from './relations.ts';

export interface SmallView {
  readonly view: ViewColumns;
  /** Rows of the session, as a FROM clause; null: there are none. */
  readonly rows: string | null;
  /** Files of the base whose rows are added to them. */
  readonly summed: readonly StoredFile[];
}

/** The sums by view name, rows of zeros left out. */
export async function sumsOf(
  session: Pick<DuckDb, 'columns'>,
  dataDir: string,
  views: readonly SmallView[],
): Promise<Map<string, Rows>> {
  const sums = new Map(views.map(({ view }) => [view.name, new Map() as Rows]));
  const rowsFiles = createRowsFiles(dataDir);
  const fromDuckDb: (readonly [ViewColumns, string])[] = [];
  for (const { view, rows, summed } of views) {
    const { lines = [], parquet = [] } = byFormat(summed);
    for (const file of lines) add(sums, view, await rowsFiles.columnsOf(file, view), file.path);
    if (rows !== null) fromDuckDb.push([view, rows]);
    if (parquet.length > 0) fromDuckDb.push([view, parquetFiles(dataDir, parquet, viewColumns(view))]);
  }
  await addFrom(session, sums, fromDuckDb);
  return sums;
}

function add(
  sums: ReadonlyMap<string, Rows>,
  view: ViewColumns,
  columns: readonly (readonly SqlValue[])[],
  source: string,
): void {
  addRows(sums.get(view.name) as Rows, rowsOfColumns(columns, view, source));
}

/** One statement for the rows of all relations. */
async function addFrom(
  session: Pick<DuckDb, 'columns'>,
  sums: ReadonlyMap<string, Rows>,
  relations: readonly (readonly [ViewColumns, string])[],
): Promise<void> {
  if (relations.length === 0) return;
  const width = (of: 'dimensions' | 'measures') => Math.max(...relations.map(([view]) => view[of].length));
  const [texts, numbers] = [width('dimensions'), width('measures')];
  const cells = (names: readonly string[], count: number, type: string) =>
    Array.from({ length: count }, (_, i) => (i < names.length ? quoted(names[i] as string) : `NULL::${type}`));
  const selects = relations.map(
    ([{ dimensions, measures }, rows], i) =>
      `SELECT ${[i, ...cells(dimensions, texts, 'VARCHAR'), ...cells(measures, numbers, 'HUGEINT')].join(', ')} FROM ${rows}`,
  );
  const [places = [], ...columns] = await session.columns(selects.join(' UNION ALL '));
  const rowsOf = Map.groupBy(places.keys(), (row) => Number(places[row]));
  for (const [i, own] of rowsOf) {
    const [view] = relations[i] as readonly [ViewColumns, string];
    const cut = [...columns.slice(0, view.dimensions.length), ...columns.slice(texts, texts + view.measures.length)];
    add(
      sums,
      view,
      cut.map((column) => own.map((row) => column[row] as SqlValue)),
      view.name,
    );
  }
}

/** The part that each of these views has in one new file; none has one that has no rows. */
export async function writeTogether(
  output: Output,
  views: readonly (readonly [view: ViewColumns, rows: Rows])[],
): Promise<Map<string, StoredFile>> {
  const filled = views.filter(([, rows]) => rows.size > 0);
  if (filled.length === 0) return new Map();
  const file = await output.writeLines(filled.map(([view, rows]) => linesOf(view, rows)).join(''));
  return new Map(filled.map(([view, rows]) => [view.name, { ...file, rows: rows.size }]));
}
