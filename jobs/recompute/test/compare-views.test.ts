/** Law 5 within the reconciliation: a view of few rows, which is read, and one of many, which DuckDB is asked about, compare alike. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { copyToParquet, keepFile } from '@tributary/archive/parquet';
import { compareViews, type ExplainedOf } from '@tributary/recompute/reconcile/compare-views';
import type { ComparedView, DifferingRow } from '@tributary/recompute/specs/compare';
import { rowsSql } from '@tributary/testkit/inputs/event-rows';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { addRow, type Rows } from '@tributary/views/deltas';
import { afterAll, beforeAll, expect, test } from 'vitest';

const DIMENSIONS = ['day', 'channel', 'currency'];
const MEASURES = ['conversions', 'valueMinor'];
const COLUMNS = { day: 'VARCHAR', channel: 'VARCHAR', currency: 'VARCHAR', conversions: 'BIGINT', valueMinor: 'BIGINT' };
let dataDir: string;
let session: DuckDb;
let files = 0;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-compare-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterAll(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** A key may occur twice, and its sums may cancel, as those of sums beyond 64 bits may. */
function rowsOf(random: Random) {
  return Array.from({ length: random.below(40) }, () => ({
    day: random.pick(['2026-11-01', '2026-11-02']),
    channel: random.pick(['search', 'Mail', 'é', '\u{1F600}', '\uFF5E', '(other)']),
    currency: random.pick(['EUR', 'USD', '']),
    conversions: random.between(-2, 2),
    valueMinor: random.pick([0, 0, 1, -1, 250, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]),
  }));
}

async function fileOf(rows: readonly object[]): Promise<StoredFile> {
  const staged = join(dataDir, `${++files}.staged`);
  const count = await copyToParquet(session, rowsSql(COLUMNS), staged, { rows: JSON.stringify(rows) });
  return keepFile(dataDir, staged, `${files}.parquet`, count);
}

/** Rows of one key in different files add up. */
async function halvesOf(rows: readonly object[]): Promise<StoredFile[]> {
  const half = rows.length >> 1;
  return [await fileOf(rows.slice(0, half)), await fileOf(rows.slice(half))];
}

async function viewOf(random: Random): Promise<ComparedView> {
  const deltas = rowsOf(random).slice(0, 10);
  const path = join(dataDir, `${++files}.ndjson`);
  const lines = deltas.map(({ day, channel, currency, conversions, valueMinor }) =>
    JSON.stringify({ d: [day, channel, currency], m: [`${conversions}`, `${valueMinor}`] }),
  );
  await writeFile(path, lines.map((line) => `${line}\n`).join(''));
  const rows = rowsOf(random);
  const before = random.chance(0.2) ? null : await halvesOf(rows);
  // Often nearly the same rows, as it is where the layers agree, often in the same files.
  const after = await halvesOf(random.chance(0.5) ? [...rows, ...deltas] : rowsOf(random));
  const kept = before === null ? [] : random.pick([before, before.slice(0, 1), []]);
  return {
    name: 'credit',
    dimensions: DIMENSIONS,
    measures: MEASURES,
    before,
    deltas: random.chance(0.2) ? null : { path, rows: deltas.length },
    after: kept.length === 2 ? [...kept, await fileOf(deltas)] : [...kept, ...after],
  };
}

/** Causes that explain rows by chance, some of which neither side has. */
function explainedAt(views: readonly ComparedView[]): ExplainedOf {
  const of = new Map(
    views.map(({ name }, i) => {
      const random = createRandom(1_000 + i);
      const rows = () => {
        const some: Rows = new Map();
        for (const { day, channel, currency, conversions, valueMinor } of rowsOf(random).slice(0, 5))
          addRow(some, [day, channel, currency].join('\t'), [conversions, valueMinor]);
        return some;
      };
      return [
        name,
        { rows: new Map([['late', rows()] as const, ['duplicate', rows()] as const]), remainder: 'overflow' as const },
      ];
    }),
  );
  return (name) => of.get(name) ?? { rows: new Map(), remainder: 'engineDefect' };
}

