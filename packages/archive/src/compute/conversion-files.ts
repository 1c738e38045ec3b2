/** The conversions of a generation: the base's, if they serve, and those of the shards; without what fresh events took over. */

import type { Definitions } from '@tributary/model/definitions';
import type { DuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import type { Output } from './output.ts';
import { CONVERSION_COLUMNS, parquetFiles } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

const CONVERSION = Object.keys(CONVERSION_COLUMNS).join(', ');

/** Sorted by id, for finding one conversion fast. A base under other definitions chose other conversions. */
export async function writeConversions(
  session: DuckDb,
  spec: ComputeSpec,
  { onceMs }: Definitions,
  output: Output,
): Promise<StoredFile[]> {
  const base = spec.reuseRows ? (spec.base?.conversions ?? []) : [];
  const held = onceMs.size === 0 ? base : await withoutTakenOver(session, spec, base, output);
  const counted = onceMs.size === 0 ? '' : 'WHERE NOT taken_over';
  const own = await output.writeRows('conversions', `SELECT ${CONVERSION} FROM conversion_rows ${counted} ORDER BY id`);
  return output.merge('conversions', CONVERSION_COLUMNS, [...held, ...own], 'ORDER BY id');
}

/** Only the files that hold any are written again, as one. */
async function withoutTakenOver(
  session: DuckDb,
  spec: ComputeSpec,
  files: readonly StoredFile[],
  output: Output,
): Promise<readonly StoredFile[]> {
  await session.run(`CREATE OR REPLACE TABLE gone AS SELECT user_key, id FROM conversion_rows WHERE taken_over`);
  const [count] = await session.rows('SELECT count(*) AS rows FROM gone');
  if (count?.['rows'] === 0n) return files;
  const hit: StoredFile[] = [];
  for (const file of files) {
    const [found] = await session.rows(
      `SELECT count(*) AS rows FROM ${parquetFiles(spec.dataDir, [file], CONVERSION_COLUMNS)} AS held SEMI JOIN gone USING (user_key, id)`,
    );
    if (found?.['rows'] !== 0n) hit.push(file);
  }
  const left = `SELECT * FROM ${parquetFiles(spec.dataDir, hit, CONVERSION_COLUMNS)} AS held ANTI JOIN gone USING (user_key, id) ORDER BY id`;
  return [...files.filter((file) => !hit.includes(file)), ...(await output.writeRows('conversions-left', left))];
}
