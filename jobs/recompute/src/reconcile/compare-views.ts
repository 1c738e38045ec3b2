/** Compares views row by row in DuckDB: they may be larger than a heap of JavaScript should be. Few rows are read instead. Runs in the child. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetFiles, quoted, viewColumns } from '@tributary/archive/compute/relations';
import { type DuckDb, openDuckDb, type SqlRow } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { sqlText } from '@tributary/archive/parquet';
import { verifyFiles } from '@tributary/archive/verify';
import { integer, readViewRows, safeInteger } from '@tributary/archive/views';
import { integerOf, subtract } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import { CAUSES } from '../specs/causes.ts';
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
import { compareRows, type Explained, namedParts } from './compare-rows.ts';

/** Up to these, before, after and deltas together, reading a view is quicker than asking about it: DuckDB plans the questions for 5 ms. */
const FEW_ROWS = 1_000;

/** By view what is known of its differences. */
export type ExplainedOf = (view: string) => Explained;

const ALL_DEFECTS: ExplainedOf = () => ({ rows: new Map(), remainder: 'engineDefect' });

export async function compareViews(spec: CompareSpec, explainedOf = ALL_DEFECTS): Promise<CompareResult> {
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
    for (const view of spec.views) {
      const compare = rowsOf(view) > (spec.fewRows ?? FEW_ROWS) ? compareView : compareFew;
      result[view.name] = await compare(session, spec, view, explainedOf(view.name));
    }
    return result;
  } finally {
    await session.close();
  }
}

function rowsOf({ before, deltas, after }: ComparedView): number {
  return (before?.rows ?? 0) + (deltas?.rows ?? 0) + after.rows;
}

async function compareFew(
  session: DuckDb,
  { dataDir, listedRows }: CompareSpec,
  view: ComparedView,
  explained: Explained,
): Promise<ViewComparison> {
  const read = (file: StoredFile) => readViewRows(session, dataDir, { generation: 0, views: { [view.name]: file } }, view);
  const before: Rows = view.before === null ? new Map() : await read(view.before);
  if (view.deltas !== null) await addDeltas(before, view.deltas.path);
  return compareRows(view, before, await read(view.after), listedRows, explained);
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

async function compareView(
  session: DuckDb,
  spec: CompareSpec,
  view: ComparedView,
  explained: Explained,
): Promise<ViewComparison> {
  await loadExplained(session, join(spec.tempDir, `${view.name}.explained.ndjson`), view, explained);
  await session.run(`CREATE OR REPLACE TEMP TABLE compared AS ${comparedSql(spec.dataDir, view)}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE parts AS ${partsSql(view, explained)}`);
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
    rowsCompared: count('rows_compared'),
    classes: await classesOf(session, view, explained, isMixed),
    totals: Object.fromEntries(totals),
    amounts,
    rows: await withClasses(
      session,
      view,
      rows.map((row) => differingRow(view, row)),
    ),
  };
}

async function loadExplained(session: DuckDb, path: string, view: ComparedView, { rows }: Explained): Promise<void> {
  const lines: string[] = [];
  for (const [cause, ofCause] of rows)
    for (const [key, measures] of ofCause)
      lines.push(`${JSON.stringify({ c: cause, d: key.split('\t'), m: measures.map(String) })}\n`);
  await writeFile(path, lines.join(''));
  const columns = [
    'c AS class',
    ...view.dimensions.map((name, i) => `d[${i + 1}] AS ${quoted(name)}`),
    ...view.measures.map((name, i) => `m[${i + 1}]::HUGEINT AS ${quoted(name)}`),
  ];
  const read = `read_json(${sqlText(path)}, format = 'newline_delimited', columns = {c: 'VARCHAR', d: 'VARCHAR[]', m: 'VARCHAR[]'})`;
  await session.run(`CREATE OR REPLACE TEMP TABLE explained AS SELECT ${columns.join(', ')} FROM ${read}`);
}

/** Rows by class, those of zeros left out: together they are the differences. */
function partsSql(view: ComparedView, { remainder }: Explained): string {
  const left = view.measures.map((m) => `(${quoted(`${m}_after`)} - ${quoted(`${m}_before`)} - ${quoted(`${m}_explained`)})`);
  return `FROM explained UNION ALL
    SELECT '${remainder}', ${view.dimensions.map(quoted).join(', ')}, ${left.join(', ')}
    FROM compared WHERE ${left.map((sum) => `${sum} <> 0`).join(' OR ')}`;
}

