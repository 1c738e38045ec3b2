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
  return `${summedRows(view, before)} ORDER BY ${view.dimensions.map(quoted).join(', ')}`;
}

/** The rows of the session, and more if there are, one a key. Rows of zeros are no rows. */
export function summedRows(view: View, more = ''): string {
  const dimensions = view.dimensions.map(quoted).join(', ');
  const columns = `${dimensions}, ${view.measures.map(quoted).join(', ')}`;
  const sums = view.measures.map((measure) => `sum(${quoted(measure)})::BIGINT AS ${quoted(measure)}`).join(', ');
  const nonZero = view.measures.map((measure) => `sum(${quoted(measure)}) <> 0`).join(' OR ');
  return `SELECT ${dimensions}, ${sums} FROM (SELECT ${columns} FROM rows_${view.name} ${more})
    GROUP BY ${dimensions} HAVING ${nonZero}`;
}