test('law 5: read or asked about, 60 random views compare alike, to the row and its order', async () => {
  const views: ComparedView[] = [];
  for (let seed = 1; seed <= 60; seed++) views.push({ ...(await viewOf(createRandom(seed))), name: `seed ${seed}` });
  const spec = { dataDir, tempDir: join(dataDir, 'spill'), views, listedRows: 3, limits: { memoryMb: 256, threads: 1 } };
  const explained = explainedAt(views);
  const few = await compareViews(spec, explained);
  expect(few).toEqual(await compareViews({ ...spec, fewRows: 0 }, explained));
  const hiding = await compareViews({ ...spec, hidesGone: true }, explained);
  expect(hiding).toEqual(await compareViews({ ...spec, hidesGone: true, fewRows: 0 }, explained));
  const isGone = ({ measures }: DifferingRow) => Object.values(measures).every(({ after }) => after === 0);
  expect(
    Object.values(few)
      .flatMap(({ rows }) => rows)
      .some(isGone),
  ).toBe(true);
  expect(
    Object.values(hiding)
      .flatMap(({ rows }) => rows)
      .some(isGone),
  ).toBe(false);
  const counted = (all: typeof few) => Object.values(all).map(({ rows: _, ...rest }) => rest);
  expect(counted(hiding)).toEqual(counted(few));
  expect(Object.values(few).filter(({ classes }) => Object.keys(classes).length === 3).length).toBeGreaterThan(20);
  expect(Object.values(few).filter(({ rowsDiffering }) => rowsDiffering > 3).length).toBeGreaterThan(20);
});

test.each([
  ['before', 1_000, 0, 0],
  ['of the deltas', 0, 1_000, 0],
  ['after', 0, 0, 1_000],
])('rows %s count towards those that are many', async (_, before, deltas, after) => {
  const file = await fileOf([]);
  const viewOfRows = (one: number) => ({
    ...{ name: 'credit', dimensions: DIMENSIONS, measures: MEASURES },
    before: [{ ...file, rows: before }],
    deltas: { path: join(dataDir, 'none.ndjson'), rows: deltas + one },
    after: [{ ...file, rows: after }],
  });
  const compare = (view: ComparedView) =>
    compareViews({
      dataDir,
      tempDir: join(dataDir, 'spill'),
      views: [view],
      listedRows: 3,
      limits: { memoryMb: 256, threads: 1 },
    });
  // Few are read by this process, DuckDB reads many.
  await expect(compare(viewOfRows(1))).rejects.toThrow(/No files found/);
  if (deltas > 0) await expect(compare(viewOfRows(0))).rejects.toThrow(/ENOENT/);
});

test('one generation and its deltas, by hand', async () => {
  const row = { day: '2026-11-01', channel: 'search', currency: 'EUR', conversions: 2, valueMinor: 900 };
  const before = await halvesOf([row, { ...row, currency: 'USD', conversions: 1, valueMinor: 500 }]);
  const after = await halvesOf([{ ...row, conversions: 3 }]);
  const path = join(dataDir, 'by-hand.ndjson');
  await writeFile(path, '{"d":["2026-11-01","search","USD"],"m":["-1","-500"]}\n');
  const view = { name: 'credit', dimensions: DIMENSIONS, measures: MEASURES, before, deltas: { path, rows: 1 }, after };
  const spec = { dataDir, tempDir: join(dataDir, 'spill'), views: [view], listedRows: 9, limits: { memoryMb: 256, threads: 1 } };
  for (const fewRows of [0, 100])
    expect(await compareViews({ ...spec, fewRows })).toEqual({
      credit: {
        dimensions: DIMENSIONS,
        rowsBefore: 1,
        rowsAfter: 1,
        rowsDiffering: 1,
        rowsCompared: 1,
        classes: {
          engineDefect: {
            rows: 1,
            totals: { conversions: { difference: 1, moved: 1 }, valueMinor: { difference: 0, moved: 0 } },
            amounts: {},
          },
        },
        totals: {
          conversions: { before: 2, after: 3, difference: 1, moved: 1, magnitude: 5 },
          valueMinor: { before: 900, after: 900, difference: 0, moved: 0, magnitude: 1_800 },
        },
        amounts: { EUR: { valueMinor: { before: 900, after: 900, difference: 0, moved: 0, magnitude: 1_800 } } },
        rows: [
          {
            key: { day: '2026-11-01', channel: 'search', currency: 'EUR' },
            measures: {
              conversions: { before: 2, after: 3, difference: 1 },
              valueMinor: { before: 900, after: 900, difference: 0 },
            },
            classes: { engineDefect: { conversions: 1 } },
          },
        ],
      },
    });
});
