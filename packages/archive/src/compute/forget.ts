/**
 * Erasures in the batch layer (packages/model/src/erasure.ts). A generation counts nothing of a user that lies before an erasure, and nothing after it
 * until it is lifted. What it knows of them, the next one goes on with: digests in its manifest.
 */
import type { Definitions } from '@tributary/model/definitions';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import type { DuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import { sqlText } from '../parquet.ts';
import { baseEvents, countOf } from './relations.ts';
import type { ComputeSpec, Forgotten, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';

export const NOTHING_FORGOTTEN: Forgotten = { events: 0, erased: [], lifted: [] };

export function allForgotten(parts: readonly Forgotten[]): Forgotten {
  return {
    events: parts.reduce((sum, { events }) => sum + events, 0),
    erased: parts.flatMap(({ erased }) => erased),
    lifted: parts.flatMap(({ lifted }) => lifted),
  };
}

/** In order, so that two attempts write the same. */
export function stillErased(before: readonly string[], { erased, lifted }: Forgotten): string[] {
  const gone = new Set(lifted);
  return [...new Set([...before.filter((digest) => !gone.has(digest)), ...erased])].sort();
}

/** What was refused: the place of an arrival is at or before the one after which events count. */
const REFUSED = `SELECT fresh.rowid FROM fresh JOIN forgotten USING (user_key)
  WHERE lifted IS NULL OR {'position': fresh.position, 'entry_index': fresh.entry_index} <= lifted`;

const DELETE_REFUSED = `DELETE FROM fresh WHERE rowid IN (${REFUSED})`;

/** Takes out of `fresh`, which is every arrival, what does not count. null: no user is erased, then or now. Leaves the tables of forget.sql. */
export async function forgetFresh(session: DuckDb, { dataDir, base }: ComputeSpec): Promise<Omit<Forgotten, 'events'> | null> {
  const types = ERASURE_TYPES.map(sqlText).join(', ');
  const before = base?.erased ?? [];
  if (before.length === 0 && (await countOf(session, `fresh WHERE type IN (${types})`)) === 0) return null;
  const digest = digestSql('user_key', await erasureKey(dataDir));
  await session.run(
    `CREATE OR REPLACE TABLE erased_before AS SELECT user_key FROM (SELECT DISTINCT user_key FROM fresh)
     WHERE ${digest} IN (SELECT unnest(from_json($before::JSON, '["VARCHAR"]')))`,
    { before: JSON.stringify(before) },
  );
  for (const sql of statementsOf('forget.sql')) await session.run(sql);
  await session.run(DELETE_REFUSED);
  const rows = await session.rows(`SELECT ${digest} AS digest, lifted IS NULL AS is_erased FROM forgotten`);
  const digests = (isErased: boolean) => rows.filter((row) => row['is_erased'] === isErased).map((row) => String(row['digest']));
  return { erased: digests(true), lifted: digests(false) };
}

/** Leaves the base's events of those who were erased since in `replaced`, with those that corrections replace. */
export async function forgetBase(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  said: Omit<Forgotten, 'events'>,
): Promise<Forgotten> {
  if (spec.base === null || (await countOf(session, 'erased_now')) === 0) return { ...said, events: 0 };
  const gone = `SELECT held.* FROM ${baseEvents(spec, shard, definitions)} AS held SEMI JOIN erased_now USING (user_key)`;
  if (spec.reread === undefined) await session.run(`CREATE OR REPLACE TABLE replaced AS ${gone}`);
  else {
    // What was read again of them counts as little as what arrived.
    await session.run(DELETE_REFUSED);
    for (const table of ['replaced', 'replaced_events'])
      await session.run(`DELETE FROM ${table} WHERE user_key IN (SELECT user_key FROM erased_now)`);
    await session.run(`INSERT INTO replaced BY NAME ${gone}`);
  }
  const goneNow = 'replaced WHERE user_key IN (SELECT user_key FROM erased_now)';
  await session.run(`INSERT INTO replaced_events SELECT user_key, id FROM ${goneNow}`);
  return { ...said, events: await countOf(session, goneNow) };
}
