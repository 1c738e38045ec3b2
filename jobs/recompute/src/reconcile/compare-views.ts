/** Compares views row by row in DuckDB: they may be larger than a heap of JavaScript should be. Few rows are read instead. Runs in the child. */
import { readFile } from 'node:fs/promises';
import { parquetFiles, quoted, viewColumns } from '@tributary/archive/compute/relations';
import { type DuckDb, openDuckDb, type SqlRow } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/parquet';
import { verifyFiles } from '@tributary/archive/verify';
import { integer, readViewRows, safeInteger } from '@tributary/archive/views';
import { integerOf, subtract } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import {
  type BeforeAfter,
  type ComparedView,
  type CompareResult,
  type CompareSpec,
  type DifferingRow,
  isAmount,
  type Total,
  type ViewComparison,
} from '../specs/compare.ts';
import { compareRows } from './compare-rows.ts';

/** Up to these, before, after and deltas together, reading a view is quicker than asking about it: DuckDB plans the questions for 5 ms. */
const FEW_ROWS = 1_000;

export async function compareViews(spec: CompareSpec): Promise<CompareResult> {
  await verifyFiles(
    spec.dataDir,
    spec.views.flatMap((view) => (view.before === null ? [view.after] : [view.before, view.after])),
  );
  const session = await openDuckDb({
    memoryLimit: `${spec.limits.memoryMb}MiB`,
    threads: spec.limits.threads,
    tempDir: spec.tempDir,
  });
  try {
    const result: Record<string, ViewComparison> = {};
    for (const view of spec.views)
      result[view.name] = await (rowsOf(view) > (spec.fewRows ?? FEW_ROWS) ? compareView : compareFew)(session, spec, view);
    return result;
  } finally {
    await session.close();
  }
}

function rowsOf({ before, deltas, after }: ComparedView): number {
  return (before?.rows ?? 0) + (deltas?.rows ?? 0) + after.rows;
}

async function compareFew(session: DuckDb, { dataDir, listedRows }: CompareSpec, view: ComparedView): Promise<ViewComparison> {
  const read = (file: StoredFile) => readViewRows(session, dataDir, { generation: 0, views: { [view.name]: file } }, view);
  const before: Rows = view.before === null ? new Map() : await read(view.before);
  if (view.deltas !== null) await addDeltas(before, view.deltas.path);
  return compareRows(view, before, await read(view.after), listedRows);
}

async function addDeltas(rows: Rows, path: string): Promise<void> {
  for (const line of (await readFile(path, 'utf8')).split('\n')) {
    if (line === '') continue;
    const { d, m } = JSON.parse(line) as { readonly d: readonly string[]; readonly m: readonly string[] };
    addRow(
      rows,
      d.join('\t'),
      m.map((measure) => integerOf(BigInt(measure))),
    );
  }
}

async function compareView(session: DuckDb, spec: CompareSpec, view: ComparedView): Promise<ViewComparison> {
  await session.run(`CREATE OR REPLACE TEMP TABLE compared AS ${comparedSql(spec.dataDir, view)}`);
  const [summary] = await session.rows(summarySql(view));
  const count = (name: string) => safeInteger(summary?.[name], name);
  const rowsDiffering = count('rows_differing');
  const listed = `SELECT * FROM compared WHERE ${anyDiffers(view)}
    ORDER BY ${size(view)} DESC, ${view.dimensions.map(quoted).join(', ')} LIMIT ${spec.listedRows}`;
  const rows = rowsDiffering === 0 ? [] : await session.rows(listed);
  const amounts = await amountsOf(session, view);
  const isMixed = Object.keys(amounts).length > 1;
  const totals = Object.entries(totalsOf(view, summary ?? {})).filter(([name]) => !isMixed || !isAmount(name));
  return {
    rowsBefore: count('rows_before'),
    rowsAfter: count('rows_after'),
    rowsDiffering,
    totals: Object.fromEntries(totals),
    amounts,
    rows: rows.map((row) => differingRow(view, row)),
  };
}

/** By each currency that any row has an amount in. */
async function amountsOf(session: DuckDb, view: ComparedView): Promise<ViewComparison['amounts']> {
  const measures = view.measures.filter(isAmount);
  if (measures.length === 0 || !view.dimensions.includes('currency')) return {};
  const hasAmount = measures.flatMap((m) => ['before', 'after'].map((which) => `${quoted(`${m}_${which}`)} <> 0`)).join(' OR ');
  const rows = await session.rows(
    `SELECT currency, ${totalsSql(measures)} FROM compared WHERE ${hasAmount} GROUP BY currency ORDER BY currency`,
  );
  return Object.fromEntries(rows.map((row) => [String(row['currency']), totalsOf({ ...view, measures }, row)]));
}

