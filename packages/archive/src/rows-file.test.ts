/** Rows of small views in one file of lines: what is read of it, here and by DuckDB, is what was written, or the file is damaged. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { credit } from '@tributary/views/credit/fold';
import type { Rows } from '@tributary/views/deltas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outputOf } from './compute/output.ts';
import { columnList, keptView, viewColumns, viewFiles } from './compute/relations.ts';
import { writeTogether } from './compute/small-views.ts';
import type { ComputeBase, ComputeSpec } from './compute/spec.ts';
import { writeViews } from './compute/view-files.ts';
import { type DuckDb, openDuckDb } from './duckdb.ts';
import { digest } from './durable.ts';
import type { StoredFile } from './layout.ts';
import { createRowsFiles } from './rows-file.ts';
import { checkViewRows, readViewRows, type ViewColumns } from './views.ts';

let dataDir: string;
let session: DuckDb;
beforeAll(async () => {
  // A path is part of the statement that reads it: with a quote in it, it stays one text.
  dataDir = await mkdtemp(join(tmpdir(), "tributary-row's-"));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterAll(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

const MOST = Number.MAX_SAFE_INTEGER;
const TEXTS = [
  '',
  'a "quoted" one',
  'a\nb\r\n\\',
  '{"view":"activity","day":"1"}',
  '\n{"view":"conversions",',
  '\ufeffgröße \u2028',
  '\u001f',
  '\u0000',
  "it's",
];

let attempts = 0;
const specOf = (more: object = {}) =>
  ({
    dataDir,
    generation: 7,
    attempt: `a${attempts++}`,
    base: null,
    reuseRows: false,
    limits: {},
    ...more,
  }) as unknown as ComputeSpec;
const output = () => outputOf(session, specOf(), join(dataDir, 'staged'));
const read = (file: StoredFile, view: ViewColumns = conversions) =>
  readViewRows(session, dataDir, { generation: 7, views: { [view.name]: [file] } }, view);

test('law 1: rows of several views in one file are read as they were written, by DuckDB too, whatever their texts', async () => {
  const own: Rows = new Map(TEXTS.map((text, i) => [`2026-03-01\t${text}\tEUR`, [i + 1, i % 2 === 0 ? MOST : -MOST]]));
  const other: Rows = new Map(TEXTS.map((text) => [`2026-03-01\t${text}`, [1]]));
  const files = await writeTogether(output(), [
    [activity, other],
    [conversions, own],
    [credit, new Map()],
  ]);
  expect([...files.keys()]).toEqual(['activity', 'conversions']);
  const file = files.get('conversions') as StoredFile;
  expect(file).toEqual({ ...(files.get('activity') as StoredFile), ...(await digest(join(dataDir, file.path))) });
  expect(await read(file)).toEqual(own);
  expect(await read(files.get('activity') as StoredFile, activity)).toEqual(other);
  const [days = [], types = [], , counts = [], values = []] = await session.columns(
    `SELECT day, type, currency, conversions, "valueMinor" FROM ${viewFiles(dataDir, [file], conversions)}`,
  );
  expect(types.map((type, i) => [`${String(days[i])}\t${String(type)}\tEUR`, [Number(counts[i]), Number(values[i])]])).toEqual([
    ...own,
  ]);
});

const LINE = '{"view":"conversions","day":"d","type":"t","currency":"EUR","conversions":1,"valueMinor":2}\n';
const OTHER = '{"view":"activity","day":"d","type":"t","events":1}\n';

test.each(['type=prod', 'view=credit', 'conversions=7'])(
  'law 1: a data folder in a folder called %s: DuckDB reads the rows, and nothing of the path',
  async (folder) => {
    const named = join(dataDir, folder);
    await mkdir(named);
    const own: Rows = new Map([['2026-03-01\tbuy\tEUR', [1, 50]]]);
    const out = outputOf(session, specOf({ dataDir: named }), join(named, 'staged'));
    const [file] = (await writeTogether(out, [[conversions, own]])).values() as Iterable<StoredFile>;
    const rows = await session.columns(
      `SELECT day, type, currency, conversions, "valueMinor" FROM ${viewFiles(named, [file as StoredFile], conversions)}`,
    );
    expect(rows).toEqual([['2026-03-01'], ['buy'], ['EUR'], [1n], [50n]]);
  },
);

test.each(['*', '?', '[1]'])(
  'law 1: a data folder called data%s beside one whose name fits that as a pattern: DuckDB reads its own rows alone',
  async (ending) => {
    const above = await mkdtemp(join(dataDir, 'above-'));
    const fileIn = async (folder: string, type: string) => {
      const spec = specOf({ dataDir: folder, attempt: 'same' });
      const out = outputOf(session, spec, join(above, 'staged'));
      const rows: Rows = new Map([[`2026-03-01\t${type}\tEUR`, [1, 50]]]);
      const lines = (await writeTogether(out, [[conversions, rows]])).get('conversions');
      const select = `SELECT '2026-03-01' AS day, '${type}' AS type, 'EUR' AS currency, 2 AS conversions, 70 AS "valueMinor"`;
      return [lines, await out.write('view-conversions', select, 1, null)] as StoredFile[];
    };
    const named = join(above, `data${ending}`);
    const files = await fileIn(named, 'own');
    await fileIn(join(above, 'data1'), 'other');
    const types = await session.columns(`SELECT type, conversions FROM ${viewFiles(named, files, conversions)} ORDER BY 2`);
    expect(types).toEqual([
      ['own', 'own'],
      [1n, 2n],
    ]);
    for (const file of files) {
      const [rows] = await readViewRows(session, named, { generation: 7, views: { conversions: [file] } }, conversions);
      expect(rows?.[0]).toBe('2026-03-01\town\tEUR');
    }
  },
);

test.each([
  ['sound lines', OTHER + LINE, 1, null],
  ['none', OTHER, 0, null],
  ['a line less than the manifest says', OTHER + LINE, 2, /1 rows of conversions were read of 2/],
  ['a line more than the manifest says', LINE + LINE, 1, /2 rows of conversions were read of 1/],
  ['lines of another view between', LINE + OTHER + LINE, 3, /3 rows of conversions were read of 3/],
  ['a column less', LINE.replace('"day":"d",', ''), 1, /, day: a dimension must be text without tabs \(got null\)/],
  ['a dimension of numbers', LINE.replace('"d"', '5'), 1, /, day: a dimension must be text without tabs \(got 5\)/],
  ['a tab in a dimension', LINE.replace('"d"', '"a\\tb"'), 1, /, day: a dimension must be text without tabs/],
  ['a measure of fractions', LINE.replace(':2}', ':2.5}'), 1, /, valueMinor must be an integer \(got 2\.5\)/],
  ['no JSON', LINE.replace('}', ''), 1, /is not JSON/],
] as const)('law 7: %s: read and checked alike', async (_, text, rows, expected) => {
  const path = `own-${attempts++}.ndjson`;
  await writeFile(join(dataDir, path), text);
  const file = { path, rows, ...(await digest(join(dataDir, path))) };
  const outcome = (reading: Promise<unknown>) =>
    reading.then(
      () => null,
      (error: Error) => error.message,
    );
  const found = await outcome(read(file));
  if (expected === null) expect(found).toBeNull();
  else expect(found).toMatch(expected);
  expect(await outcome(checkViewRows(session, dataDir, [file], conversions))).toBe(found);
});

test('law 7: a file with other bytes than its manifest says is not read', async () => {
  const [file] = (
    await writeTogether(output(), [[conversions, new Map([['d\tt\tEUR', [1, 2]]])]])
  ).values() as Iterable<StoredFile>;
  const path = join(dataDir, (file as StoredFile).path);
  await writeFile(path, (await readFile(path, 'utf8')).replace('2}', '3}'));
  await expect(read(file as StoredFile)).rejects.toThrow(/its manifest says/);
});

/** A generation of these rows of two views, on top of a base. */
async function generation(number: number, rows: readonly string[], credits: readonly string[], more: Partial<ComputeSpec> = {}) {
  await session.run(`CREATE OR REPLACE TABLE rows_conversions (${columnList(viewColumns(conversions))})`);
  await session.run(`CREATE OR REPLACE TABLE rows_credit (${columnList(viewColumns(keptView(credit)))})`);
  for (const row of rows) await session.run(`INSERT INTO rows_conversions VALUES ('2026-03-01', ${row})`);
  for (const row of credits) await session.run(`INSERT INTO rows_credit VALUES ('2026-03-01', 'last', 'buy', ${row})`);
  const spec = specOf({ generation: number, reuseRows: more.base !== undefined, ...more });
  const kept = await writeViews(session, spec, [conversions, credit], outputOf(session, spec, join(dataDir, 'staged')), {
    shards: 1,
    oncePerShard: true,
  });
  return {
    ...kept,
    generation: number,
    rows: (view: typeof conversions) => readViewRows(session, dataDir, { ...kept, generation: number }, view),
  };
}
const base = (of: Awaited<ReturnType<typeof generation>>) => ({ base: of as unknown as ComputeBase });
const formats = ({ views }: Pick<ComputeBase, 'views'>, name: string) =>
  views[name]?.map(({ path, rows }) => `${path.slice(-7)} ${rows}`);

