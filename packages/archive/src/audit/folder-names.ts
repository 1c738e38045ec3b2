/**
 * Rows that have the name of a folder where an event said something else. Before 27 November 2026 archivers asked DuckDB for the columns of a text file, and
 * it took a folder above that file which was called like `type=prod` for one of them. Such files fit their manifests. What shows them:
 *
 *   - the user of a row is neither its user id nor its anonymous id, or its day is another one than that of its file: what was sent is not there;
 *   - all rows of a file have in a column what a folder above says, by its name today. They may have been sent so: the log, or who sent them, knows.
 */
import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FIELD_ROWS } from '@tributary/model/event-fields';
import { dayOf, MAX_INSTANT_MS } from '@tributary/model/time';
import type { DuckDb, SqlRow } from '../duckdb.ts';
import { type EVENT_COLUMNS, LATER_COLUMNS, type SegmentManifest } from '../layout.ts';
import { readSegments } from '../segments.ts';
import { filesSql } from '../sql-text.ts';

export interface FolderNamed {
  /** Relative to the data folder. */
  readonly path: string;
  readonly partition: number;
  /** Whose value is not what was sent, or may not be. */
  readonly column: string;
  readonly rows: number;
  /** What the folder says; null: no folder above says it by now. */
  readonly folder: string | null;
  /** It was not sent. */
  readonly isCertain: boolean;
}

/** Files of one question, and those that are named in the end. */
const MOST_TOGETHER = 200;
const MOST_NAMED = 1_000;

type Column = keyof typeof EVENT_COLUMNS;

/** Folders above that DuckDB takes for columns of events, as the data folder lies now. */
export async function foldersLikeColumns(dataDir: string): Promise<ReadonlyMap<Column, readonly string[]>> {
  const own = resolve(dataDir);
  const real = await realpath(own).catch(() => own);
  const named = new Map<Column, string[]>();
  for (const part of new Set([...own.split('/'), ...real.split('/')])) {
    const [, name = '', value = ''] = /^([^=]+)=([^=]*)$/.exec(part) ?? [];
    const column = COLUMNS.find((each) => each === name.toLowerCase());
    if (column !== undefined) named.set(column, [...(named.get(column) ?? []), value]);
  }
  return named;
}

/** What a row is filed by is not among them: with another partition nothing was archived. */
const COLUMNS: readonly Column[] = [
  'user_key',
  'position',
  'entry_index',
  ...FIELD_ROWS.map(([, { column }]) => column as Column),
];

/** The first 1 000 of them. Files that DuckDB cannot read are passed over. Aborted, it throws the reason. */
export async function namedByFolders(
  session: Pick<DuckDb, 'rows'>,
  {
    dataDir,
    partitions,
    signal,
  }: { readonly dataDir: string; readonly partitions: readonly number[]; readonly signal?: AbortSignal },
): Promise<FolderNamed[]> {
  const folders = await foldersLikeColumns(dataDir);
  const found: FolderNamed[] = [];
  for (const partition of partitions) {
    const segments = await readSegments(dataDir, partition).catch(() => []);
    const files = segments.flatMap((segment) => segment.files.filter(({ rows }) => rows > 0));
    for (let from = 0; from < files.length && found.length < MOST_NAMED; from += MOST_TOGETHER) {
      signal?.throwIfAborted();
      const some = files.slice(from, from + MOST_TOGETHER);
      const byPath = new Map(some.map((file) => [join(dataDir, file.path), file]));
      for (const row of await rowsOf(session, [...byPath.keys()], folders)) {
        const file = byPath.get(String(row['filename']));
        if (file !== undefined) found.push(...judged(row, file, folders).map((one) => ({ ...one, path: file.path, partition })));
      }
    }
  }
  return found.slice(0, MOST_NAMED);
}

/** One that cannot be read spoils the question about all: halves are asked about then. */
async function rowsOf(
  session: Pick<DuckDb, 'rows'>,
  paths: readonly string[],
  folders: ReadonlyMap<Column, readonly string[]>,
): Promise<SqlRow[]> {
  const counts = [...folders.keys()].map(
    (column) =>
      `min("${column}"::VARCHAR) AS "least ${column}", max("${column}"::VARCHAR) AS "most ${column}", count("${column}") AS "count ${column}"`,
  );
  const later = [...LATER_COLUMNS].map((column) => `NULL::VARCHAR AS "${column}"`);
  const none = `SELECT ${later.join(', ')} WHERE false`;
  const read = `read_parquet(${filesSql(paths)}, union_by_name = true, hive_partitioning = false, filename = true)`;
  try {
    return await session.rows(`SELECT filename, count(*) AS rows, min(ts)::VARCHAR AS first, max(ts)::VARCHAR AS last,
      count(*) FILTER (user_key IS DISTINCT FROM coalesce(user_id, anonymous_id)::VARCHAR) AS others${counts.map((count) => `, ${count}`).join('')}
      FROM (${none} UNION ALL BY NAME SELECT * FROM ${read}) GROUP BY filename ORDER BY filename`);
  } catch {
    if (paths.length === 1) return [];
    const half = paths.length >> 1;
    return [...(await rowsOf(session, paths.slice(0, half), folders)), ...(await rowsOf(session, paths.slice(half), folders))];
  }
}

type Judged = Omit<FolderNamed, 'path' | 'partition'>;

function judged(
  row: SqlRow,
  { date }: SegmentManifest['files'][number],
  folders: ReadonlyMap<Column, readonly string[]>,
): Judged[] {
  const rows = Number(row['rows']);
  const others = Number(row['others']);
  const isOfDay = (ts: unknown) => Math.abs(Number(ts)) <= MAX_INSTANT_MS && dayOf(Number(ts)).startsWith(date);
  const certain: Judged[] = [];
  if (others > 0) certain.push({ column: 'user_key', rows: others, folder: null, isCertain: true });
  if (!isOfDay(row['first']) || !isOfDay(row['last'])) certain.push({ column: 'ts', rows, folder: null, isCertain: true });
  const said = [...folders].flatMap(([column, values]): Judged[] => {
    const folder = values.find((value) => isOf(value, row[`least ${column}`]));
    const isAll = Number(row[`count ${column}`]) === rows && row[`least ${column}`] === row[`most ${column}`];
    return isAll && folder !== undefined ? [{ column, rows, folder: `${column}=${folder}`, isCertain: false }] : [];
  });
  return [...certain, ...said];
}

/** DuckDB takes what the name of a folder escapes for what it stands for. */
function isOf(folder: string, value: unknown): boolean {
  if (folder === value) return true;
  try {
    return decodeURIComponent(folder) === value;
  } catch {
    return false;
  }
}
