/** Spools to Parquet in staging, one file a partition and day (or month, or year): as few COPYs as `plan.ts` finds safe. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDb } from '@tributary/archive/duckdb';
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { formatOf, PARQUET } from '@tributary/archive/parquet';
import { filesSql, sqlText } from '@tributary/archive/sql-text';
import { type CopyLimits, type Part, planCopies } from './copy-plan.ts';
import type { Spool } from './spool.ts';
import { SPOOL_COLUMNS } from './spool-format.ts';

export interface StagedParquet {
  readonly partition: number;
  /** YYYY-MM-DD; of a whole month YYYY-MM, of a year YYYY. */
  readonly date: string;
  readonly staged: string;
  readonly rows: number;
}

/** DuckDB reads a file in buffers of this size; a row must fit into one. */
const BUFFER_BYTES = 32 * 1024 * 1024;
/** UTF-8 needs at most 3 bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/** When DuckDB's memory does not suffice, smaller parts are tried: a partition that cannot be archived would be stuck for ever. */
export async function convertSpools(
  session: DuckDb,
  spools: readonly Spool[],
  folder: string,
  limits: CopyLimits,
): Promise<StagedParquet[]> {
  const out = join(folder, 'parquet');
  for (let tried = limits; ; tried = { files: Math.ceil(tried.files / 4), rows: Math.ceil(tried.rows / 4) }) {
    await rm(out, { recursive: true, force: true });
    try {
      const staged = await copyAll(session, planCopies(spools, tried), out);
      checkRows(spools, staged);
      return staged;
    } catch (error) {
      if (tried.files === 1 || !isOutOfMemory(error)) throw error;
    }
  }
}

async function copyAll(session: DuckDb, copies: readonly Part[][], out: string): Promise<StagedParquet[]> {
  const staged: StagedParquet[] = [];
  for (const [i, parts] of copies.entries()) {
    const target = join(out, String(i));
    await mkdir(target, { recursive: true });
    const [paths, counts] = await session.columns(copyStatement(parts, target));
    (paths ?? []).forEach((path, at) => {
      staged.push(stagedParquet(String(path), Number(counts?.[at])));
    });
  }
  return staged;
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /Out of Memory Error/i.test(error.message);
}

function copyStatement(parts: readonly Part[], out: string): string {
  const spools = [...new Set(parts.map((part) => part.spool))];
  const rows = spools.reduce((sum, spool) => sum + spool.rows, 0);
  const columns = Object.entries(SPOOL_COLUMNS).map(([name, type]) => `'${name}': '${type}'`);
  const rowBytes = Math.max(...spools.map((spool) => spool.longestRow)) * BYTES_PER_UNIT + 1;
  const maxRowBytes = Math.max(2 * 1024 * 1024, rowBytes);
  // The keys that file the rows are taken out of the files: `partition` is a column of the archive too, so it is doubled.
  return `
    COPY (
      SELECT ${Object.keys(EVENT_COLUMNS)
        .map((name) => `"${name}"`)
        .join(', ')}, partition AS p, ${dateOf(parts)} AS date
      FROM read_csv(${filesSql(spools.map((spool) => spool.rowsPath))},
        auto_detect = false, hive_partitioning = false, header = false, delim = '\t', quote = '', escape = '', nullstr = '', new_line = '\\n',
        max_line_size = ${maxRowBytes}, buffer_size = ${Math.max(BUFFER_BYTES, 2 * maxRowBytes)},
        columns = {${columns.join(', ')}})
      WHERE ${parts.map(condition).join(' OR ')}
      ORDER BY p, date, user_key, ts, position, entry_index
    ) TO ${sqlText(out)} (${formatOf(rows, PARQUET)}, PARTITION_BY (p, date), RETURN_STATS)`;
}

function dateOf(parts: readonly Part[]): string {
  const shared = parts.filter((part) => part.dateLength < 10);
  if (shared.length === 0) return 'day';
  return `CASE ${shared.map((part) => `WHEN ${condition(part)} THEN left(day, ${part.dateLength})`).join(' ')} ELSE day END`;
}

function condition({ spool, fromDay, toDay }: Part): string {
  return `(partition = ${spool.partition} AND day BETWEEN ${sqlText(fromDay)} AND ${sqlText(toDay)})`;
}

const STAGED_PATH = /[/\\]p=(\d{1,4})[/\\]date=(\d{4}(?:-\d{2}){0,2})[/\\][^/\\]+$/;

function stagedParquet(staged: string, rows: number): StagedParquet {
  const [, partition, date] = STAGED_PATH.exec(staged) ?? [];
  if (partition === undefined || date === undefined || !Number.isSafeInteger(rows))
    throw new Error(`DuckDB wrote ${rows} rows to ${staged}: not a file of a partition and day`);
  return { partition: Number(partition), date, staged, rows };
}

/** Law 6: nothing that was spooled may be missing from what was written. */
function checkRows(spools: readonly Spool[], staged: readonly StagedParquet[]): void {
  for (const { partition, rows } of spools) {
    const written = staged.reduce((sum, file) => sum + (file.partition === partition ? file.rows : 0), 0);
    if (written !== rows) throw new Error(`partition ${partition}: ${rows} rows were spooled, ${written} reached Parquet`);
  }
}