test('law 1: views of few rows lie in one file, which what is built upon it adds to, and one of more in its own', async () => {
  const first = await generation(
    31,
    [`'a', 'EUR', 1, 50`, `'b', 'EUR', 2, 70`],
    [`'ads', 'x', 'EUR', NULL, 1, 2`, `'ads', NULL, 'EUR', '0', 1, 2`],
  );
  expect(new Set(Object.values(first.views).flatMap((files) => files.map(({ path }) => path))).size).toBe(1);
  expect(Object.entries(first.views).map(([name, files]) => [name, files.map((file) => file.rows)])).toEqual([
    ['conversions', [2]],
    ['credit', [1]],
    ['creditByPartition', [1]],
  ]);
  // Summed with those of the base, and what adds up to nothing is left out.
  const second = await generation(32, [`'a', 'EUR', -1, -50`, `'b', 'EUR', 1, 5`], [], base(first));
  expect(second.views['credit']).toEqual(first.views['credit']);
  expect([...(await second.rows(conversions))]).toEqual([['2026-03-01\tb\tEUR', [3, 75]]]);
  const nothing = await generation(33, [`'b', 'EUR', -3, -75`], [], base(second));
  expect([nothing.views['conversions'], (await nothing.rows(conversions)).size]).toEqual([[], 0]);
  // More rows than few, and then some that are added to them.
  const many = Array.from({ length: 6 }, (_, i) => `'t${i}', 'EUR', 1, 1`);
  const limits = { fewRows: 5, added: { fewRows: 0, mostShare: 10 } } as unknown as ComputeSpec['limits'];
  const own = await generation(34, many, [], { ...base(second), limits });
  expect(formats(own, 'conversions')).toEqual(['.ndjson 1', 'parquet 6']);
  // What comes and goes at once changes nothing.
  const same = await generation(34, [`'t1', 'EUR', 1, 1`, `'t1', 'EUR', -1, -1`], [], { ...base(own), limits });
  expect(same.views['conversions']).toEqual(own.views['conversions']);
  const added = await generation(35, [`'t1', 'EUR', -1, -1`, `'b', 'EUR', -3, -75`], [], { ...base(own), limits });
  expect(formats(added, 'conversions')).toEqual(['.ndjson 1', 'parquet 6', '.ndjson 2']);
  const left = await added.rows(conversions);
  expect([...left].sort()).toEqual([0, 2, 3, 4, 5].map((i) => [`2026-03-01\tt${i}\tEUR`, [1, 1]]));
  const all = `SELECT type, sum(conversions)::INTEGER AS n FROM ${viewFiles(dataDir, added.views['conversions'] ?? [], conversions)} GROUP BY type HAVING n <> 0 ORDER BY type`;
  expect((await session.rows(all)).map(({ type }) => type)).toEqual(['t0', 't2', 't3', 't4', 't5']);
  // Files of either kind are summed, by DuckDB and here.
  const sumAll = { added: { fewRows: 100, mostShare: 10 } };
  for (const fewRows of [0, 500]) {
    const summed = await generation(36, [`'t0', 'EUR', 1, 1`], [], { ...base(added), limits: { ...sumAll, fewRows } as never });
    expect(formats(summed, 'conversions')).toEqual([fewRows === 0 ? 'parquet 5' : '.ndjson 5']);
    expect((await summed.rows(conversions)).get('2026-03-01\tt0\tEUR')).toEqual([2, 2]);
  }
});

