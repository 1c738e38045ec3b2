/** The lines of archived events, as DuckDB makes them, and the entries of the log that they came in. */
import { join } from 'node:path';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { filesSql } from '@tributary/archive/sql-text';
import { checkFile } from '@tributary/archive/verify';
import type { Position } from '@tributary/log/port';
import { FIELD_ROWS, type FieldRow } from '@tributary/model/event-fields';
import type { ReadEntry } from './decode.ts';
import { together } from './lines-apart.ts';

/**
 * The archive does not keep when the log took an entry. The clock check was passed before archiving, so nothing is bounded by it here; taking
 * the receipt instead would let log time fall.
 */
export const NO_BOUND_MS = Number.MAX_SAFE_INTEGER;

/** Archived rows, and what makes the canonical line of one of them, in SQL. */
export interface Rows {
  readonly from: string;
  readonly line: string;
}

/** All rows of these files, which are as their manifests say. Throws `archive_corrupt`. */
export async function rowsOf(session: DuckDb, dataDir: string, files: readonly StoredFile[]): Promise<Rows> {
  for (const file of files) await checkFile(dataDir, file);
  const paths = filesSql(files.map(({ path }) => join(dataDir, path)));
  return {
    from: `read_parquet(${paths}, hive_partitioning = false, union_by_name = true)`,
    line: lineSql(await columnsOf(session, paths)),
  };
}

/** Which rows of files have a value of a column. */
type Filled = 'all' | 'some';

/** Columns of which some row has a value, as the footers of the files have it. Files of earlier versions lack later ones. */
async function columnsOf(session: DuckDb, paths: string): Promise<ReadonlyMap<string, Filled>> {
  const [columns = [], values = [], missing = []] = await session.columns(
    `SELECT path_in_schema, sum(num_values)::DOUBLE, CASE WHEN bool_and(stats_null_count IS NOT NULL) THEN sum(stats_null_count)::DOUBLE END
     FROM parquet_metadata(${paths}) GROUP BY path_in_schema`,
  );
  const rows = Math.max(0, ...values.map(Number));
  const filled = new Map<string, Filled>();
  for (const [i, column] of columns.entries()) {
    // A field of an event is a column by itself.
    if (String(column).includes(', ')) throw new Error(`the archive has a column that holds others: ${column}`);
    if (missing[i] !== null && missing[i] === values[i]) continue;
    filled.set(String(column), missing[i] === 0 && values[i] === rows ? 'all' : 'some');
  }
  return filled;
}

/**
 * The canonical line, as `encodeEvent` writes it, of a row of these columns: made here, a line takes a fifth of what it takes to make an event of
 * the columns first. Sound because texts hold no control character, and objects lie there as `JSON.stringify` has written them. One call makes it of what
 * all rows have: each `||` would make a text of its own.
 */
function lineSql(columns: ReadonlyMap<string, Filled>): string {
  const parts: string[] = [];
  const add = (part: string) => {
    const last = parts.at(-1);
    if (last !== undefined && isText(last) && isText(part)) parts[parts.length - 1] = last.slice(0, -1) + part.slice(1);
    else parts.push(part);
  };
  for (const [name, { type, column }] of FIELD_ROWS) {
    const value = [`',"${name}":'`, ...VALUE_SQL[type](`"${column}"`)];
    if (columns.get(column) === 'all') value.forEach(add);
    else if (columns.has(column)) add(`(${value.join(' || ')})`);
  }
  if (parts.length === 0) return "'{}'";
  add("'}'");
  const [first = '', ...rest] = parts;
  // The comma before the first field.
  return isText(first) ? `concat('{${first.slice(2)}, ${rest.join(', ')})` : `'{' || substr(concat(${parts.join(', ')}), 2)`;
}

const isText = (part: string) => part.startsWith("'");

/** Next to no text holds one of them. */
const escaped = (column: string) =>
  `CASE WHEN contains(${column}, '"') OR contains(${column}, '\\') THEN replace(replace(${column}, '\\', '\\\\'), '"', '\\"') ELSE ${column} END`;
const quoted = (column: string) => [`'"'`, escaped(column), `'"'`];
/** What the value is written of; with one of them NULL where the column is. */
const VALUE_SQL: Readonly<Record<FieldRow['type'], (column: string) => readonly string[]>> = {
  instant: (column) => [`CAST(${column} AS VARCHAR)`],
  amount: (column) => [`CAST(${column} AS VARCHAR)`],
  text: quoted,
  currency: quoted,
  flag: (column) => [`CAST(${column} AS VARCHAR)`],
  object: (column) => [column],
};

/** UTF-8 bytes of lines of which DuckDB makes the entries, in memory; more are read row by row, which it can spill. */
const MOST_AGGREGATED_BYTES = 16 * 2 ** 20;
/** Files are packed to a fifth of their lines, or somewhat less. */
const UNPACKED = 5;

export function bytesOfLines(files: readonly StoredFile[]): number {
  return UNPACKED * files.reduce((sum, { bytes }) => sum + bytes, 0);
}

export interface EntriesAsked {
  readonly partition: number;
  /** UTF-8 bytes of the lines, or some as many. */
  readonly bytes: number;
  readonly mostAggregatedBytes?: number;
}

/** `lines`: a query of position, entry_index and line. */
export async function entriesIn(
  session: DuckDb,
  lines: string,
  { partition, bytes, mostAggregatedBytes = MOST_AGGREGATED_BYTES }: EntriesAsked,
): Promise<ReadEntry[]> {
  const texts = bytes <= mostAggregatedBytes ? linesJoined(session, lines) : linesOneByOne(session, lines);
  const entries: ReadEntry[] = [];
  for await (const { position, body, lineNumbers } of texts)
    entries.push({ partition, position, kind: 'events', body, appendedMs: NO_BOUND_MS, lineNumbers });
  return together(entries);
}

type EntryText = Pick<ReadEntry, 'position' | 'body'> & { readonly lineNumbers: readonly number[] };

/** In a fifth less time than one by one, but all in memory: DuckDB cannot spill them. */
async function* linesJoined(session: DuckDb, lines: string): AsyncGenerator<EntryText> {
  const inOrder = (text: string, separator: string) => `string_agg(${text}, ${separator} ORDER BY entry_index)`;
  const select = `SELECT position, ${inOrder('CAST(entry_index AS VARCHAR)', "','")}, ${inOrder('line', 'chr(10)')} FROM (${lines}) GROUP BY position ORDER BY position`;
  for await (const [positions, numbers, bodies] of session.chunks(select))
    for (const [row, position] of (positions as readonly Position[]).entries())
      yield { position, body: String(bodies?.[row]), lineNumbers: String(numbers?.[row]).split(',').map(Number) };
}

async function* linesOneByOne(session: DuckDb, lines: string): AsyncGenerator<EntryText> {
  let at: Position | null = null;
  let texts: string[] = [];
  let lineNumbers: number[] = [];
  for await (const [positions, numbers, all] of session.chunks(`${lines} ORDER BY position, entry_index`))
    for (const [row, position] of (positions as readonly Position[]).entries()) {
      if (at !== null && position !== at) {
        yield { position: at, body: texts.join('\n'), lineNumbers };
        texts = [];
        lineNumbers = [];
      }
      at = position;
      texts.push(String(all?.[row]));
      lineNumbers.push(Number(numbers?.[row]));
    }
  if (at !== null) yield { position: at, body: texts.join('\n'), lineNumbers };
}
