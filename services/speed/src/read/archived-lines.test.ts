/** The lines that DuckDB makes of archived rows are those that were sent, whichever columns files have, and whichever rows have a value there. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { digest } from '@tributary/archive/durable';
import { EVENT_COLUMNS, type StoredFile } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/sql-text';
import { type Event, encodeEvent } from '@tributary/model/event';
import { FIELD_ROWS, type Field } from '@tributary/model/event-fields';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rowsOf } from './archived-lines.ts';

type Row = Partial<Event>;

let folder: string;
let session: DuckDb;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archived-lines-'));
  session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: folder });
});
afterEach(async () => {
  await session.close();
  await rm(folder, { recursive: true, force: true });
});

const literalOf = (value: unknown): string => {
  if (value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return sqlText(typeof value === 'string' ? value : JSON.stringify(value));
};

/** `lacks`: fields that the file has no column for. */
async function fileOf(path: string, rows: readonly Row[], lacks: readonly Field[] = []): Promise<StoredFile> {
  const fields = FIELD_ROWS.filter(([field]) => !lacks.includes(field));
  const selects = rows.map((row, i) => {
    const columns = fields.map(([field, { column }]) => {
      const type = EVENT_COLUMNS[column as keyof typeof EVENT_COLUMNS];
      return `CAST(${literalOf(row[field])} AS ${type}) AS "${column}"`;
    });
    return `SELECT ${i} AS entry_index, ${columns.join(', ')}`;
  });
  await session.run(`COPY (${selects.join(' UNION ALL ')}) TO ${sqlText(join(folder, path))} (FORMAT parquet)`);
  return { path, rows: rows.length, ...(await digest(join(folder, path))) };
}

async function linesOf(files: readonly StoredFile[]): Promise<string[]> {
  const { from, line } = await rowsOf(session, folder, files);
  const [lines = []] = await session.columns(`SELECT ${line} FROM ${from} ORDER BY source, entry_index`);
  return lines.map(String);
}

const encoded = (rows: readonly Row[]) => rows.map((row) => encodeEvent(row as Event));
const { campaign: _campaign, keyId: _keyId, anonymousId: _anonymousId, ...BARE } = FULL_EVENT as Event;
const ODD = ['"', '\\', 'a"b\\c"', 'plain', 'été', ','].map((campaign) => ({ ...BARE, campaign }));

test('law 3: a line has what its row has: all rows, some of them, none of them', async () => {
  const all = [...ODD, { ...BARE, campaign: 'x', keyId: 'k' }];
  expect(await linesOf([await fileOf('all.parquet', all)])).toEqual(encoded(all));
  const some = [BARE, ...ODD, FULL_EVENT, BARE];
  expect(await linesOf([await fileOf('some.parquet', some)])).toEqual(encoded(some));
  expect(await linesOf([await fileOf('none.parquet', [BARE, BARE])])).toEqual(encoded([BARE, BARE]));
});

test('law 3: a line has nothing of a column that its file lacks, and others have in each row', async () => {
  const [older, newer] = [[BARE, BARE].map((row) => ({ ...row, source: 'a' })), ODD.map((row) => ({ ...row, source: 'b' }))];
  const files = [await fileOf('older.parquet', older, ['campaign', 'keyId']), await fileOf('newer.parquet', newer)];
  expect(await linesOf(files)).toEqual(encoded([...older, ...newer]));
});

test('a file without rows has no lines', async () => {
  const { from, line } = await rowsOf(session, folder, [await fileOf('empty.parquet', [BARE])]);
  await session.run(`COPY (SELECT * FROM ${from} WHERE false) TO ${sqlText(join(folder, 'none.parquet'))} (FORMAT parquet)`);
  expect(line).not.toBe("'{}'");
  expect(await linesOf([{ path: 'none.parquet', rows: 0, ...(await digest(join(folder, 'none.parquet'))) }])).toEqual([]);
});

test('law 7: a line lacks what an event must have, and its row lacks', async () => {
  for (const field of ['ts', 'type', 'id', 'receivedAt'] as const) {
    const { [field]: _gone, ...row } = FULL_EVENT as Event;
    const rows = [row, FULL_EVENT, row];
    expect(await linesOf([await fileOf(`${field}.parquet`, rows)])).toEqual(encoded(rows));
    expect(await linesOf([await fileOf(`no-${field}.parquet`, [row])])).toEqual(encoded([row]));
  }
});

test('law 7: a column that holds others is refused', async () => {
  const path = 'nested.parquet';
  await session.run(`COPY (SELECT 1 AS ts, {'a': 'b', 'c': 1} AS properties) TO ${sqlText(join(folder, path))} (FORMAT parquet)`);
  const file: StoredFile = { path, rows: 1, ...(await digest(join(folder, path))) };
  await expect(linesOf([file])).rejects.toThrow('a column that holds others: properties, a');
});
