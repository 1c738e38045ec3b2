import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { EVENT_COLUMNS } from '../layout.ts';
import { copyToParquet } from '../parquet.ts';
import { archivedRowsOf, generationRowsOf } from './subject-rows.ts';

let dir: string;
let session: DuckDb;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-subject-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dir, 'spill') });
});
afterEach(async () => {
  await session.close();
  await rm(dir, { recursive: true, force: true });
});

/** `i` counts the rows of the file; `later`: with the columns that files of earlier versions lack. */
async function write(file: string, rows: number, own: Readonly<Record<string, string>>, later = true): Promise<void> {
  const columns = Object.entries(EVENT_COLUMNS).filter(([name]) => later || name !== 'key_id');
  const selected = columns.map(([name, type]) => `CAST(${own[name] ?? 'NULL'} AS ${type}) AS "${name}"`);
  await copyToParquet(session, `SELECT ${selected.join(', ')} FROM range(${rows}) AS t(i)`, join(dir, file));
}
const BASE = {
  ts: '1000 + i',
  type: "'visit'",
  id: "'e' || i",
  received_at: '2000',
  source: "'test'",
  partition: '3',
  position: "'p' || i",
  entry_index: '0',
};
async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

test('every row of a user is found over pages and files, each once, with its place', async () => {
  await write('a.parquet', 9_000, { ...BASE, user_key: "IF(i % 2 = 0, 'ada', 'eve')", user_id: "IF(i % 2 = 0, 'ada', 'eve')" });
  await write(
    'b.parquet',
    3,
    { ...BASE, user_key: "'ada'", anonymous_id: "'ada'", value: '990', properties: `'{"n":[1]}'` },
    false,
  );
  const rows = await all(archivedRowsOf(session, dir, ['b.parquet', 'a.parquet'], 'ada'));
  expect(rows.length).toBe(4_503);
  expect(new Set(rows.map(({ file, row }) => `${file} ${row}`)).size).toBe(4_503);
  expect(rows[1]).toMatchObject({ file: 'a.parquet', row: 2, of: 'own', partition: 3, position: 'p2', index: 0 });
  expect(rows.at(-1)?.event).toEqual({
    ts: 1_002,
    type: 'visit',
    id: 'e2',
    anonymousId: 'ada',
    receivedAt: 2_000,
    source: 'test',
    value: 990,
    properties: { n: [1] },
  });
});

test('rows of others that name the user differ from their own, and look-alikes are neither', async () => {
  const properties = `CASE i WHEN 0 THEN '{"by":"ada"}' WHEN 1 THEN '{"by":"ada2"}' END`;
  await write('a.parquet', 4, {
    ...BASE,
    user_key: "'eve'",
    user_id: "'eve'",
    anonymous_id: "IF(i = 2, 'ada', NULL)",
    properties,
  });
  const rows = await all(archivedRowsOf(session, dir, ['a.parquet'], 'ada'));
  expect(rows.map(({ row, of }) => [row, of])).toEqual([
    [0, 'named'],
    [2, 'named'],
  ]);
});

test('a key is a value, never a part of the question', async () => {
  const key = `x' OR '1'='1' -- "%_\\`;
  await write('a.parquet', 3, { ...BASE, user_key: "IF(i = 1, 'x'' OR ''1''=''1'' -- \"%_\\', 'eve')" });
  expect((await all(archivedRowsOf(session, dir, ['a.parquet'], key))).map(({ row }) => row)).toEqual([1]);
});

test('rows of a generation are found by the user, and by what conversions are counted once by; files of sums have none', async () => {
  await copyToParquet(session, `SELECT 'ada' AS user_key, 7::BIGINT AS ts, NULL AS once_key`, join(dir, 'events.parquet'));
  await copyToParquet(session, `SELECT 'eve' AS user_key, 8::BIGINT AS ts, 'ada' AS once_key`, join(dir, 'more.parquet'));
  await copyToParquet(session, `SELECT '2026-01-01' AS day, 1::BIGINT AS n`, join(dir, 'sums.parquet'));
  expect(await all(generationRowsOf(session, dir, ['events.parquet', 'more.parquet'], 'ada'))).toEqual([
    { file: 'events.parquet', row: 0, of: 'own', values: { user_key: 'ada', ts: 7, once_key: null } },
    { file: 'more.parquet', row: 0, of: 'named', values: { user_key: 'eve', ts: 8, once_key: 'ada' } },
  ]);
  expect(await all(generationRowsOf(session, dir, ['sums.parquet'], 'ada'))).toEqual([]);
});
