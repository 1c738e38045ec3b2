/**
 * The parts of a generation that was computed shard by shard in different places: written where a shard is done, loaded where all
 * are merged. Rows of a part are summed by key already, so the merge reads less than the shards made.
 */
import { basename, join } from 'node:path';
import type { Definitions } from '@tributary/model/definitions';
import type { View } from '@tributary/views/view';
import type { DuckDb } from '../duckdb.ts';
import { linkExclusive, makeFolder } from '../durable.ts';
import { generationFolder } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import type { Output } from './output.ts';
import { conversionRowColumns, keptView, parquetFiles, viewColumns } from './relations.ts';
import { areSummedByShard } from './shard.ts';
import type { ComputeSpec, ShardPart } from './spec.ts';
import { writeSummed } from './view-files.ts';

/** Writes the rows of a session in which one shard was computed. */
export async function writePart(
  output: Output,
  definitions: Definitions,
  views: readonly View[],
): Promise<Pick<ShardPart, 'rows' | 'conversions'>> {
  const rows: Record<string, StoredFile[]> = {};
  for (const view of views) {
    const kept = { ...keptView(view), rows: `rows_${view.name}`, areSums: areSummedByShard(definitions) };
    rows[view.name] = await writeSummed(kept, (query) => output.writeRows(`rows-${view.name}`, query));
  }
  return { rows, conversions: await output.writeRows('conversions', 'SELECT * FROM conversion_rows') };
}

/** Leaves `rows_<view>` and `conversion_rows`, as if all shards had been computed in this session. */
export async function loadParts(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  parts: readonly ShardPart[],
): Promise<void> {
  for (const view of views) {
    const files = parts.flatMap((part) => part.rows[view.name] ?? []);
    await session.run(
      `CREATE VIEW rows_${view.name} AS SELECT * FROM ${parquetFiles(spec.dataDir, files, viewColumns(keptView(view)))}`,
    );
  }
  const conversions = parquetFiles(
    spec.dataDir,
    parts.flatMap((part) => part.conversions),
    conversionRowColumns(definitions),
  );
  await session.run(`CREATE VIEW conversion_rows AS SELECT * FROM ${conversions}`);
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
