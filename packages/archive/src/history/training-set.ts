/** Values of the past as one file that pandas, Spark and DuckDB read: a row for each that was asked for, in their order. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { type Column, type ColumnType, columnsOf } from '@tributary/signals/columns';
import { openDuckDb } from '../duckdb.ts';
import { PARQUET } from '../parquet.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import { type PastQuestion, type PastStatus, pastValues } from './past-values.ts';
import { openSpool } from './spool.ts';

export type SetFormat = 'csv' | 'ndjson' | 'parquet';

export interface SetWritten {
  readonly rows: number;
  readonly byStatus: Readonly<Partial<Record<PastStatus, number>>>;
}

const FORMATS: Readonly<Record<SetFormat, string>> = { csv: 'FORMAT csv, HEADER', ndjson: 'FORMAT json', parquet: PARQUET };

/** What each row begins with. */
const ASKED = { user: 'VARCHAR', instant: 'BIGINT', label: 'VARCHAR', status: 'VARCHAR' } as const;

/** Names that a definition of a set cannot have. */
export const TAKEN: readonly string[] = Object.keys(ASKED);

/** The first two names that a file would have as one column, where there are any: what reads it does not tell them apart by case. */
export function oneColumn(names: readonly string[]): readonly [string, string] | undefined {
  const byColumn = new Map(TAKEN.map((name) => [name, name]));
  for (const name of names) {
    const column = name.toLowerCase();
    const other = byColumn.get(column);
    if (other !== undefined) return [other, name];
    byColumn.set(column, name);
  }
  return undefined;
}

export interface SetTarget {
  /** On the disk of the question's folder. It is there whole or not at all. */
  readonly out: string;
  readonly format: SetFormat;
  /** What all rows may have as JSON. */
  readonly mostBytes?: number;
  readonly onRows: (count: number) => void;
}

/** Rejects with `too_much_asked`. Its folder is the caller's, to be removed whatever happens. */
export async function writeTrainingSet(
  question: PastQuestion,
  { out, format, mostBytes = Number.POSITIVE_INFINITY, onRows }: SetTarget,
): Promise<SetWritten> {
  const { folder } = question;
  const defined = question.definitions.map((definition) => [definition.name, columnsOf(definition)] as const);
  const columns = defined.flatMap(([, own]) => own);
  const spool = await openSpool(join(folder, 'values.ndjson'));
  const byStatus: Partial<Record<PastStatus, number>> = {};
  let rows = 0;
  let written = 0;
  try {
    for await (const { nr, user, atMs, label, status, values } of pastValues(question)) {
      const cells = defined.flatMap(([name, own]) => {
        const value = values?.get(name) ?? null;
        return own.map(({ cell }) => (value === null ? null : cell(value)));
      });
      const bytes = await spool.add([nr, user, atMs, label, status, ...cells]);
      if (bytes > MOST_ROW_BYTES)
        throw new TributaryError(
          'too_much_asked',
          `a row must have at most ${MOST_ROW_BYTES} bytes (got ${bytes}, of ${JSON.stringify(user)}). Ask for fewer or shorter lists`,
        );
      written += bytes;
      if (written > mostBytes)
        throw new TributaryError(
          'too_much_asked',
          `the rows of a set must sum to at most ${mostBytes} bytes (got more, at row ${rows + 1}). Ask for fewer rows, or for shorter lists`,
        );
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      if (++rows % 1_000 === 0) onRows(rows);
    }
  } finally {
    await spool.close();
  }
  const made = join(folder, 'set');
  await copied({ spool: spool.path, columns, made, format, folder, memoryLimit: question.memoryLimit });
  await rename(made, out);
  return { rows, byStatus };
}

interface Copied {
  readonly spool: string;
  readonly columns: readonly Column[];
  readonly made: string;
  readonly format: SetFormat;
  readonly folder: string;
  readonly memoryLimit: string;
}

async function copied({ spool, columns, made, format, folder, memoryLimit }: Copied): Promise<void> {
  const session = await openDuckDb({ memoryLimit, threads: 2, tempDir: folder });
  try {
    const named = [
      ...Object.entries(ASKED).map(([name, sqlType]) => ({ name, sqlType })),
      ...columns.map(({ name, type }) => ({ name, sqlType: SQL_TYPES[type] })),
    ];
    const cast = (sqlType: string, i: number) =>
      format === 'csv' && sqlType === 'VARCHAR' ? withoutFormula(`cells[${i + 2}]`) : `CAST(cells[${i + 2}] AS ${sqlType})`;
    const selected = named.map(({ name, sqlType }, i) => `${cast(sqlType, i)} AS "${name}"`).join(', ');
    await session.run(`COPY (SELECT ${selected} FROM (SELECT CAST(json AS VARCHAR[]) AS cells
      FROM read_json(${filesSql([spool])}, format = 'newline_delimited', records = false,
        hive_partitioning = false, columns = {json: 'JSON'}, maximum_object_size = ${MOST_ROW_BYTES}))
      ORDER BY CAST(cells[1] AS BIGINT)) TO ${sqlText(made)} (${FORMATS[format]})`);
  } finally {
    await session.close();
  }
}

/** Programs for tables run a text that begins so: an apostrophe leads it, as in every CSV of ours. */
function withoutFormula(cell: string): string {
  return `CASE WHEN regexp_matches(${cell}, '^[=+@\\t\\r-]') THEN '''' || ${cell} ELSE ${cell} END`;
}

/** What a row may have as JSON: DuckDB reads lines through a buffer of twice as much. */
const MOST_ROW_BYTES = 16 * 1024 * 1024;

/** 200 000 of the largest integers sum to more than 64 bits hold. */
const SQL_TYPES: Readonly<Record<ColumnType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  sum: 'DECIMAL(38, 0)',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
};
