/** Law 4 in the files of a generation: a sum beyond 64 bits is several rows of its key, which add up to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Integer, integerOf } from '@tributary/model/integer';
import { conversions } from '@tributary/views/conversions/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { copyToParquet, keepFile } from '../parquet.ts';
import { readViewRows } from '../views.ts';
import { columnList, parquetFiles, viewColumns } from './relations.ts';
import { writeSummed } from './view-files.ts';

let dataDir: string;
let session: DuckDb;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-view-files-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterAll(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** A view file of these rows, on top of those of a file before. */
async function written(name: string, rows: readonly (readonly [string, bigint, bigint])[], before?: StoredFile) {
  await session.run(`CREATE OR REPLACE TEMP TABLE rows_conversions (${columnList(viewColumns(conversions))})`);
  for (const [type, count, value] of rows)
    await session.run(`INSERT INTO rows_conversions VALUES ('2026-03-01', '${type}', 'EUR', ${count}, ${value})`);
  const more = before === undefined ? '' : `UNION ALL ${parquetFiles(dataDir, [before], viewColumns(conversions))}`;
  const staged = join(dataDir, 'staged', name);
  const count = await writeSummed(conversions, more, (query) => copyToParquet(session, query, staged));
  return keepFile(dataDir, staged, `generations/${name}`, count);
}

const read = (file: StoredFile) => readViewRows(session, dataDir, { generation: 1, views: { conversions: file } }, conversions);

const LIMIT = 2n ** 63n;
const EDGES = [0n, 1n, 2n ** 53n, LIMIT - 1n, LIMIT, LIMIT + 1n, 2n * LIMIT - 1n, 3n * LIMIT, 2n ** 70n + 7n];

test('law 4: sums on both sides of 64 bits are read as they were computed, in a generation and in one built upon it', async () => {
  const rows = EDGES.flatMap((a, i) =>
    [a, -a].flatMap((x) => EDGES.map((y, j) => [`type-${i}-${j}-${x < 0n}`, x, y] as const)),
  ).filter(([, x, y]) => x !== 0n || y !== 0n);
  const expected: Rows = new Map();
  const count = (times: Integer[]) => {
    for (const [type, x, y] of rows) {
      const measures = [x, y].map((measure) => times.reduce<bigint>((sum, by) => sum + BigInt(by) * measure, 0n));
      addRow(expected, `2026-03-01\t${type}\tEUR`, measures.map(integerOf));
    }
  };
  const first = await written('first.parquet', [...rows, ...rows]);
  count([1, 1]);
  expect(await read(first)).toEqual(expected);
  const second = await written('second.parquet', rows, first);
  count([1]);
  expect(await read(second)).toEqual(expected);
  const back = rows.map(([type, x, y]) => [type, -x, -y] as const);
  expect(await read(await written('third.parquet', [...back, ...back, ...back], second))).toEqual(new Map());
});

test('a sum within 64 bits is one row', async () => {
  const file = await written('one.parquet', [
    ['a', LIMIT - 1n, 1n - LIMIT],
    ['b', 1n, 1n],
  ]);
  expect(file.rows).toBe(2);
});
