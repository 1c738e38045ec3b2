/**
 * Rows of small views, those of all of them in one file of lines: to write, to make durable, to digest and to plan the reading of a Parquet file takes a
 * millisecond, whatever it holds, and a generation has thirty. A line is a row, an object with the name of its `view` and of each column; the lines of a
 * view follow one another. A manifest names the file once for each view that has rows in it, with how many.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import type { Rows } from '@tributary/views/deltas';
import type { SqlValue } from './duckdb.ts';
import type { StoredFile } from './layout.ts';
import { filesSql, sqlText } from './sql-text.ts';
import { checkFile } from './verify.ts';

const SUFFIX = '.ndjson';

/** Its name in the folder of a generation. */
export function rowsFileName(attempt: string): string {
  return `rows-${attempt}${SUFFIX}`;
}

export function isRowsFile({ path }: Pick<StoredFile, 'path'>): boolean {
  return path.endsWith(SUFFIX);
}

/** Whether a file of this name has rows: of views, of events or of records that are none. */
export function hasRows(name: string): boolean {
  return name.endsWith('.parquet') || name.endsWith(SUFFIX);
}

export function byFormat(files: readonly StoredFile[]) {
  return Object.groupBy(files, (file) => (isRowsFile(file) ? 'lines' : 'parquet'));
}

interface Columns {
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
}

/** Whether all sums are safe integers. Not all readers of JSON read larger numbers alike, so a view that has one lies in a Parquet file of its own. */
export function fitsRowsFile(rows: Rows): boolean {
  for (const measures of rows.values()) if (!measures.every(Number.isSafeInteger)) return false;
  return true;
}

/** The lines of one view. */
export function linesOf({ name, dimensions, measures }: Columns, rows: Rows): string {
  let lines = '';
  for (const [key, sums] of rows) {
    const texts = key.split('\t');
    const cells = [...dimensions.map((column, i) => [column, texts[i]]), ...measures.map((column, i) => [column, sums[i]])];
    lines += `${JSON.stringify(Object.fromEntries([['view', name], ...cells]))}\n`;
  }
  return lines;
}

export interface RowsFiles {
  /** The columns of the view's rows in the file, dimensions before measures. Throws `archive_corrupt` where the file is damaged. */
  columnsOf(file: StoredFile, view: Columns): Promise<SqlValue[][]>;
}

/** Reads and verifies each file once, however many views have rows in it. */
export function createRowsFiles(dataDir: string): RowsFiles {
  const texts = new Map<string, Promise<string>>();

  async function read(file: StoredFile): Promise<string> {
    await checkFile(dataDir, file);
    return readFile(join(dataDir, file.path), 'utf8');
  }

  return {
    async columnsOf(file, view) {
      const name = [file.path, file.sha256, file.bytes].join(' ');
      const reading = texts.get(name) ?? read(file);
      texts.set(name, reading);
      return columnsIn(linesIn(await reading, view.name), file, view);
    },
  };
}

/** The lines of the view, as one text. */
function linesIn(text: string, view: string): string {
  // In a text of JSON each quotation mark stands behind a backslash, so this lies at the beginning of lines of the view, and nowhere else.
  const head = `{"view":${JSON.stringify(view)},`;
  const from = text.indexOf(head);
  if (from < 0) return '';
  return text.slice(from, text.indexOf('\n', text.lastIndexOf(head)));
}

function columnsIn(lines: string, { path, rows }: StoredFile, { name, dimensions, measures }: Columns): SqlValue[][] {
  const found = lines === '' ? [] : rowsIn(lines, path);
  if (found.length !== rows || found.some(({ view }) => view !== name))
    throw new TributaryError('archive_corrupt', `${path}: ${found.length} rows of ${name} were read of ${rows}`);
  return [...dimensions, ...measures].map((column) => found.map((row) => row[column] ?? null));
}

function rowsIn(lines: string, path: string): Record<string, SqlValue>[] {
  try {
    return JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as Record<string, SqlValue>[];
  } catch (cause) {
    throw new TributaryError('archive_corrupt', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** The rows of the view in these files, as a table expression. */
export function rowsFilesSql(dataDir: string, files: readonly StoredFile[], { name, dimensions, measures }: Columns): string {
  const paths = filesSql(files.map(({ path }) => join(dataDir, path)));
  const types = [...dimensions.map((column) => [column, 'VARCHAR']), ...measures.map((column) => [column, 'BIGINT'])];
  const columns = [['view', 'VARCHAR'], ...types].map(([column, type]) => `"${column}": '${type}'`).join(', ');
  return `(SELECT ${types.map(([column]) => `"${column}"`).join(', ')}
    FROM read_json(${paths}, format = 'newline_delimited', hive_partitioning = false, columns = {${columns}})
    WHERE "view" = ${sqlText(name)})`;
}
