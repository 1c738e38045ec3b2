/**
 * The parts of a generation that was computed shard by shard in different places: written where a shard is done, loaded where all
 * are merged. Rows of a part are summed by key already, so the merge reads less than the shards made.
 */
import { basename, join } from 'node:path';
import type { View } from '@tributary/views/view';
import type { DuckDb } from '../duckdb.ts';
import { linkExclusive, makeFolder } from '../durable.ts';
import { generationFolder } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import type { Output } from './output.ts';
import { CONVERSION_ROW_COLUMNS, keptView, parquetFiles, REPLACED_COLUMNS, viewColumns } from './relations.ts';
import type { ComputeSpec, ShardPart } from './spec.ts';
import { writeSummed } from './view-files.ts';

/** Writes the rows of a session in which one shard was computed. `areSums`: as `RowsOrigin` has it of one shard. */
export async function writePart(
  output: Output,
  views: readonly View[],
  areSums: boolean,
): Promise<Pick<ShardPart, 'rows' | 'conversions' | 'replaced'>> {
  const rows: Record<string, StoredFile[]> = {};
  for (const view of views) {
    const kept = { ...keptView(view), rows: `rows_${view.name}`, areSums };
    rows[view.name] = await writeSummed(kept, (query) => output.writeRows(`rows-${view.name}`, query));
  }
  const conversions = await output.writeRows('conversions', 'SELECT * FROM conversion_rows');
  return { rows, conversions, replaced: await output.writeRows('replaced', 'SELECT * FROM replaced_events') };
}

/** Leaves `rows_<view>`, `conversion_rows` and `replaced_events`, as if all shards had been computed in this session. */
export async function loadParts(
  session: DuckDb,
  spec: ComputeSpec,
  views: readonly View[],
  parts: readonly ShardPart[],
): Promise<void> {
  for (const view of views) {
    const files = parts.flatMap((part) => part.rows[view.name] ?? []);
    await session.run(
      `CREATE VIEW rows_${view.name} AS SELECT * FROM ${parquetFiles(spec.dataDir, files, viewColumns(keptView(view)))}`,
    );
  }
  const others = {
    conversion_rows: ['conversions', CONVERSION_ROW_COLUMNS],
    replaced_events: ['replaced', REPLACED_COLUMNS],
  } as const;
  for (const [name, [kind, columns]] of Object.entries(others)) {
    const rows = parquetFiles(
      spec.dataDir,
      parts.flatMap((part) => part[kind]),
      columns,
    );
    await session.run(`CREATE VIEW ${name} AS SELECT * FROM ${rows}`);
  }
}

/** The increments under names of this attempt in the generation's folder: links, so that the parts stay whole for a later attempt. */
export async function adoptIncrements(spec: ComputeSpec, parts: readonly ShardPart[]): Promise<StoredFile[]> {
  const folder = generationFolder(spec.generation);
  await makeFolder(join(spec.dataDir, folder));
  const adopted: StoredFile[] = [];
  for (const file of parts.flatMap((part) => part.increments)) {
    const path = `${folder}/${basename(file.path).replace(/-[0-9a-f]+\.parquet$/, `-${spec.attempt}.parquet`)}`;
    if (!(await linkExclusive(join(spec.dataDir, file.path), join(spec.dataDir, path))))
      throw new Error(`${path} is taken: two attempts share the name ${spec.attempt}`);
    adopted.push({ ...file, path });
  }
  return adopted;
}
