/** Spools to Parquet in staging: one COPY for all partitions that close together, one file a partition and day. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDb } from '@tributary/archive/duckdb';
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { PARQUET, sqlText } from '@tributary/archive/parquet';
import type { Spool } from './spool.ts';
import { SPOOL_COLUMNS } from './spool-format.ts';

export interface StagedParquet {
  readonly partition: number;
  readonly date: string;
  readonly staged: string;
  readonly rows: number;
}

/** DuckDB reads a file in buffers of this size; a row must fit into one. */
const BUFFER_BYTES = 32 * 1024 * 1024;
/** UTF-8 needs at most 3 bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

export async function convertSpools(session: DuckDb, spools: readonly Spool[], folder: string): Promise<StagedParquet[]> {
  const filled = spools.filter((spool) => spool.rows > 0);
  if (filled.length === 0) return [];
  const out = join(folder, 'parquet');
  await rm(out, { recursive: true, force: true });
  const [paths, counts] = await session.columns(copyStatement(filled, out));
  const staged = (paths ?? []).map((path, i) => stagedParquet(String(path), Number(counts?.[i])));
  checkRows(filled, staged);
  return staged;
}

function copyStatement(spools: readonly Spool[], out: string): string {
  const columns = Object.entries(SPOOL_COLUMNS).map(([name, type]) => `'${name}': '${type}'`);
  const rowBytes = Math.max(...spools.map((spool) => spool.longestRow)) * BYTES_PER_UNIT + 1;
  const maxRowBytes = Math.max(2 * 1024 * 1024, rowBytes);
  // The keys that file the rows are taken out of the files: `partition` is a column of the archive too, so it is doubled.
  return `
    COPY (
      SELECT ${Object.keys(EVENT_COLUMNS)
        .map((name) => `"${name}"`)
        .join(', ')}, partition AS p, day AS date
      FROM read_csv([${spools.map((spool) => sqlText(spool.rowsPath)).join(', ')}],
        auto_detect = false, header = false, delim = '\t', quote = '', escape = '', nullstr = '', new_line = '\\n',
        max_line_size = ${maxRowBytes}, buffer_size = ${Math.max(BUFFER_BYTES, 2 * maxRowBytes)},
        columns = {${columns.join(', ')}})
      ORDER BY p, date, user_key, ts, position, entry_index
    ) TO ${sqlText(out)} (${PARQUET}, PARTITION_BY (p, date), RETURN_STATS)`;
}

const STAGED_PATH = /[/\\]p=(\d{1,4})[/\\]date=(\d{4}-\d{2}-\d{2})[/\\][^/\\]+$/;

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
