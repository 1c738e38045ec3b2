/** View rows of a generation, as every layer speaks of them: a key of dimensions, integer measures. */
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { DuckDb, SqlValue } from './duckdb.ts';
import type { GenerationManifest } from './layout.ts';
import { verifyFile } from './verify.ts';

export interface ViewColumns {
  readonly name: string;
  readonly dimensions: readonly string[];
  readonly measures: readonly string[];
}

/** Reads a view, verified, without holding up the event loop for longer than some thousand rows take. Throws `not_found` when the generation has no such view, `archive_corrupt` when it is damaged. */
export async function readViewRows(
  session: DuckDb,
  dataDir: string,
  manifest: Pick<GenerationManifest, 'generation' | 'views'>,
  view: ViewColumns,
): Promise<Rows> {
  const file = manifest.views[view.name];
  if (file === undefined)
    throw new TributaryError('not_found', `generation ${manifest.generation} holds no view ${JSON.stringify(view.name)}`);
  await verifyFile(dataDir, file);
  const select = [...view.dimensions, ...view.measures].map((column) => `"${column}"`).join(', ');
  const rows: Rows = new Map();
  let count = 0;
  for await (const columns of session.chunks(`SELECT ${select} FROM read_parquet($1, hive_partitioning = false)`, [
    join(dataDir, file.path),
  ])) {
    addColumns(rows, columns, view, file.path);
    count += columns[0]?.length ?? 0;
  }
  // A stream that ends early must not pass for a smaller view (law 7).
  if (count !== file.rows) throw new TributaryError('archive_corrupt', `${file.path}: ${count} rows were read of ${file.rows}`);
  return rows;
}

/** Columns of text (dimensions) and of integers (measures) as rows; rows of one key add up. */
export function rowsOfColumns(columns: readonly (readonly SqlValue[])[], view: ViewColumns, source: string): Rows {
  const rows: Rows = new Map();
  addColumns(rows, columns, view, source);
  return rows;
}

function addColumns(rows: Rows, columns: readonly (readonly SqlValue[])[], view: ViewColumns, source: string): void {
  const dimensions = columns.slice(0, view.dimensions.length);
  const measures = columns.slice(view.dimensions.length);
  const count = columns[0]?.length ?? 0;
  for (let i = 0; i < count; i++) {
    const key = dimensions.map((column, d) => text(column[i], `${source}, ${view.dimensions[d]}`)).join('\t');
    addRow(
      rows,
      key,
      measures.map((column, m) => integer(column[i], `${source}, ${view.measures[m]}`)),
    );
  }
}

function text(value: SqlValue | undefined, where: string): string {
  if (typeof value === 'string' && !value.includes('\t')) return value;
  throw new TributaryError('archive_corrupt', `${where}: a dimension is text without tabs, got ${String(value)}`);
}

/** A BIGINT as a number; beyond 2^53 it would change, so that is an error. */
export function integer(value: SqlValue | undefined, where: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new TributaryError('archive_corrupt', `${where}: ${String(value)} is no integer within ±2^53`);
}
