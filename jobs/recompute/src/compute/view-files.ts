/** The views of a generation: the base's rows, if they serve, plus what the fresh events change. */
import type { StoredFile } from '@tributary/archive/layout';
import type { View } from '@tributary/views/view';
import type { Output } from './output.ts';
import { parquetFiles, quoted, viewColumns } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

export async function writeViews(spec: ComputeSpec, views: readonly View[], output: Output): Promise<Record<string, StoredFile>> {
  const files: Record<string, StoredFile> = {};
  for (const view of views) {
    const held = spec.reuseRows ? spec.base?.views[view.name] : undefined;
    files[view.name] = await output.write(`view-${view.name}`, viewQuery(spec, view, held));
  }
  return files;
}

/** Sorted, so that readers of a range of days pass over the rest. */
function viewQuery(spec: ComputeSpec, view: View, held: StoredFile | undefined): string {
  const before = held === undefined ? '' : `UNION ALL ${parquetFiles(spec.dataDir, [held], viewColumns(view))}`;
  return `SELECT * FROM (${summedRows(view, before)}) ORDER BY ${view.dimensions.map(quoted).join(', ')}`;
}

/** The largest sum of one row of a file. */
const MOST = '9223372036854775807';

/**
 * The rows of the session, and more if there are, summed: one a key, no rows of zeros. A sum that 64 bits do not hold is filed as
 * several rows of its key, which add up like any rows: readers of our files, and of Parquet at large, know integers of 64 bits.
 */
export function summedRows(view: View, more = ''): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const columns = `${dimensions}, ${view.measures.map(quoted).join(', ')}`;
  const sums = view.measures.map((measure) => `sum(${quoted(measure)}) AS ${quoted(measure)}`).join(', ');
  const nonZero = view.measures.map((measure) => `sum(${quoted(measure)}) <> 0`).join(' OR ');
  const fits = view.measures.map((measure) => `${quoted(measure)} BETWEEN -${MOST} AND ${MOST}`).join(' AND ');
  const whole = view.measures.map((measure) => `${quoted(measure)}::BIGINT AS ${quoted(measure)}`).join(', ');
  const parts = `greatest(${view.measures.map((measure) => `abs(${quoted(measure)})`).join(', ')}) // ${MOST} + 1`;
  const part = view.measures
    .map((m) => `(${quoted(m)} * (i + 1) // parts - ${quoted(m)} * i // parts)::BIGINT AS ${quoted(m)}`)
    .join(', ');
  return `WITH summed AS MATERIALIZED (
      SELECT ${dimensions}, ${sums} FROM (SELECT ${columns} FROM rows_${view.name} ${more})
      GROUP BY ${dimensions} HAVING ${nonZero})
    SELECT ${dimensions}, ${whole} FROM summed WHERE ${fits}
    UNION ALL SELECT ${dimensions}, ${part}
      FROM (SELECT *, ${parts} AS parts, unnest(range((${parts})::BIGINT)) AS i FROM summed WHERE NOT (${fits}))`;
}
