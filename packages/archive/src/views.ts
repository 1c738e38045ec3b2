/** View rows of a generation, as every layer speaks of them: a key of dimensions, integer measures. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { type Integer, integerOf } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { DuckDb, SqlValue } from './duckdb.ts';
import type { GenerationManifest, StoredFile } from './layout.ts';
import { byFormat, createRowsFiles, type RowsFiles } from './rows-file.ts';
import { filesSql } from './sql-text.ts';
import { checkFile } from './verify.ts';

export interface ViewColumns {
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
}

/**
 * Reads a view, all its files, verified, without holding up the event loop for longer than some thousand rows take. Throws `not_found` when the generation has
 * no such view, `archive_corrupt` when it is damaged. `rowsFiles`: those of the reading of several views.
 */
export async function readViewRows(
  session: Pick<DuckDb, 'chunks'>,
  dataDir: string,
  manifest: Pick<GenerationManifest, 'generation' | 'views'>,
  view: ViewColumns,
  rowsFiles: RowsFiles = createRowsFiles(dataDir),
): Promise<Rows> {
  const files = manifest.views[view.name];
  if (files === undefined)
    throw new TributaryError('not_found', `generation ${manifest.generation} holds no view ${JSON.stringify(view.name)}`);
  const rows: Rows = new Map();
  const { lines = [], parquet = [] } = byFormat(files);
  for (const file of lines) addColumns(rows, await rowsFiles.columnsOf(file, view), view, file.path);
  for (const some of readTogether(parquet))
    for await (const columns of fileChunks(session, dataDir, some, view)) addColumns(rows, columns, view, pathsOf(some));
  return rows;
}

/** A file of fewer rows is planned for longer than it is read for, so several are read by one statement. */
const SMALL_ROWS = 10_000;
/** So that what one statement reads stays small. */
const MOST_TOGETHER = 32;

function readTogether(files: readonly StoredFile[]): (readonly StoredFile[])[] {
  const small = files.filter(({ rows }) => rows < SMALL_ROWS);
  const large = files.filter(({ rows }) => rows >= SMALL_ROWS);
  const groups = Array.from({ length: Math.ceil(small.length / MOST_TOGETHER) }, (_, i) =>
    small.slice(i * MOST_TOGETHER, (i + 1) * MOST_TOGETHER),
  );
  return [...groups, ...large.map((file) => [file])];
}

/** Fewer rows than these are quicker to read than to ask DuckDB about: it plans the question for 2 ms. */
export const FEW_ROWS = 500;

/**
 * Throws what reading these files would throw, and keeps nothing: for views of any size. DuckDB judges many rows; what it doubts is read as
 * readers do.
 */
export async function checkViewRows(
  session: DuckDb,
  dataDir: string,
  files: readonly StoredFile[],
  view: ViewColumns,
  rowsFiles: RowsFiles = createRowsFiles(dataDir),
): Promise<void> {
  const { lines = [], parquet = [] } = byFormat(files);
  for (const file of lines) rowsOfColumns(await rowsFiles.columnsOf(file, view), view, file.path);
  for (const file of parquet) {
    if (file.rows > FEW_ROWS && (await looksSound(session, join(dataDir, file.path), file.rows, view)))
      await checkFile(dataDir, file);
    else for await (const columns of fileChunks(session, dataDir, [file], view)) rowsOfColumns(columns, view, file.path);
  }
}

/** As many rows as there should be, all dimensions text without tabs, all measures integers: what `text` and `integer` ask for, in SQL. */
async function looksSound(session: DuckDb, path: string, rows: number, { dimensions, measures }: ViewColumns): Promise<boolean> {
  const unfit = [
    ...dimensions.map((name) => `"${name}" IS NULL OR typeof("${name}") <> 'VARCHAR' OR contains("${name}"::VARCHAR, chr(9))`),
    ...measures.map((name) => `"${name}" IS NULL OR typeof("${name}") NOT IN ('INTEGER', 'BIGINT')`),
  ];
  try {
    const query = `SELECT count(*), count(*) FILTER (${unfit.join(' OR ')}) FROM read_parquet(${filesSql([path])}, hive_partitioning = false)`;
    const [[found], [unsound]] = (await session.columns(query)) as [[bigint], [bigint]];
    return Number(found) === rows && unsound === 0n;
  } catch {
    return false;
  }
}

async function* fileChunks(session: Pick<DuckDb, 'chunks'>, dataDir: string, files: readonly StoredFile[], view: ViewColumns) {
  for (const file of files) await checkFile(dataDir, file);
  const select = [...view.dimensions, ...view.measures].map((column) => `"${column}"`).join(', ');
  let count = 0;
  // Not bound: with values DuckDB prepares a statement and plans it again when it runs, a quarter of the time of a small view.
  const paths = filesSql(files.map(({ path }) => join(dataDir, path)));
  // By name: else what other files have is cast to the types of the first, and a fraction to an integer.
  const from = `read_parquet(${paths}, hive_partitioning = false${files.length > 1 ? ', union_by_name = true' : ''})`;
  for await (const columns of session.chunks(`SELECT ${select} FROM ${from}`)) {
    yield columns;
    count += columns[0]?.length ?? 0;
  }
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  // A stream that ends early must not pass for a smaller view (law 7).
  if (count !== rows) throw new TributaryError('archive_corrupt', `${pathsOf(files)}: ${count} rows were read of ${rows}`);
}

function pathsOf(files: readonly StoredFile[]): string {
  return files.map(({ path }) => path).join(', ');
}

/** Columns of text (dimensions) and of integers (measures) as rows; rows of one key add up. */
export function rowsOfColumns(columns: readonly (readonly SqlValue[])[], view: ViewColumns, source: string): Rows {
  const rows: Rows = new Map();
  addColumns(rows, columns, view, source);
  return rows;
}

function addColumns(rows: Rows, columns: readonly (readonly SqlValue[])[], view: ViewColumns, source: string): void {
  const { dimensions, measures } = named(columns, view, source);
  const count = columns[0]?.length ?? 0;
  for (let i = 0; i < count; i++) {
    const key = dimensions.map(({ cells, where }) => text(cells[i], where)).join('\t');
    addRow(
      rows,
      key,
      measures.map(({ cells, where }) => integer(cells[i], where)),
    );
  }
}

/** Each column with the words that an error names it by. */
function named(columns: readonly (readonly SqlValue[])[], view: ViewColumns, source: string) {
  const name = (names: readonly string[], from: number) =>
    names.map((column, i) => ({ cells: columns[from + i] as readonly SqlValue[], where: `${source}, ${column}` }));
  return { dimensions: name(view.dimensions, 0), measures: name(view.measures, view.dimensions.length) };
}

function text(value: SqlValue | undefined, where: string): string {
  if (typeof value === 'string' && !value.includes('\t')) return value;
  throw new TributaryError('archive_corrupt', `${where}: a dimension must be text without tabs (got ${String(value)})`);
}

/** A BIGINT, a HUGEINT or an INTEGER, with all its digits. Throws `archive_corrupt`. */
export function integer(value: SqlValue | undefined, where: string): Integer {
  if (typeof value === 'bigint') return integerOf(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TributaryError('archive_corrupt', `${where} must be an integer (got ${String(value)})`);
}

/** An instant, a count, one amount: what only a damaged file holds beyond 2^53. Throws `archive_corrupt`. */
export function safeInteger(value: SqlValue | undefined, where: string): number {
  const number = integer(value, where);
  if (typeof number === 'number') return number;
  throw new TributaryError('archive_corrupt', `${where} must be an integer within ±2^53 (got ${number})`);
}
