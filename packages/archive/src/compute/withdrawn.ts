/**
 * What messages that withdraw take out of the batch layer (packages/model/src/identity/withdrawal.ts): messages that lent an event which an erased key had,
 * or took it back. They go from archived files as from a generation, and the messages that say so stay: they name keys by digests alone.
 */
import type { Definitions } from '@tributary/model/definitions';
import { WITHDRAW_TYPE } from '@tributary/model/identity/message-line';
import type { DuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import { sqlText } from '../sql-text.ts';
import { rowsGone } from './forget.ts';
import { baseEvents, countOf } from './relations.ts';
import type { ComputeSpec, Forgotten, Shard } from './spec.ts';

/** A condition on rows with `said`, `type` and what a message says. */
const WITHDRAWS = `said IS NOT NULL AND type = ${sqlText(WITHDRAW_TYPE)}`;

/** Leaves `withdrawals`, what the messages of a relation with `user_key`, `type` and `said` withdraw; returns how many there are. */
export async function loadWithdrawals(session: Pick<DuckDb, 'run' | 'rows'>, relation: string): Promise<number> {
  await session.run(
    `CREATE OR REPLACE TABLE withdrawals AS
     SELECT user_key, said->>'$.of' AS of_key, said->>'$.by' AS by_key, max(said->>'$.version') AS version
     FROM ${relation} WHERE ${WITHDRAWS} GROUP BY ALL`,
  );
  return countOf(session, 'withdrawals');
}

/** The rows of a relation, with all of its columns, that `withdrawals` take out. `named`: columns by which a row is known. */
export function withdrawnSql(relation: string, named: readonly string[], key: Buffer): string {
  const names = named.join(', ');
  return `(SELECT DISTINCT ${named.map((name) => `lent.${name}`).join(', ')}
    FROM (
      SELECT ${names}, version, way[-1] AS last_key, unnest(way) AS passed
      FROM (
        SELECT ${names}, said->>'$.version' AS version, CAST(said->'$.path' AS VARCHAR[]) AS way
        FROM ${relation} SEMI JOIN withdrawals USING (user_key) WHERE said IS NOT NULL AND (said->'$.path') IS NOT NULL
      )
    ) AS lent JOIN withdrawals ON withdrawals.user_key = lent.user_key AND lent.version < withdrawals.version
      AND withdrawals.by_key = ${digestSql('last_key', key)} AND withdrawals.of_key = ${digestSql('passed', key)})`;
}

/**
 * The rows of a relation of messages and events that lend, or take back, what passed a key of `$lent`, which is `ArchiveForgotten.lent` as JSON, before the
 * ends there.
 */
export function lentSql(relation: string, named: readonly string[], key: Buffer): string {
  const names = named.join(', ');
  return `(SELECT DISTINCT ${names}
    FROM (
      SELECT ${[...new Set([...named, 'partition', 'position'])].join(', ')}, unnest(CAST(said->'$.path' AS VARCHAR[])) AS passed
      FROM ${relation} WHERE said IS NOT NULL AND (said->'$.path') IS NOT NULL
    )
    WHERE position <= from_json($lent::JSON->'$.upTo', '["VARCHAR"]')[partition + 1]
      AND ${digestSql('passed', key)} IN (SELECT unnest(from_json($lent::JSON->'$.digests', '["VARCHAR"]'))))`;
}

/** Takes them out of a table of archived messages and events. */
export async function dropLent(session: DuckDb, dataDir: string, lent: ArchiveForgotten['lent'], table: string): Promise<void> {
  if (lent === undefined) return;
  const places = ['partition', 'position', 'entry_index'];
  const gone = lentSql(table, places, await erasureKey(dataDir));
  await session.run(`DELETE FROM ${table} WHERE (${places.join(', ')}) IN ${gone}`, { lent: JSON.stringify(lent) });
}

/** Takes what was withdrawn out of a table of messages and events, all of which are there. */
export async function dropWithdrawn(session: DuckDb, dataDir: string, table: string): Promise<void> {
  if ((await loadWithdrawals(session, table)) === 0) return;
  const gone = withdrawnSql(table, ['user_key', 'id'], await erasureKey(dataDir));
  await session.run(`DELETE FROM ${table} WHERE (user_key, id) IN ${gone}`);
}

/**
 * Takes them out of `fresh`, and leaves those of the base in `replaced` and `replaced_events`, behind what erasures left there. Returns what is
 * forgotten in all.
 */
export async function withdrawFrom(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  forgotten: Forgotten,
): Promise<Forgotten> {
  if (definitions.joinedMs === null) return forgotten;
  const [base, { dataDir }] = [baseEvents(spec, shard, definitions), spec];
  const newOnes = await countOf(session, `fresh WHERE ${WITHDRAWS}`);
  const columns = 'user_key, id, type, said';
  if ((await loadWithdrawals(session, `(SELECT ${columns} FROM fresh UNION ALL SELECT ${columns} FROM ${base})`)) === 0)
    return forgotten;
  const key = await erasureKey(dataDir);
  const withdrawnFrom = (relation: string) => withdrawnSql(relation, ['user_key', 'id'], key);
  // What is sent again by a publisher that slept meanwhile.
  await session.run(`DELETE FROM fresh WHERE (user_key, id) IN ${withdrawnFrom('fresh')}`);
  if (newOnes === 0) return forgotten;
  const isFirst = rowsGone(forgotten) === 0;
  const erased = isFirst ? '' : 'ANTI JOIN replaced USING (user_key, id)';
  const gone = `SELECT held.* FROM ${base} AS held SEMI JOIN ${withdrawnFrom(base)} USING (user_key, id) ${erased}`;
  await session.run(`CREATE OR REPLACE TABLE withdrawn AS ${gone}`);
  await session.run(
    isFirst ? 'CREATE OR REPLACE TABLE replaced AS FROM withdrawn' : 'INSERT INTO replaced BY NAME FROM withdrawn',
  );
  await session.run('INSERT INTO replaced_events SELECT user_key, id FROM withdrawn');
  const messages = (forgotten.messages ?? 0) + (await countOf(session, 'withdrawn'));
  return { ...forgotten, messages, withdrawn: newOnes };
}
