/** Law 4 in the files of a generation: a sum beyond 64 bits is several rows of its key, which add up to it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Integer, integerOf } from '@tributary/model/integer';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import { addRow, type Rows } from '@tributary/views/deltas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { copyToParquet, keepFile } from '../parquet.ts';
import { readViewRows } from '../views.ts';
import { outputOf } from './output.ts';
import { columnList, keptView, parquetFiles, viewColumns } from './relations.ts';
import type { ComputeBase, ComputeSpec } from './spec.ts';
import { keptOf, type RowsOrigin, writeSummed, writeViews } from './view-files.ts';

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
async function written(
  name: string,
  rows: readonly (readonly [string, bigint, bigint])[],
  { before, areSums = false }: { before?: StoredFile; areSums?: boolean } = {},
) {
  await session.run(`CREATE OR REPLACE TABLE rows_conversions (${columnList(viewColumns(conversions))})`);
  for (const [type, count, value] of rows)
    await session.run(`INSERT INTO rows_conversions VALUES ('2026-03-01', '${type}', 'EUR', ${count}, ${value})`);
  const more = before === undefined ? '' : `UNION ALL ${parquetFiles(dataDir, [before], viewColumns(conversions))}`;
  const summed = { ...conversions, rows: `rows_conversions ${more}`, areSums };
  const staged = join(dataDir, 'staged', name);
  const count = await writeSummed(summed, (query) => copyToParquet(session, query, staged));
  return keepFile(dataDir, staged, `generations/${name}`, count);
}

const read = (file: StoredFile) => readViewRows(session, dataDir, { generation: 1, views: { conversions: [file] } }, conversions);

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
  const second = await written('second.parquet', rows, { before: first });
  count([1]);
  expect(await read(second)).toEqual(expected);
  const back = rows.map(([type, x, y]) => [type, -x, -y] as const);
  expect(await read(await written('third.parquet', [...back, ...back, ...back], { before: second }))).toEqual(new Map());
});

test('law 4: rows that are sums already keep every sum, on both sides of 64 bits, and none of zeros', async () => {
  const rows = EDGES.flatMap((x, i) => [x, -x].map((sum) => [`type-${i}-${sum < 0n}`, sum, 2n * sum] as const));
  const file = await written('sums.parquet', rows, { areSums: true });
  const expected: Rows = new Map();
  for (const [type, ...sums] of rows) if (sums[0] !== 0n) addRow(expected, `2026-03-01\t${type}\tEUR`, sums.map(integerOf));
  expect(await read(file)).toEqual(expected);
  expect(
    (
      await written(
        'zeros.parquet',
        [
          ['a', 0n, 0n],
          ['b', 1n, 0n],
        ],
        { areSums: true },
      )
    ).rows,
  ).toBe(1);
});

test('law 1: what several shards give is summed, and what one gives twice', async () => {
  await session.run(`CREATE OR REPLACE TABLE rows_conversions (${columnList(viewColumns(conversions))})`);
  await session.run(`INSERT INTO rows_conversions SELECT '2026-03-01', 'buy', 'EUR', 1, 50 FROM range(2)`);
  const rowsOf = async (origin: RowsOrigin) => {
    const spec = {
      dataDir,
      generation: 9,
      attempt: 'test',
      base: null,
      reuseRows: false,
      limits: { fewRows: 0 },
    } as unknown as ComputeSpec;
    const { views } = await writeViews(session, spec, [conversions], outputOf(session, spec, join(dataDir, 'staged')), origin);
    return views['conversions']?.[0]?.rows;
  };
  expect(await rowsOf({ shards: 2, oncePerShard: true })).toBe(1);
  expect(await rowsOf({ shards: 1, oncePerShard: false })).toBe(1);
  expect(await rowsOf({ shards: 1, oncePerShard: true })).toBe(2);
});

test('a sum within 64 bits is one row', async () => {
  const file = await written('one.parquet', [
    ['a', LIMIT - 1n, 1n - LIMIT],
    ['b', 1n, 1n],
  ]);
  expect(file.rows).toBe(2);
});

test('law 1: what a run changes lies beside the files of its base, and adds up; apart, all lie in one', async () => {
  // Rows that are few lie in a file of lines: rows-file.test.ts.
  const limits = { fewRows: 0, added: { fewRows: 0, mostShare: 10 } };
  const generation = async (number: number, values: readonly string[], base: Partial<ComputeBase> | null, isApart = false) => {
    await session.run(`CREATE OR REPLACE TABLE rows_conversions (${columnList(viewColumns(conversions))})`);
    for (const row of values) await session.run(`INSERT INTO rows_conversions VALUES ('2026-03-01', ${row})`);
    const spec = {
      dataDir,
      generation: number,
      attempt: 'test',
      base,
      reuseRows: base !== null,
      limits,
    } as unknown as ComputeSpec;
    const origin = { shards: 1, oncePerShard: true, ...(isApart && { apart: true }) } as const;
    const kept = await writeViews(session, spec, [conversions], outputOf(session, spec, join(dataDir, 'staged')), origin);
    return { ...kept, rows: [...(await readViewRows(session, dataDir, { ...kept, generation: number }, conversions))].sort() };
  };
  const pathsOf = ({ views }: Pick<ComputeBase, 'views'>) => views['conversions']?.map(({ path }) => path);
  const first = await generation(21, [`'a', 'EUR', 1, 50`, `'b', 'EUR', 2, 70`], null);
  const second = await generation(22, [`'a', 'EUR', -1, -50`, `'b', 'EUR', 1, 5`, `'c', 'EUR', 1, 1`], first);
  expect(pathsOf(second)).toEqual([...(pathsOf(first) ?? []), 'generations/000022/view-conversions-test.parquet']);
  const all = [
    ['2026-03-01\tb\tEUR', [3, 75]],
    ['2026-03-01\tc\tEUR', [1, 1]],
  ];
  expect(second.rows).toEqual(all);
  expect(pathsOf(await generation(23, [], second))).toEqual(pathsOf(second));
  const apart = await generation(24, [], second, true);
  expect([pathsOf(apart), apart.rows]).toEqual([['generations/000024/view-conversions-test.parquet'], all]);
  const summed = await generation(25, [`'c', 'EUR', -1, -1`], {
    views: { conversions: [...(second.views['conversions'] ?? []), ...(second.views['conversions'] ?? [])] },
  });
  expect(summed.views['conversions']).toHaveLength(2);
  expect(summed.rows).toEqual([
    ['2026-03-01\tb\tEUR', [6, 150]],
    ['2026-03-01\tc\tEUR', [1, 1]],
  ]);
});

test('law 7: rows by partition beyond the bound are left out, named, and stay so in what is built upon them', async () => {
  await session.run(`CREATE OR REPLACE TABLE rows_credit (${columnList(viewColumns(keptView(credit)))})`);
  // Two campaigns of one channel: a row of each in the view, one by partition.
  for (const place of [`'a', 'EUR', NULL`, `'b', 'EUR', NULL`, `NULL, 'EUR', '0'`, `NULL, 'EUR', '1'`])
    await session.run(`INSERT INTO rows_credit VALUES ('2026-03-01', 'last', 'buy', 'search', ${place}, 1000000, 50)`);
  const kept = async (generation: number, more: Partial<ComputeSpec>) => {
    const given = { dataDir, generation, attempt: 'test', base: null, reuseRows: false, limits: { fewRows: 0 } };
    const spec = { ...given, ...more } as unknown as ComputeSpec;
    return writeViews(session, spec, [credit], outputOf(session, spec, join(dataDir, 'staged')), {
      shards: 1,
      oncePerShard: true,
    });
  };
  const whole = await kept(1, { mostGroupedRows: 2 });
  expect([whole.leftOut, whole.views['credit']?.[0]?.rows, whole.views['creditByPartition']?.[0]?.rows]).toEqual([
    undefined,
    2,
    2,
  ]);
  expect(keptOf([credit], whole).map(({ name }) => name)).toEqual(['credit', 'creditByPartition']);
  const bounded = await kept(2, { mostGroupedRows: 1 });
  expect([bounded.leftOut, Object.keys(bounded.views)]).toEqual([['creditByPartition'], ['credit']]);
  expect(keptOf([credit], bounded)).toEqual([credit]);
  const counts = { events: 0, newEvents: 0, duplicates: 0 };
  const base = { generation: 2, ...{ events: [], conversions: [], counts }, ...bounded };
  expect((await kept(3, { base, reuseRows: true })).leftOut).toEqual(['creditByPartition']);
  expect((await kept(4, { base, reuseRows: false })).leftOut).toBeUndefined();
});