test.each([
  [500, '.ndjson 500'],
  [501, 'parquet 501'],
])('views of at most 500 rows lie in lines: of %i', async (count, expected) => {
  const rows = Array.from({ length: count }, (_, i) => `'t${i}', 'EUR', 1, 1`).join("), ('2026-03-01', ");
  const own = await generation(37, [rows], []);
  expect([formats(own, 'conversions'), (await own.rows(conversions)).size]).toEqual([[expected], count]);
});

test('law 4: a view with a sum that other readers of JSON may round has a file of its own', async () => {
  const [most, beyond] = [BigInt(MOST), BigInt(MOST) + 1n];
  const fits = await generation(41, [`'a', 'EUR', ${most}, ${-most}`], []);
  expect(formats(fits, 'conversions')).toEqual(['.ndjson 1']);
  for (const value of [beyond, -beyond, 2n ** 70n]) {
    const own = await generation(42, [`'a', 'EUR', 1, ${value}`], [`'ads', 'x', 'EUR', NULL, 1, 2`]);
    expect([formats(own, 'conversions')?.[0]?.slice(0, 7), formats(own, 'credit')]).toEqual(['parquet', ['.ndjson 1']]);
    expect([...(await own.rows(conversions))]).toEqual([['2026-03-01\ta\tEUR', [1, value]]]);
  }
});

