/** Rows as one Parquet file that pandas, Spark and DuckDB read: decimals as DECIMAL, never as floats. */
import { tmpdir } from 'node:os';
import { openDuckDb } from '@tributary/archive/duckdb';
import { copyToParquet } from '@tributary/archive/parquet';
import { type Field, type FieldType, type Records, textOf } from './record-output.ts';

/** Rows of one INSERT: DuckDB binds some ten thousand values quickly. */
const BATCH = 500;

export async function writeParquet(file: string, { fields, rows }: Records): Promise<void> {
  const session = await openDuckDb({ memoryLimit: '1GB', threads: 1, tempDir: tmpdir() });
  try {
    await session.run(
      `CREATE TABLE record (row_nr INTEGER, ${fields.map(({ name, type }) => `"${name}" ${sqlType(type)}`).join(', ')})`,
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
function bound(cell: string | number | null, field: Field): string | number | null {
  return field.type === 'double' ? cell : textOf(cell, field);
}

function sqlType(type: FieldType): string {
  if (typeof type === 'object') return `DECIMAL(18, ${type.decimals})`;
  return { text: 'VARCHAR', integer: 'BIGINT', double: 'DOUBLE' }[type];
}