/** One row a key: each measure before and after, 0 where there is none. In 128 bits: sums have no other bound. */
function comparedSql(dataDir: string, view: ComparedView): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const side = (relation: string, which: 'before' | 'after') =>
    `SELECT ${dimensions}, ${view.measures
      .flatMap((m) => (which === 'before' ? [quoted(m), '0'] : ['0', quoted(m)]))
      .map((value, i) => `${value}::HUGEINT AS m${i}`)
      .join(', ')} FROM ${relation}`;
  const columns = viewColumns(view);
  const before = parquetFiles(dataDir, view.before === null ? [] : [view.before], columns);
  const sides = [side(before, 'before'), side(parquetFiles(dataDir, [view.after], columns), 'after')];
  if (view.deltas !== null) sides.push(side(deltasSql(view, view.deltas.path), 'before'));
  const sums = view.measures.flatMap((m, i) => [
    `sum(m${2 * i}) AS ${quoted(`${m}_before`)}`,
    `sum(m${2 * i + 1}) AS ${quoted(`${m}_after`)}`,
  ]);
  return `SELECT ${dimensions}, ${sums.join(', ')} FROM (${sides.join(' UNION ALL ')}) GROUP BY ${dimensions}`;
}

function deltasSql(view: ComparedView, path: string): string {
  const columns = [
    ...view.dimensions.map((name, i) => `d[${i + 1}] AS ${quoted(name)}`),
    ...view.measures.map((name, i) => `m[${i + 1}] AS ${quoted(name)}`),
  ];
  const read = `read_json(${sqlText(path)}, format = 'newline_delimited', columns = {d: 'VARCHAR[]', m: 'VARCHAR[]'})`;
  return `(SELECT ${columns.join(', ')} FROM ${read})`;
}

function summarySql(view: ComparedView): string {
  const present = (which: string) => view.measures.map((m) => `${quoted(`${m}_${which}`)} <> 0`).join(' OR ');
  return `SELECT count(*) FILTER (WHERE ${present('before')}) AS rows_before, count(*) FILTER (WHERE ${present('after')}) AS rows_after,
    count(*) FILTER (WHERE ${anyDiffers(view)}) AS rows_differing, ${totalsSql(view.measures)} FROM compared`;
}

function totalsSql(measures: readonly string[]): string {
  const sum = (value: string, name: string) => `coalesce(sum(${value}), 0) AS ${quoted(name)}`;
  return measures
    .flatMap((m) => {
      const [before, after] = [`${m}_before`, `${m}_after`];
      return [
        sum(quoted(before), before),
        sum(quoted(after), after),
        sum(`abs(${quoted(after)} - ${quoted(before)})`, `${m}_moved`),
      ];
    })
    .join(', ');
}

function anyDiffers(view: ComparedView): string {
  return view.measures.map((m) => `${quoted(`${m}_before`)} <> ${quoted(`${m}_after`)}`).join(' OR ');
}

function size(view: ComparedView): string {
  return `greatest(${view.measures.map((m) => `abs(${quoted(`${m}_after`)} - ${quoted(`${m}_before`)})`).join(', ')})`;
}

function differingRow(view: ComparedView, row: SqlRow): DifferingRow {
  return {
    key: Object.fromEntries(view.dimensions.map((name) => [name, String(row[name])])),
    measures: measuresOf(view, row),
  };
}

function measuresOf(view: Pick<ComparedView, 'name' | 'measures'>, row: SqlRow): Record<string, BeforeAfter> {
  return Object.fromEntries(
    view.measures.map((name) => {
      const before = integer(row[`${name}_before`], `${view.name}, ${name} before`);
      const after = integer(row[`${name}_after`], `${view.name}, ${name} after`);
      return [name, { before, after, difference: subtract(after, before) }];
    }),
  );
}

function totalsOf(view: Pick<ComparedView, 'name' | 'measures'>, row: SqlRow): Record<string, Total> {
  const sums = Object.entries(measuresOf(view, row));
  return Object.fromEntries(
    sums.map(([name, sum]) => [name, { ...sum, moved: integer(row[`${name}_moved`], `${view.name}, ${name} moved`) }]),
  );
}
