/** Rows as one Parquet file that pandas, Spark and DuckDB read: decimals as DECIMAL, never as floats. */
import { tmpdir } from 'node:os';
import { openDuckDb } from '@tributary/archive/duckdb';
import { copyToParquet } from '@tributary/archive/parquet';
import { type Cell, type Field, type Records, textOf } from './records.ts';

/** Rows of one INSERT: DuckDB binds some ten thousand values quickly. */
const BATCH = 500;

export async function writeParquet(file: string, { fields, rows }: Records): Promise<void> {
  const session = await openDuckDb({ memoryLimit: '1GB', threads: 1, tempDir: tmpdir() });
  try {
    await session.run(
      `CREATE TABLE record (row_nr INTEGER, ${fields
        .map(
          (field, at) =>
            `"${field.name}" ${sqlType(
              field,
              rows.map((row) => row[at] ?? null),
            )}`,
        )
        .join(', ')})`,
    );
    for (let start = 0; start < rows.length; start += BATCH) {
      const batch = rows.slice(start, start + BATCH);
      const values = batch.flatMap((row, i) => [start + i, ...fields.map((field, at) => bound(row[at] ?? null, field))]);
      const width = fields.length + 1;
      const places = batch.map((_, i) => `(${Array.from({ length: width }, (__, j) => `$${i * width + j + 1}`).join(', ')})`);
      await session.run(`INSERT INTO record VALUES ${places.join(', ')}`, values);
    }
    await copyToParquet(session, 'SELECT * EXCLUDE (row_nr) FROM record ORDER BY row_nr', file);
  } finally {
    await session.close();
  }
}

/** Integers beyond 32 bits would be bound as doubles: they go as text, which the column casts exactly. */
function bound(cell: Cell, field: Field): string | number | null {
  if (field.type !== 'double') return textOf(cell, field);
  return typeof cell === 'bigint' ? Number(cell) : cell;
}

/** A column of sums that 64 bits do not hold is a decimal without decimals: Parquet has no wider integers. */
function sqlType({ type }: Field, cells: readonly Cell[]): string {
  if (typeof type === 'object') return `DECIMAL(18, ${type.decimals})`;
  const isWide = cells.some((cell) => typeof cell === 'bigint' && BigInt.asIntN(64, cell) !== cell);
  return { text: 'VARCHAR', integer: isWide ? 'DECIMAL(38, 0)' : 'BIGINT', double: 'DOUBLE' }[type];
}
