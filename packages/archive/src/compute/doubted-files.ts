/**
 * Which of the files of many views a reader may not be able to load. Those of few rows are read together: to plan a statement takes longer than to read such
 * a file. What is not known to be sound is to be read alone, as readers do (`checkViewRows`), and throws what that throws.
 */
import { join } from 'node:path';
import type { DuckDb, SqlValue } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { isRowsFile } from '../rows-file.ts';
import { filesSql } from '../sql-text.ts';
import { checkFile } from '../verify.ts';
import { FEW_ROWS, rowsOfColumns, type ViewColumns } from '../views.ts';
import { quoted } from './relations.ts';

export interface FileOfView {
  readonly view: ViewColumns;
  readonly file: StoredFile;
}

export async function doubtedFiles(session: DuckDb, dataDir: string, all: readonly FileOfView[]): Promise<FileOfView[]> {
  const few = all.filter(({ file }) => file.rows <= FEW_ROWS && !isRowsFile(file));
  if (few.length < 2) return [...all];
  try {
    for (const { file } of few) await checkFile(dataDir, file);
    const sound = await soundFiles(session, dataDir, few);
    return all.filter((one) => !sound.has(one));
  } catch {
    return [...all];
  }
}

async function soundFiles(session: DuckDb, dataDir: string, few: readonly FileOfView[]): Promise<Set<FileOfView>> {
  const names = [...new Set(few.flatMap(({ view }) => columnsOf(view)))];
  const paths = filesSql(few.map(({ file }) => join(dataDir, file.path)));
  const read = `read_parquet(${paths}, hive_partitioning = false, union_by_name = true)`;
  const [places = [], ...columns] = await session.columns(`SELECT file_index, ${names.map(quoted).join(', ')} FROM ${read}`);
  const rowsOf = new Map<number, number[]>();
  places.forEach((place, row) => {
    const own = rowsOf.get(Number(place)) ?? [];
    if (own.length === 0) rowsOf.set(Number(place), own);
    own.push(row);
  });
  // A column has one type for all files there, as texts of numbers: so each file is asked for its own.
  const types = await typesOf(session, paths);
  const isSound = ({ view, file }: FileOfView, i: number) => {
    const rows = rowsOf.get(i) ?? [];
    const cells = columnsOf(view).map((name) => rows.map((row) => columns[names.indexOf(name)]?.[row] as SqlValue));
    return rows.length === file.rows && hasTypes(view, types.get(join(dataDir, file.path))) && areRows(cells, view, file.path);
  };
  return new Set(few.filter(isSound));
}

function columnsOf({ dimensions, measures }: ViewColumns): string[] {
  return [...dimensions, ...measures];
}

const TEXT = 'BYTE_ARRAY UTF8';
const WHOLE = 'INT64 INT_64';

/** By file and column, as such files have them. */
async function typesOf(session: DuckDb, paths: string): Promise<Map<string, Map<string, string>>> {
  const rows = await session.rows(
    `SELECT file_name, name, concat_ws(' ', type, converted_type) AS type FROM parquet_schema(${paths}) WHERE type IS NOT NULL`,
  );
  const types = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const path = String(row['file_name']);
    types.set(path, (types.get(path) ?? new Map<string, string>()).set(String(row['name']), String(row['type'])));
  }
  return types;
}

function hasTypes({ dimensions, measures }: ViewColumns, types: ReadonlyMap<string, string> | undefined): boolean {
  return dimensions.every((name) => types?.get(name) === TEXT) && measures.every((name) => types?.get(name) === WHOLE);
}

function areRows(cells: readonly (readonly SqlValue[])[], view: ViewColumns, path: string): boolean {
  try {
    rowsOfColumns(cells, view, path);
    return true;
  } catch {
    return false;
  }
}
