/** The conversions of a generation: the base's, if they serve, and those of the shards; without what is none any longer. */

import type { Definitions } from '@tributary/model/definitions';
import type { DuckDb } from '../duckdb.ts';
import type { StoredFile } from '../layout.ts';
import { inOrder } from '../parquet.ts';
import { type Output, rowsIn } from './output.ts';
import { CONVERSION_COLUMNS, countOf, parquetFiles } from './relations.ts';
import type { ComputeSpec } from './spec.ts';

const CONVERSION = Object.keys(CONVERSION_COLUMNS).join(', ');

/** Sorted by id, for finding one conversion fast. A base under other definitions chose other conversions. `arrived`: events of the run. */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
export async function writeConversions(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  output: Output,
  replaces: boolean,
  arrived: number,
): Promise<StoredFile[]> {
  const base = spec.reuseRows ? (spec.base?.conversions ?? []) : [];
  const mayGo = replaces || mayLoseConversions(spec, definitions);
  if (mayGo) await session.run(`CREATE TABLE conversion_changes AS ${CHANGES}`);
  const held = mayGo ? await withoutGone(session, spec, base, output) : base;
  const counted = mayGo ? 'conversion_changes WHERE NOT is_gone' : 'conversion_rows';
  const own = await output.writeRows('conversions', inOrder(`SELECT ${CONVERSION} FROM ${counted}`, 'id', arrived), arrived);
  return output.merge('conversions', CONVERSION_COLUMNS, [...held, ...own], 'ORDER BY id');
}

/** Whether what the base has may be none any longer. */
export function mayLoseConversions({ reread }: Pick<ComputeSpec, 'reread'>, { onceMs }: Pick<Definitions, 'onceMs'>): boolean {
  return onceMs.size > 0 || reread !== undefined;
}

/** One that comes in one look at a user and goes in another is as it was. */
const CHANGES = `SELECT ${CONVERSION}, sum(CASE WHEN is_gone THEN -1 ELSE 1 END) < 0 AS is_gone
  FROM conversion_rows GROUP BY ${CONVERSION} HAVING sum(CASE WHEN is_gone THEN -1 ELSE 1 END) <> 0`;

/** Only the files that hold any are written again, as one. */
async function withoutGone(
  session: DuckDb,
  spec: ComputeSpec,
  files: readonly StoredFile[],
  output: Output,
): Promise<readonly StoredFile[]> {
  await session.run(`CREATE OR REPLACE TABLE gone AS SELECT user_key, id FROM conversion_changes WHERE is_gone`);
  if ((await countOf(session, 'gone')) === 0) return files;
  const hit: StoredFile[] = [];
  for (const file of files) {
    const [found] = await session.rows(
      `SELECT count(*) AS rows FROM ${parquetFiles(spec.dataDir, [file], CONVERSION_COLUMNS)} AS held SEMI JOIN gone USING (user_key, id)`,
    );
    if (found?.['rows'] !== 0n) hit.push(file);
  }
  const left = `SELECT * FROM ${parquetFiles(spec.dataDir, hit, CONVERSION_COLUMNS)} AS held ANTI JOIN gone USING (user_key, id) ORDER BY id`;
  return [...files.filter((file) => !hit.includes(file)), ...(await output.writeRows('conversions-left', left, rowsIn(hit)))];
}
