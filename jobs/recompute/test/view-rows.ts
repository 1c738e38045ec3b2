/** Rows of the views of a generation. What small views share a file for is read and verified once. */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { GenerationManifest } from '@tributary/archive/layout';
import { createRowsFiles } from '@tributary/archive/rows-file';
import { readViewRows, type ViewColumns } from '@tributary/archive/views';
import type { RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';

export async function viewRowsOf(
  session: Pick<DuckDb, 'chunks'>,
  dataDir: string,
  manifest: Pick<GenerationManifest, 'generation' | 'views'>,
  views: readonly ViewColumns[] = VIEWS,
): Promise<RowsByView> {
  const rowsFiles = createRowsFiles(dataDir);
  const rows: RowsByView = new Map();
  for (const view of views) rows.set(view.name, await readViewRows(session, dataDir, manifest, view, rowsFiles));
  return rows;
}
