/** Values of the past as one file that pandas, Spark and DuckDB read: a row for each that was asked for, in their order. */
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { PARQUET, sqlText } from '@tributary/archive/parquet';
import { MISNAMED } from '@tributary/importing/failures';
import { TributaryError } from '@tributary/model/errors';
import type { SignalDefinition } from '@tributary/signals/definitions/read';
import { EVENT_FIELDS, type FieldType } from '@tributary/signals/expressions/fields';
import type { SegmentValue, SignalValue } from '@tributary/signals/value';
import { UsageError } from '../exit.ts';
import { type PastQuestion, type PastStatus, pastValues } from './past-values.ts';
import { openSpool, spoolSql } from './spool.ts';

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

interface Column {
  readonly name: string;
  readonly sqlType: string;
  readonly cell: (value: SignalValue) => unknown;
}

/** `out` is there whole or not at all: what it is made of lies beside it until then, and is removed whatever happens. */
export async function writeTrainingSet(
  question: Omit<PastQuestion, 'folder'>,
  { out, format, onRows }: { readonly out: string; readonly format: SetFormat; readonly onRows: (count: number) => void },
): Promise<SetWritten> {
  const folder = await madeBeside(out);
  try {
    const columns = question.definitions.flatMap(columnsOf);
    const spool = await openSpool(join(folder, 'values.ndjson'));
    const byStatus: Partial<Record<PastStatus, number>> = {};
    let rows = 0;
    try {
      for await (const { nr, user, atMs, label, status, values } of pastValues({ ...question, folder })) {
        const cells = question.definitions.flatMap((definition) => {
          const value = values?.get(definition.name) ?? null;
          return columnsOf(definition).map(({ cell }) => (value === null ? null : cell(value)));
        });
        const bytes = await spool.add([nr, user, atMs, label, status, ...cells]);
        if (bytes > MOST_ROW_BYTES)
          throw new TributaryError(
            'too_much_asked',
            `a row must have at most ${MOST_ROW_BYTES} bytes (got ${bytes}, of ${JSON.stringify(user)}). Ask for fewer or shorter lists`,
          );
        byStatus[status] = (byStatus[status] ?? 0) + 1;
        if (++rows % 10_000 === 0) onRows(rows);
      }
    } finally {
      await spool.close();
    }
    const made = join(folder, 'set');
    await copied({ spool: spool.path, columns, made, format, folder, memoryLimit: question.memoryLimit });
    await rename(made, out);
    return { rows, byStatus };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function madeBeside(out: string): Promise<string> {
  try {
    return await mkdtemp(join(dirname(out), '.tributary-history-'));
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new UsageError(`--out must name a file in a folder that can be written (got ${out}: ${MISNAMED[code] ?? code})`, {
      cause,
    });
  }
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
    const named = [...Object.entries(ASKED).map(([name, sqlType]) => ({ name, sqlType })), ...columns];
    const cast = (sqlType: string, i: number) =>
      format === 'csv' && sqlType === 'VARCHAR' ? withoutFormula(`cells[${i + 2}]`) : `CAST(cells[${i + 2}] AS ${sqlType})`;
    const selected = named.map(({ name, sqlType }, i) => `${cast(sqlType, i)} AS "${name}"`).join(', ');
    await session.run(`COPY (SELECT ${selected} FROM (SELECT CAST(json AS VARCHAR[]) AS cells
      FROM read_json(${spoolSql(spool)}, format = 'newline_delimited', records = false, columns = {json: 'JSON'}, maximum_object_size = ${MOST_ROW_BYTES}))
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

const SQL_TYPES: Readonly<Record<FieldType, string>> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
};
const plain = (value: SignalValue): unknown => value;

function columnsOf(definition: SignalDefinition): Column[] {
  const { name, resolved } = definition;
  if (resolved.kind === 'segment')
    return [
      { name, sqlType: 'BOOLEAN', cell: (value) => (value as SegmentValue).member },
      { name: `${name}.since`, sqlType: 'BIGINT', cell: (value) => (value as SegmentValue).since },
    ];
  if (resolved.kind === 'ratio') return [{ name, sqlType: 'DOUBLE', cell: plain }];
  if (resolved.kind !== 'aggregate' || resolved.measure === 'top')
    return [{ name, sqlType: 'VARCHAR', cell: (value) => JSON.stringify(value) }];
  const ofField = SQL_TYPES[typeOf(resolved.field, definition)];
  switch (resolved.measure) {
    case 'count':
    case 'distinct':
    case 'timeSince':
      return [{ name, sqlType: 'BIGINT', cell: plain }];
    // 200 000 of the largest integers are more than 64 bits hold.
    case 'sum':
      return [{ name, sqlType: ofField === 'BIGINT' ? 'DECIMAL(38, 0)' : ofField, cell: plain }];
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'mostFrequent':
      return [{ name, sqlType: ofField, cell: plain }];
    default:
      return [{ name, sqlType: 'DOUBLE', cell: plain }];
  }
}

function typeOf(field: string | null, { fields }: SignalDefinition): FieldType {
  if (field === null) return 'integer';
  const own = fields[field] as { readonly type: FieldType } | undefined;
  return own?.type ?? EVENT_FIELDS.get(field)?.type ?? 'text';
}
