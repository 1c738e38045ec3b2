/** The archived events that values of the past are made of, in DuckDB: `asked`, `users` and `events`. */
import { join } from 'node:path';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import { FIELDS, type Field } from '@tributary/model/event-fields';
import { SAID } from '@tributary/model/identity/message-line';
import { adopt } from '../compute/adopt.ts';
import { dropForgotten } from '../compute/forget.ts';
import { messagesSql, parquetFiles } from '../compute/relations.ts';
import { dropLent, dropWithdrawn } from '../compute/withdrawn.ts';
import type { DuckDb } from '../duckdb.ts';
import { forgottenOf } from '../forgotten.ts';
import { EVENT_COLUMNS, LATER_COLUMNS } from '../layout.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import type { ArchivedPast } from './archived-past.ts';
import type { EventFilter } from './event-filter.ts';
import { openSpool } from './spool.ts';

/** One of the rows that values are asked of. */
export interface AskedRow {
  readonly user: string;
  readonly atMs: number;
  readonly label: string | null;
  /** In the log of the user's partition: with `knowledge: served` no event behind it counts. null: those count that were received before the instant. */
  readonly position?: string | null;
}

export interface Asked {
  readonly rows: AsyncIterable<AskedRow>;
  /** A folder of its own. */
  readonly folder: string;
}

/** Without the records that say of a user that they are erased, or lifted. */
const NO_RECORD = `e.type NOT IN (${ERASURE_TYPES.map(sqlText).join(', ')})`;

export async function loadAsked(session: DuckDb, { rows, folder }: Asked): Promise<void> {
  const spool = await openSpool(join(folder, 'asked.ndjson'));
  let nr = 0;
  try {
    for await (const { user, atMs, label, position = null } of rows)
      await spool.add({ nr: nr++, user_key: user, at_ms: atMs, label, position });
  } finally {
    await spool.close();
  }
  await session.run(`CREATE TABLE asked AS SELECT * FROM read_json(${filesSql([spool.path])}, format = 'newline_delimited',
    hive_partitioning = false, columns = {nr: 'BIGINT', user_key: 'VARCHAR', at_ms: 'BIGINT', label: 'VARCHAR', position: 'VARCHAR'})`);
  await session.run(`CREATE TABLE users AS SELECT user_key, min(at_ms) AS first_ms, max(at_ms) AS last_ms, count(*) AS asked,
    row_number() OVER (ORDER BY user_key) AS user_nr FROM asked GROUP BY user_key`);
}

/** Which events are loaded of the users asked for. */
export interface EventsToLoad {
  /** What is read of each. */
  readonly fields: readonly Field[];
  /** How far before an instant one may matter. */
  readonly reachMs: number;
  readonly filter: EventFilter;
}

/** Leaves `events`: of each user that is asked for what the definitions look at. */
export async function loadEvents(session: DuckDb, past: ArchivedPast, toLoad: EventsToLoad): Promise<void> {
  const load = past.definitions.joinedMs === null ? loadOwn : loadJoined;
  await load(session, past, toLoad);
}

/** Law 3: the first arrival of an id counts, wherever in time it stands and whatever it says; what nothing looks at is left out after that was said. */
async function loadOwn(session: DuckDb, past: ArchivedPast, { fields, reachMs, filter }: EventsToLoad): Promise<void> {
  const columns = fields.map((field) => FIELDS[field].column);
  const others = columns.filter((column) => column !== 'ts' && column !== 'id');
  const archived = parquetFiles(
    past.dataDir,
    past.files,
    pick([...columns, 'user_key', 'position', 'entry_index']),
    LATER_COLUMNS,
  );
  const isReached = `(e.ts < u.last_ms AND e.ts >= u.first_ms - ${reachMs} AND ${filter.condition})`;
  await session.run(
    `CREATE TABLE events AS SELECT u.user_nr, u.user_key, e.ts, e.id, e.position, e.entry_index, ${isReached} AS is_reached,
    ${others.map((column) => `CASE WHEN ${isReached} THEN e."${column}" END AS "${column}"`).join(', ')}
    FROM ${filter.withFields(archived)} AS e JOIN users AS u ON u.user_key = e.user_key WHERE ${NO_RECORD}`,
    filter.values,
  );
  await dropForgotten(session, past.dataDir, past.forgotten, 'events');
  await session.run(`DELETE FROM events WHERE rowid IN (
    SELECT row FROM (
      SELECT rowid AS row, row_number() OVER (PARTITION BY user_nr, id ORDER BY position, entry_index) AS arrival FROM events
      WHERE hash(user_nr, id) IN (SELECT hash(user_nr, id) AS identity FROM events GROUP BY identity HAVING count(*) > 1))
    WHERE arrival > 1)`);
  await session.run('DELETE FROM events WHERE NOT is_reached');
}

/** The same where keys of one person are joined: of the events of a user and what other keys said to it, what counts for it. */
async function loadJoined(session: DuckDb, past: ArchivedPast, { fields, reachMs, filter }: EventsToLoad): Promise<void> {
  const columns = fields.map((field) => FIELDS[field].column);
  const needed = [...new Set([...columns, 'id', 'type', 'user_id', 'user_key', 'received_at', 'properties'])];
  const archived = parquetFiles(
    past.dataDir,
    past.files,
    pick([...needed, 'partition', 'position', 'entry_index']),
    LATER_COLUMNS,
  );
  await session.run(
    `CREATE TABLE arrived AS SELECT ${needed.map((column) => `e."${column}"`).join(', ')}, e.said, e.is_known, e.partition, e.position, e.entry_index FROM ${messagesSql(archived)} AS e SEMI JOIN users USING (user_key) WHERE ${NO_RECORD}`,
  );
  await dropForgotten(session, past.dataDir, past.forgotten, 'arrived');
  await dropLent(session, past.dataDir, (await forgottenOf(past.dataDir))?.lent, 'arrived');
  await session.run(`CREATE TABLE everything AS SELECT * EXCLUDE (partition, position, entry_index) FROM arrived
    QUALIFY row_number() OVER (PARTITION BY user_key, id ORDER BY position, entry_index) = 1`);
  await dropWithdrawn(session, past.dataDir, 'everything');
  await adopt(session, past.definitions.joinedMs as number);
  await session.run(
    `CREATE TABLE events AS SELECT u.user_nr, ${columns.map((column) => `e."${column}"`).join(', ')}
    FROM ${filter.withFields(`(SELECT * REPLACE (
        CASE WHEN said IS NULL THEN user_id ELSE said->>'$.userId' END AS user_id,
        CASE WHEN said IS NULL THEN properties ELSE nullif(json_merge_patch(properties, '{"${SAID}":null}')::VARCHAR, '{}') END AS properties)
      FROM adopted)`)} AS e JOIN users AS u USING (user_key)
    WHERE e.ts < u.last_ms AND e.ts >= u.first_ms - ${reachMs} AND ${filter.condition}`,
    filter.values,
  );
  for (const table of ['arrived', 'everything', 'adopted', 'items', 'lent', 'owners']) await session.run(`DROP TABLE ${table}`);
}

function pick(names: readonly string[]): Readonly<Record<string, 'VARCHAR' | 'BIGINT' | 'INTEGER' | 'BOOLEAN'>> {
  const all: Readonly<Record<string, 'VARCHAR' | 'BIGINT' | 'INTEGER' | 'BOOLEAN'>> = EVENT_COLUMNS;
  return Object.fromEntries(names.map((name) => [name, all[name] as 'VARCHAR']));
}
