/** Compares the rows of one view in DuckDB: what compare-rows.ts does in memory where there are few. The questions are in compare-sql.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '@tributary/archive/compute/relations';
import type { DuckDb, SqlRow } from '@tributary/archive/duckdb';
import { filesSql } from '@tributary/archive/sql-text';
import { integer, safeInteger } from '@tributary/archive/views';
import { subtract } from '@tributary/model/integer';
import { CAUSES } from '../specs/causes.ts';
import {
  type BeforeAfter,
  type ComparedView,
  type CompareSpec,
  type DifferingRow,
  isAmount,
  type Total,
  type ViewComparison,
} from '../specs/compare.ts';
import { type Explained, namedParts } from './compare-rows.ts';
import { comparedSql, differsSql, partSumsSql, partsSql, presentSql, sizeSql, summarySql, totalsSql } from './compare-sql.ts';

export async function compareInDuckDb(
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
  const listed = `SELECT * FROM compared WHERE (${differsSql(view)}) AND ${spec.hidesGone ? `(${presentSql(view, 'after')})` : 'true'}
    ORDER BY ${sizeSql(view)} DESC, ${view.dimensions.map(quoted).join(', ')} LIMIT ${spec.listedRows}`;
  const rows = rowsDiffering === 0 ? [] : await session.rows(listed);
  const amounts = await amountsOf(session, view);
  const isMixed = Object.keys(amounts).length > 1;
  const totals = Object.entries(totalsOf(view, summary ?? {})).filter(([name]) => !isMixed || !isAmount(name));
  return {
    dimensions: view.dimensions,
    rowsBefore: count('rows_before'),
    rowsAfter: count('rows_after'),
    rowsDiffering,
    rowsCompared: count('rows_compared'),
    classes: await classesOf(session, view, explained, isMixed),
    totals: Object.fromEntries(totals),
    amounts,
    rows: rows.map((row) => differingRow(view, row, explained)),
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
  const columnsOfLines = "{c: 'VARCHAR', d: 'VARCHAR[]', m: 'VARCHAR[]'}";
  const read = `read_json(${filesSql([path])}, format = 'newline_delimited', hive_partitioning = false, columns = ${columnsOfLines})`;
  await session.run(`CREATE OR REPLACE TEMP TABLE explained AS SELECT ${columns.join(', ')} FROM ${read}`);
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
    await session.rows(`SELECT class, count(*) AS rows, ${partSumsSql(view.measures)} FROM parts GROUP BY class`),
    amounts.length === 0
      ? []
      : await session.rows(
          `SELECT class, currency, ${partSumsSql(amounts)} FROM parts WHERE ${amounts.map((m) => `${quoted(m)} <> 0`).join(' OR ')}
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

function differingRow(view: ComparedView, row: SqlRow, explained: Explained): DifferingRow {
  const key = Object.fromEntries(view.dimensions.map((name) => [name, String(row[name])]));
  const measures = measuresOf(view, row);
  return { key, measures, classes: classesOfRow(view, row, { key, measures }, explained) };
}

/** What causes have of the row, and what they leave. */
function classesOfRow(
  view: ComparedView,
  row: SqlRow,
  { key, measures }: Pick<DifferingRow, 'key' | 'measures'>,
  { rows, remainder }: Explained,
): DifferingRow['classes'] {
  const name = Object.values(key).join('\t');
  const ofCauses = [...rows].flatMap(([cause, own]) => {
    const part = own.get(name);
    return part === undefined ? [] : [[cause, namedParts(view.measures, part)] as const];
  });
  const ofAllCauses = (m: string) => integer(row[`${m}_explained`], `${view.name}, ${m} explained`);
  const left = view.measures.map((m) => subtract(measures[m]?.difference ?? 0, ofAllCauses(m)));
  const ofRest = left.some((one) => one !== 0) ? [[remainder, namedParts(view.measures, left)] as const] : [];
  return Object.fromEntries([...ofCauses, ...ofRest]);
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
