/**
 * What Parquet files hold of one user, for an export: rows of their key, and rows of others that name it. A page of rows at a time, whatever a
 * file holds: `(file, row)` is where the next page begins.
 */
import { join } from 'node:path';
import type { Event } from '@tributary/model/event';
import type { DuckDb, SqlRow, SqlValue } from '../duckdb.ts';
import { eventOfRow } from '../field-values.ts';
import { EVENT_COLUMNS } from '../layout.ts';
import { filesSql } from '../sql-text.ts';
import { safeInteger } from '../views.ts';

/** `own`: the row is of this user. `named`: it is of another one, and holds this user's key. */
export type RowOf = 'own' | 'named';

export interface SubjectRow {
  /** Relative to the data folder. */
  readonly file: string;
  /** From 0, in the file. */
  readonly row: number;
  readonly of: RowOf;
}

export interface ArchivedRow extends SubjectRow {
  readonly partition: number;
  readonly position: string;
  /** Which event of the log entry it is, from 0. */
  readonly index: number;
  readonly event: Event;
}

export interface GenerationRow extends SubjectRow {
  readonly values: Readonly<Record<string, unknown>>;
}

/** 64 MB of rows at worst, for an event has 32 KB. */
const PAGE_ROWS = 2_048;

/** Files of archived events. The key is looked for as `userId`, as `anonymousId`, and as a whole text among the properties. */
export async function* archivedRowsOf(
  session: DuckDb,
  dataDir: string,
  files: readonly string[],
  userKey: string,
): AsyncGenerator<ArchivedRow> {
  const columns = Object.keys(EVENT_COLUMNS).map((name) => `"${name}"`);
  const asked = {
    select: columns.join(', '),
    // Files of earlier versions lack columns that later ones have.
    where: 'user_key = $userKey OR user_id = $userKey OR anonymous_id = $userKey OR contains(properties, $quoted)',
    values: { userKey, quoted: JSON.stringify(userKey) },
  };
  for await (const row of pages(session, dataDir, files, asked))
    yield {
      ...placeOf(row, dataDir, userKey),
      partition: safeInteger(row['partition'], 'partition'),
      position: String(row['position']),
      index: safeInteger(row['entry_index'], 'entry_index'),
      event: eventOfRow(row),
    };
}

/** Files of a generation's events, or of its conversions. A file without user keys has no rows of anybody. */
export async function* generationRowsOf(
  session: DuckDb,
  dataDir: string,
  files: readonly string[],
  userKey: string,
): AsyncGenerator<GenerationRow> {
  if (files.length === 0) return;
  const described = await session.rows(`DESCRIBE SELECT * FROM ${relationOf(dataDir, files)}`);
  const keys = described.map((column) => String(column['column_name'])).filter((name) => KEYS.has(name));
  if (keys.length === 0) return;
  const where = keys.map((name) => `"${name}" = $userKey`).join(' OR ');
  const asked = { select: '* EXCLUDE (filename, file_row_number)', where, values: { userKey } };
  for await (const row of pages(session, dataDir, files, asked)) {
    const { filename: _, file_row_number: __, ...values } = row;
    yield { ...placeOf(row, dataDir, userKey), values: Object.fromEntries(Object.entries(values).map(plain)) };
  }
}

/** `once_key`: what conversions are counted once by, which may be a user. */
const KEYS = new Set(['user_key', 'once_key']);

interface Asked {
  readonly select: string;
  readonly where: string;
  readonly values: Readonly<Record<string, string>>;
}

async function* pages(
  session: DuckDb,
  dataDir: string,
  files: readonly string[],
  { select, where, values }: Asked,
): AsyncGenerator<SqlRow> {
  if (files.length === 0) return;
  let after: { readonly file: string; readonly row: bigint } = { file: '', row: -1n };
  for (;;) {
    const rows = await session.rows(
      `SELECT ${select}, filename, file_row_number FROM ${relationOf(dataDir, files)}
       WHERE (${where}) AND (filename > $file OR (filename = $file AND file_row_number > $row))
       ORDER BY filename, file_row_number LIMIT ${PAGE_ROWS}`,
      { ...values, ...after },
    );
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    after = { file: String(last['filename']), row: last['file_row_number'] as bigint };
  }
}

function relationOf(dataDir: string, files: readonly string[]): string {
  const paths = filesSql(files.map((file) => join(dataDir, file)));
  return `read_parquet(${paths}, union_by_name = true, hive_partitioning = false, filename = true, file_row_number = true)`;
}

function placeOf(row: SqlRow, dataDir: string, userKey: string): SubjectRow {
  return {
    file: String(row['filename']).slice(join(dataDir, '/').length),
    row: safeInteger(row['file_row_number'], 'file_row_number'),
    of: row['user_key'] === userKey ? 'own' : 'named',
  };
}

function plain([name, value]: [string, SqlValue]): [string, unknown] {
  return [name, typeof value === 'bigint' ? safeInteger(value, name) : value];
}
