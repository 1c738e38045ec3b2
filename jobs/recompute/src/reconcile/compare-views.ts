/** Compares views row by row: one of few rows in memory, one of many in DuckDB, as it may be larger than a heap of JavaScript should be. Runs in the child. */
import { readFile } from 'node:fs/promises';
import { openDuckDb } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { createRowsFiles } from '@tributary/archive/rows-file';
import { verifyFiles } from '@tributary/archive/verify';
import { readViewRows } from '@tributary/archive/views';
import { integerOf } from '@tributary/model/integer';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { ComparedView, CompareResult, CompareSpec, ViewComparison } from '../specs/compare.ts';
import { compareInDuckDb } from './compare-in-duckdb.ts';
import { compareRows, type Explained } from './compare-rows.ts';

/** Up to these, before, after and deltas together, reading a view is quicker than asking about it: DuckDB plans the questions for 5 ms. */
const MOST_COMPARED_HERE = 1_000;

/** By view what is known of its differences. */
export type ExplainedOf = (view: string) => Explained;

const ALL_DEFECTS: ExplainedOf = () => ({ rows: new Map(), remainder: 'engineDefect' });

export async function compareViews(spec: CompareSpec, explainedOf = ALL_DEFECTS): Promise<CompareResult> {
  await verifyFiles(
    spec.dataDir,
    spec.views.flatMap((view) => [...(view.before ?? []), ...view.after]),
  );
  const session = await openDuckDb({
    memoryLimit: `${spec.limits.memoryMb}MiB`,
    threads: spec.limits.threads,
    tempDir: spec.tempDir,
  });
  try {
    const result: Record<string, ViewComparison> = {};
    const rowsFiles = createRowsFiles(spec.dataDir);
    const read: ReadRows = (view, files) =>
      readViewRows(session, spec.dataDir, { generation: 0, views: { [view.name]: files } }, view, rowsFiles);
    for (const view of spec.views) {
      const explained = explainedOf(view.name);
      result[view.name] =
        rowsOf(view) > (spec.fewRows ?? MOST_COMPARED_HERE)
          ? await compareInDuckDb(session, spec, view, explained)
          : await compareFew(read, spec, view, explained);
    }
    return result;
  } finally {
    await session.close();
  }
}

function rowsOf({ before, deltas, after }: ComparedView): number {
  return [...(before ?? []), deltas ?? { rows: 0 }, ...after].reduce((sum, { rows }) => sum + rows, 0);
}

type ReadRows = (view: ComparedView, files: readonly StoredFile[]) => Promise<Rows>;

async function compareFew(read: ReadRows, spec: CompareSpec, view: ComparedView, explained: Explained): Promise<ViewComparison> {
  const before: Rows = view.before === null ? new Map() : await read(view, view.before);
  if (view.deltas !== null) await addDeltas(before, view.deltas.path);
  return compareRows(view, before, await read(view, view.after), spec, explained);
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
