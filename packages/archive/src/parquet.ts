/** Parquet files: written by DuckDB into staging, then made durable and moved to their place. */
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDb, SqlValue } from './duckdb.ts';
import { makeFolder, syncAndDigest, syncFolder } from './durable.ts';
import type { StoredFile } from './layout.ts';
import { sqlText } from './sql-text.ts';

/** How every Parquet file of ours is written. */
export const PARQUET = 'FORMAT parquet, COMPRESSION zstd';

/**
 * The same for a generation's own files, which every run writes again: half the time, for newer readers. Columns of more different values in a row
 * group (ids, user keys) get no dictionary: none would be kept in the end, and looking for one takes a seventh of the time.
 */
export const GENERATION_PARQUET = `${PARQUET}, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 2000`;

/** For few rows: to make what packs and unpacks zstd, for each column, takes a fifth of the time of writing and of reading such a file. */
const SMALL_PARQUET = 'FORMAT parquet, COMPRESSION snappy';

/** Rows that are written so. */
const MOST_SMALL_ROWS = 500;

/** `rows`: about how many there are. */
export function formatOf(rows: number, large: string): string {
  return rows <= MOST_SMALL_ROWS ? SMALL_PARQUET : large;
}

/**
 * The query with its rows in an order, by which readers pass over row groups: few rows are one group, and to plan and to sort them in each file takes
 * some 4 % of a small generation. `order`: columns.
 */
export function inOrder(query: string, order: string, rows: number): string {
  return rows <= MOST_SMALL_ROWS ? query : `SELECT * FROM (${query}) ORDER BY ${order}`;
}

/**
 * Writes the rows of `query` to `staged`; 0 rows make a valid, empty file. The file is not yet durable: `keepFile` makes it so. Without
 * `values` DuckDB plans the query once; with them, be they none, it prepares it and plans it again when it runs.
 */
export async function copyToParquet(
  session: DuckDb,
  query: string,
  staged: string,
  values?: Record<string, SqlValue>,
  format = PARQUET,
): Promise<number> {
  await mkdir(dirname(staged), { recursive: true });
  const [result] = await session.columns(`COPY (${query}) TO ${sqlText(staged)} (${format})`, values);
  return Number(result?.[0] ?? 0);
}

/** Moves a staged file to its place under the data folder, durably, and says what a manifest needs to know of it. */
export async function keepFile(dataDir: string, staged: string, path: string, rows: number): Promise<StoredFile> {
  const { bytes, sha256 } = await syncAndDigest(staged);
  const target = join(dataDir, path);
  await makeFolder(dirname(target));
  await rename(staged, target);
  await syncFolder(dirname(target));
  return { path, rows, bytes, sha256 };
}