test('law 7: rows by partition beyond the bound are left out of a file of few rows too', async () => {
  const credits = [`'a', 'x', 'EUR', NULL, 1, 2`, `'a', NULL, 'EUR', '0', 1, 2`, `'a', NULL, 'EUR', '1', 1, 2`];
  expect((await generation(51, [], credits, { mostGroupedRows: 2 })).leftOut).toBeUndefined();
  const bounded = await generation(52, [], credits, { mostGroupedRows: 1 });
  expect([bounded.leftOut, formats(bounded, 'credit'), formats(bounded, 'creditByPartition')]).toEqual([
    ['creditByPartition'],
    ['.ndjson 1'],
    undefined,
  ]);
});

test('a file is read once for all views that have rows in it', async () => {
  const files = await writeTogether(output(), [
    [activity, new Map([['d\tt', [1]]])],
    [conversions, new Map([['d\tt\tEUR', [1, 2]]])],
  ]);
  const rowsFiles = createRowsFiles(dataDir);
  const own = files.get('conversions') as StoredFile;
  await rowsFiles.columnsOf(own, conversions);
  await rm(join(dataDir, own.path));
  const other = files.get('activity') as StoredFile;
  expect(await rowsFiles.columnsOf(other, activity)).toEqual([['d'], ['t'], [1]]);
  // Law 7: another manifest may say something else of it, which nothing showed to be so.
  for (const said of [{ sha256: '0'.repeat(64) }, { bytes: other.bytes + 1 }])
    await expect(rowsFiles.columnsOf({ ...other, ...said }, activity)).rejects.toThrow('is missing');
});
