/**
 * Erasures in the batch layer (packages/model/src/erasure.ts). A generation counts nothing of a user that lies before an erasure, and nothing after it
 * until it is lifted. What it knows of them, the next one goes on with: digests in its manifest.
 */
import type { Definitions } from '@tributary/model/definitions';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import { type DuckDb, runAll } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import type { GenerationManifest } from '../layout.ts';
import { sqlText } from '../sql-text.ts';
import { areEvents, baseEvents, countOf } from './relations.ts';
import type { ComputeSpec, Forgotten, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';

export const NOTHING_FORGOTTEN: Forgotten = { events: 0, erased: [], lifted: {} };

/** What a generation knows of users who were erased. */
export type KnownForgotten = Pick<GenerationManifest, 'erased' | 'lifted' | 'withdrawn'>;

export function allForgotten(parts: readonly Forgotten[]): Forgotten {
  return {
    events: parts.reduce((sum, { events }) => sum + events, 0),
    messages: parts.reduce((sum, { messages = 0 }) => sum + messages, 0),
    withdrawn: parts.reduce((sum, { withdrawn = 0 }) => sum + withdrawn, 0),
    erased: parts.flatMap(({ erased }) => erased),
    lifted: Object.assign({}, ...parts.map(({ lifted }) => lifted)) as Forgotten['lifted'],
  };
}

/** Rows of the base that went. */
export function rowsGone({ events, messages = 0 }: Forgotten): number {
  return events + messages;
}

/** What the next generation is to know. In order, so that two attempts write the same. */
export function stillForgotten(before: KnownForgotten, now: Forgotten): KnownForgotten {
  const places = { ...before.lifted, ...now.lifted };
  const erased = [...new Set([...(before.erased ?? []).filter((digest) => !(digest in now.lifted)), ...now.erased])].sort();
  for (const digest of erased) delete places[digest];
  const lifted = Object.fromEntries(Object.entries(places).sort(([a], [b]) => (a < b ? -1 : 1)));
  const withdrawn = (before.withdrawn ?? 0) + (now.withdrawn ?? 0);
  return {
    ...(erased.length > 0 && { erased }),
    ...(Object.keys(lifted).length > 0 && { lifted }),
    ...(withdrawn > 0 && { withdrawn }),
  };
}

/** Whether it forgets of users what the base may count. */
export function forgetsMore(before: KnownForgotten, now: Forgotten): boolean {
  const known = new Set(before.erased);
  return rowsGone(now) > 0 || Object.keys(now.lifted).length > 0 || now.erased.some((digest) => !known.has(digest));
}

/** Up to which place nothing of each user counts, for `PLACES`; null: all. */
export function placesOf({ erased = [], lifted = {} }: KnownForgotten) {
  return [
    ...erased.map((digest) => ({ digest, position: null, entry_index: null })),
    ...Object.entries(lifted).map(([digest, { position, entryIndex }]) => ({ digest, position, entry_index: entryIndex })),
  ];
}

/** Rows of `$places`, which is `placesOf` as JSON. */
export const PLACES = `SELECT unnest(from_json($places::JSON, '[{"digest":"VARCHAR","position":"VARCHAR","entry_index":"INTEGER"}]'), recursive := true)`;

/**
 * Takes out of a table of archived events, `user_key`, `position` and `entry_index` among its columns, what a generation at the same cut does not count:
 * events of users who are erased, and of those who were lifted what lies before.
 */
export async function dropForgotten(session: DuckDb, dataDir: string, known: KnownForgotten, table: string): Promise<void> {
  const places = placesOf(known);
  if (places.length === 0) return;
  const digestOfKey = digestSql('user_key', await erasureKey(dataDir));
  await session.run(
    `DELETE FROM ${table} WHERE rowid IN (
       SELECT held.rowid FROM ${table} AS held
       JOIN (SELECT user_key, ${digestOfKey} AS digest FROM (SELECT DISTINCT user_key FROM ${table})) USING (user_key)
       JOIN (${PLACES}) AS said USING (digest)
       WHERE said.position IS NULL OR (held.position, held.entry_index) <= (said.position, said.entry_index))`,
    { places: JSON.stringify(places) },
  );
}

/** What was refused: the place of an arrival is at or before the one after which events count. */
const REFUSED = `SELECT fresh.rowid FROM fresh JOIN forgotten USING (user_key)
  WHERE lifted IS NULL OR {'position': fresh.position, 'entry_index': fresh.entry_index} <= lifted`;

/** Takes out of `fresh`, which is every arrival, what does not count. null: no user is erased, then or now. Leaves the tables of forget.sql. */
export async function forgetFresh(session: DuckDb, spec: ComputeSpec): Promise<Omit<Forgotten, 'events'> | null> {
  const types = ERASURE_TYPES.map(sqlText).join(', ');
  const { dataDir, base, forgotten = {} } = spec;
  const before = (base ?? forgotten).erased ?? [];
  // Files are written again one after the other: of those that were not yet, nothing before a lift counts either.
  if (base === null && forgotten.lifted !== undefined)
    await dropForgotten(session, dataDir, { lifted: forgotten.lifted }, 'fresh');
  if (before.length === 0 && (await countOf(session, `fresh WHERE type IN (${types})`)) === 0) return null;
  const digest = digestSql('user_key', await erasureKey(dataDir));
  await session.run(
    `CREATE OR REPLACE TABLE erased_before AS SELECT user_key FROM (SELECT DISTINCT user_key FROM fresh)
     WHERE ${digest} IN (SELECT unnest(from_json($before::JSON, '["VARCHAR"]')))`,
    { before: JSON.stringify(before) },
  );
  await runAll(session, statementsOf('forget.sql'));
  await session.run(`DELETE FROM fresh WHERE rowid IN (${REFUSED})`);
  const rows = await session.rows(
    `SELECT ${digest} AS digest, lifted.position AS position, lifted.entry_index AS entry_index FROM forgotten`,
  );
  const [gone, back] = [rows.filter(({ position }) => position === null), rows.filter(({ position }) => position !== null)];
  return {
    erased: gone.map((row) => String(row['digest'])),
    lifted: Object.fromEntries(
      back.map((row) => [String(row['digest']), { position: String(row['position']), entryIndex: Number(row['entry_index']) }]),
    ),
  };
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
  else await session.run(`INSERT INTO replaced BY NAME ${gone}`);
  const goneNow = 'replaced WHERE user_key IN (SELECT user_key FROM erased_now)';
  await session.run(`INSERT INTO replaced_events SELECT user_key, id FROM ${goneNow}`);
  const events = await countOf(session, `${goneNow} AND ${areEvents(definitions)}`);
  return { ...said, events, messages: (await countOf(session, goneNow)) - events };
}
