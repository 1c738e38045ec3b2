/**
 * The parts of a generation that was computed shard by shard in different places: written where a shard is done, loaded where all
 * are merged. Rows of a part are summed by key already, so the merge reads less than the shards made.
 */
import { basename, join } from 'node:path';
import type { View } from '@tributary/views/view';
import { type DuckDb, runAll } from '../duckdb.ts';
import { linkExclusive, makeFolder } from '../durable.ts';
import { generationFolder } from '../generations.ts';
import type { StoredFile } from '../layout.ts';
import type { Output } from './output.ts';
import {
  CONVERSION_ROW_COLUMNS,
  type Columns,
  countsOf,
  keptView,
  parquetFiles,
  REPLACED_COLUMNS,
  viewColumns,
} from './relations.ts';
import type { ComputeSpec, ShardPart } from './spec.ts';
import { writeSummed } from './view-files.ts';

/** Writes the rows of a session in which one shard was computed. `areSums`: as `RowsOrigin` has it of one shard. */
export async function writePart(
  session: Pick<DuckDb, 'rows'>,
  output: Output,
  views: readonly View[],
  areSums: boolean,
): Promise<Pick<ShardPart, 'rows' | 'conversions' | 'replaced'>> {
  const tables = [...views.map(({ name }) => `rows_${name}`), 'conversion_rows', 'replaced_events'];
  const counts = new Map((await countsOf(session, tables)).map((count, i) => [tables[i], count]));
  const written = async (name: string, table: string, view?: View): Promise<StoredFile[]> => {
    const given = counts.get(table) as number;
    if (given === 0) return [];
    const write = (query: string) => output.writeRows(name, query, given);
    return view === undefined ? write(`SELECT * FROM ${table}`) : writeSummed({ ...keptView(view), rows: table, areSums }, write);
  };
  const rows: Record<string, StoredFile[]> = {};
  for (const view of views) rows[view.name] = await written(`rows-${view.name}`, `rows_${view.name}`, view);
  const conversions = await written('conversions', 'conversion_rows');
  return { rows, conversions, replaced: await written('replaced', 'replaced_events') };
}

/** Leaves `rows_<view>`, `conversion_rows` and `replaced_events`, as if all shards had been computed in this session. */
export async function loadParts(
  session: DuckDb,
  spec: ComputeSpec,
  views: readonly View[],
  parts: readonly ShardPart[],
): Promise<void> {
  const relations: [string, (part: ShardPart) => readonly StoredFile[], Columns][] = [
    ...views.map((view): (typeof relations)[number] => [
      `rows_${view.name}`,
      ({ rows }) => rows[view.name] ?? [],
      viewColumns(keptView(view)),
    ]),
    ['conversion_rows', ({ conversions }) => conversions, CONVERSION_ROW_COLUMNS],
    ['replaced_events', ({ replaced }) => replaced, REPLACED_COLUMNS],
  ];
  await runAll(
    session,
    relations.map(
      ([name, filesOf, columns]) =>
        `CREATE VIEW ${name} AS SELECT * FROM ${parquetFiles(spec.dataDir, parts.flatMap(filesOf), columns)}`,
    ),
  );
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
