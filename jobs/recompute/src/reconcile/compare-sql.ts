/**
 * What DuckDB is asked of one view. Its tables: `compared`, a row a key with each measure before, after and as causes explain it; `explained`, rows of
 * causes; `parts`, rows by class.
 */
import { quoted, viewFiles } from '@tributary/archive/compute/relations';
import type { StoredFile } from '@tributary/archive/layout';
import { filesSql } from '@tributary/archive/sql-text';
import type { ComparedView } from '../specs/compare.ts';
import type { Explained } from './compare-rows.ts';

const SIDES = ['before', 'after', 'explained'] as const;

/**
 * One row a key: each measure before, after, and what causes explain of it, 0 where there is none. In 128 bits: sums have no other bound. Most rows lie in
 * files that both generations name, which are read once for both.
 */
export function comparedSql(dataDir: string, view: ComparedView): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const side = (relation: string, ...of: (typeof SIDES)[number][]) =>
    `SELECT ${dimensions}, ${view.measures
      .flatMap((m) => SIDES.map((each) => (of.includes(each) ? quoted(m) : '0')))
      .map((value, i) => `${value}::HUGEINT AS m${i}`)
      .join(', ')} FROM ${relation}`;
  const { before, after, both } = filesBySide(view);
  const filed = (files: readonly StoredFile[]) => viewFiles(dataDir, files, view);
  const sides = [side(filed(before), 'before'), side(filed(after), 'after'), side(filed(both), 'before', 'after')];
  if (view.deltas !== null) sides.push(side(deltasSql(view, view.deltas.path), 'before'));
  sides.push(side('explained', 'explained'));
  const sums = view.measures.flatMap((m, i) =>
    SIDES.map((each, k) => `sum(m${SIDES.length * i + k}) AS ${quoted(`${m}_${each}`)}`),
  );
  return `SELECT ${dimensions}, ${sums.join(', ')} FROM (${sides.join(' UNION ALL ')}) GROUP BY ${dimensions}`;
}

/** Files of both sides were verified: those of one path are one. */
function filesBySide({ before, after }: Pick<ComparedView, 'before' | 'after'>) {
  const pathsOf = (files: readonly StoredFile[]) => new Set(files.map(({ path }) => path));
  const [pathsBefore, pathsAfter] = [pathsOf(before ?? []), pathsOf(after)];
  return {
    before: (before ?? []).filter(({ path }) => !pathsAfter.has(path)),
    after: after.filter(({ path }) => !pathsBefore.has(path)),
    both: after.filter(({ path }) => pathsBefore.has(path)),
  };
}

function deltasSql(view: ComparedView, path: string): string {
  const columns = [
    ...view.dimensions.map((name, i) => `d[${i + 1}] AS ${quoted(name)}`),
    ...view.measures.map((name, i) => `m[${i + 1}] AS ${quoted(name)}`),
  ];
  const read = `read_json(${filesSql([path])}, format = 'newline_delimited', hive_partitioning = false, columns = {d: 'VARCHAR[]', m: 'VARCHAR[]'})`;
  return `(SELECT ${columns.join(', ')} FROM ${read})`;
}

/** Rows by class, those of zeros left out: together they are the differences. */
export function partsSql(view: ComparedView, { remainder }: Explained): string {
  const left = view.measures.map((m) => `(${quoted(`${m}_after`)} - ${quoted(`${m}_before`)} - ${quoted(`${m}_explained`)})`);
  return `FROM explained UNION ALL
    SELECT '${remainder}', ${view.dimensions.map(quoted).join(', ')}, ${left.join(', ')}
    FROM compared WHERE ${left.map((sum) => `${sum} <> 0`).join(' OR ')}`;
}

export function partSumsSql(measures: readonly string[]): string {
  const sums = measures.flatMap((m) => [
    `sum(${quoted(m)}) AS ${quoted(`${m}_difference`)}`,
    `sum(abs(${quoted(m)})) AS ${quoted(`${m}_moved`)}`,
  ]);
  return sums.join(', ');
}

/** Whether the row is there on this side. */
export function presentSql({ measures }: ComparedView, which: (typeof SIDES)[number]): string {
  return measures.map((m) => `${quoted(`${m}_${which}`)} <> 0`).join(' OR ');
}

export function summarySql(view: ComparedView): string {
  const present = (which: (typeof SIDES)[number]) => presentSql(view, which);
  return `SELECT count(*) FILTER (WHERE ${present('before')}) AS rows_before, count(*) FILTER (WHERE ${present('after')}) AS rows_after,
    count(*) FILTER (WHERE ${differsSql(view)}) AS rows_differing,
    count(*) FILTER (WHERE ${present('before')} OR ${present('after')}) AS rows_compared, ${totalsSql(view.measures)} FROM compared`;
}

export function totalsSql(measures: readonly string[]): string {
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

export function differsSql(view: ComparedView): string {
  return view.measures.map((m) => `${quoted(`${m}_before`)} <> ${quoted(`${m}_after`)}`).join(' OR ');
}

export function sizeSql(view: ComparedView): string {
  return `greatest(${view.measures.map((m) => `abs(${quoted(`${m}_after`)} - ${quoted(`${m}_before`)})`).join(', ')})`;
}