async function classesOf(
  session: DuckDb,
  view: ComparedView,
  { remainder }: Explained,
  isMixed: boolean,
): Promise<ViewComparison['classes']> {
  const amounts = view.dimensions.includes('currency') ? view.measures.filter(isAmount) : [];
  const summed = view.measures.filter((name) => !isMixed || !isAmount(name));
  const [wholes, byCurrency] = [
    await session.rows(`SELECT class, count(*) AS rows, ${partSums(view.measures)} FROM parts GROUP BY class`),
    amounts.length === 0
      ? []
      : await session.rows(
          `SELECT class, currency, ${partSums(amounts)} FROM parts WHERE ${amounts.map((m) => `${quoted(m)} <> 0`).join(' OR ')}
           GROUP BY class, currency ORDER BY currency`,
        ),
  ];
  const partsIn = (row: SqlRow, names: readonly string[]) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          difference: integer(row[`${name}_difference`], `${view.name}, ${name}`),
          moved: integer(row[`${name}_moved`], `${view.name}, ${name} moved`),
        },
      ]),
    );
  const ofClass = (name: string) => {
    const whole = wholes.find((row) => row['class'] === name);
    if (whole === undefined) return [];
    const own = byCurrency.filter((row) => row['class'] === name);
    const part = {
      rows: safeInteger(whole['rows'], 'rows'),
      totals: partsIn(whole, summed),
      amounts: Object.fromEntries(own.map((row) => [String(row['currency']), partsIn(row, amounts)])),
    };
    return [[name, part]];
  };
  return Object.fromEntries([...CAUSES, remainder].flatMap(ofClass));
}

function partSums(measures: readonly string[]): string {
  const sums = measures.flatMap((m) => [
    `sum(${quoted(m)}) AS ${quoted(`${m}_difference`)}`,
    `sum(abs(${quoted(m)})) AS ${quoted(`${m}_moved`)}`,
  ]);
  return sums.join(', ');
}

/** What classes have of these rows. */
async function withClasses(
  session: DuckDb,
  view: ComparedView,
  rows: readonly Omit<DifferingRow, 'classes'>[],
): Promise<DifferingRow[]> {
  if (rows.length === 0) return [];
  const keys = rows.map(({ key }) => JSON.stringify(Object.values(key)));
  const dimensions = view.dimensions.map(quoted).join(', ');
  const found = await session.rows(
    `SELECT * FROM (SELECT *, to_json([${dimensions}])::VARCHAR AS key FROM parts) WHERE key IN (SELECT unnest(from_json($keys, '["VARCHAR"]')))`,
    { keys: JSON.stringify(keys) },
  );
  const parts = Map.groupBy(found, (row) => String(row['key']));
  return rows.map((row, i) => ({
    ...row,
    classes: Object.fromEntries(
      (parts.get(keys[i] as string) ?? []).map((part) => [
        String(part['class']),
        namedParts(
          view.measures,
          view.measures.map((name) => integer(part[name], `${view.name}, ${name}`)),
        ),
      ]),
    ),
  }));
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

const SIDES = ['before', 'after', 'explained'] as const;

/** One row a key: each measure before, after, and what causes explain of it, 0 where there is none. In 128 bits: sums have no other bound. */
function comparedSql(dataDir: string, view: ComparedView): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const side = (relation: string, which: (typeof SIDES)[number]) =>
    `SELECT ${dimensions}, ${view.measures
      .flatMap((m) => SIDES.map((each) => (each === which ? quoted(m) : '0')))
      .map((value, i) => `${value}::HUGEINT AS m${i}`)
      .join(', ')} FROM ${relation}`;
  const columns = viewColumns(view);
  const before = parquetFiles(dataDir, view.before === null ? [] : [view.before], columns);
  const sides = [side(before, 'before'), side(parquetFiles(dataDir, [view.after], columns), 'after')];
  if (view.deltas !== null) sides.push(side(deltasSql(view, view.deltas.path), 'before'));
  sides.push(side('explained', 'explained'));
  const sums = view.measures.flatMap((m, i) =>
    SIDES.map((each, k) => `sum(m${SIDES.length * i + k}) AS ${quoted(`${m}_${each}`)}`),
  );
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
    count(*) FILTER (WHERE ${anyDiffers(view)}) AS rows_differing,
    count(*) FILTER (WHERE ${present('before')} OR ${present('after')}) AS rows_compared, ${totalsSql(view.measures)} FROM compared`;
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
        sum(`abs(${quoted(before)}) + abs(${quoted(after)})`, `${m}_magnitude`),
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

function differingRow(view: ComparedView, row: SqlRow): Omit<DifferingRow, 'classes'> {
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
    sums.map(([name, sum]) => [
      name,
      {
        ...sum,
        moved: integer(row[`${name}_moved`], `${view.name}, ${name} moved`),
        magnitude: integer(row[`${name}_magnitude`], `${view.name}, ${name} magnitude`),
      },
    ]),
  );
}
