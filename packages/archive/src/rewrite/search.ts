/** Which archived files hold rows that are to go, how many, and of which partitions the users are: one pass for all users. */
import { join } from 'node:path';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import { MESSAGE_TYPES, SAID } from '@tributary/model/identity/message-line';
import { PLACES, placesOf } from '../compute/forget.ts';
import { countOf, SAID_SQL } from '../compute/relations.ts';
import { lentSql, loadWithdrawals, withdrawnSql } from '../compute/withdrawn.ts';
import type { DuckDb } from '../duckdb.ts';
import { digestSql, erasureKey } from '../erasure-key.ts';
import type { ArchiveForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { manifestsOf } from '../segments.ts';
import { filesSql, sqlText } from '../sql-text.ts';
import { countToGo, deadToGo } from './dead-records.ts';
import type { RewritePlan } from './plan.ts';
import { heardWith, type WaitingUsers, waitingUsers, withoutWaiting } from './waiting.ts';

export interface Search {
  /** By partition, those that were looked at, in order. */
  readonly manifests: readonly (readonly SegmentManifest[])[];
  /** How many rows or records of each file are to go, by its path; files without any are left out. */
  readonly hits: ReadonlyMap<string, number>;
  /** Files that were looked at and have no such row. */
  readonly clean: ReadonlySet<string>;
  readonly partitions: NonNullable<ArchiveForgotten['partitions']>;
  /** Files have what erased keys had lent to others, and nothing withdraws it yet. */
  readonly isWaiting: boolean;
}

interface Asked extends RewritePlan {
  readonly dataDir: string;
}

/**
 * Leaves `withdrawals`, and `said`: digests, with the place up to which nothing counts; NULL: all. Returns of whom files are written again now, and those
 * of whom they are not yet.
 */
export async function loadUsers(session: DuckDb, asked: Asked): Promise<{ forgotten: ArchiveForgotten; isWaiting: boolean }> {
  await session.run('CREATE OR REPLACE TABLE withdrawals (user_key VARCHAR, of_key VARCHAR, by_key VARCHAR, version VARCHAR)');
  const waiting = asked.areJoined === true ? await waitingAmong(session, asked) : new Map<string, string>();
  const written = withoutWaiting(asked.forgotten, asked.before, waiting);
  const forgotten = asked.areJoined === true ? await withHeard(session, asked, written) : written;
  await session.run(`CREATE OR REPLACE TABLE said AS ${PLACES}`, { places: JSON.stringify(placesOf(forgotten)) });
  await session.run('CREATE OR REPLACE TABLE gone_rows (user_key VARCHAR, position VARCHAR, entry_index INTEGER)');
  await session.run('CREATE OR REPLACE TABLE gone (user_key VARCHAR, digest VARCHAR, position VARCHAR, entry_index INTEGER)');
  return { forgotten, isWaiting: waiting.size > 0 };
}

/** Withdrawals are those of all files up to the cut: what was said long ago also holds of a message that a publisher sends again now. */
async function waitingAmong(session: DuckDb, { dataDir, forgotten, before }: Asked): Promise<WaitingUsers> {
  const paths: string[] = [];
  for (const [partition, last] of forgotten.lastSegment.entries())
    paths.push(...pathsOf(await manifestsOf(dataDir, { partition, first: 0, last })));
  if (paths.length === 0) return new Map();
  const events = eventsIn(dataDir, paths);
  await loadWithdrawals(session, messagesIn(events));
  return waitingUsers(session, { forgotten, before, events: recordsIn(events), key: await erasureKey(dataDir) });
}

/** With what is heard in this attempt from rows that it takes out. Needs `withdrawals`. */
async function withHeard(session: DuckDb, { dataDir, before }: Asked, forgotten: ArchiveForgotten): Promise<ArchiveForgotten> {
  const { heard } = forgotten;
  if (heard === undefined) return forgotten;
  return { ...forgotten, heard: await heardWith(session, { heard, forgotten, before, key: await erasureKey(dataDir) }) };
}

/** Needs `said`, and leaves `gone`: the users of it that have a row somewhere, and `gone_rows`: what was withdrawn. */
export async function searchAll(session: DuckDb, asked: Asked): Promise<Search> {
  const { dataDir, forgotten, from, unplaced } = asked;
  const found = { manifests: [] as SegmentManifest[][], hits: new Map<string, number>(), clean: new Set<string>() };
  const isToGo = deadToGo(forgotten, await erasureKey(dataDir));
  const placed = new Set(forgotten.erased.filter((digest) => unplaced?.has(digest) !== true));
  const partitions = new Map(Object.entries(forgotten.partitions ?? {}).filter(([digest]) => placed.has(digest)));
  let isWaiting = false;
  for (const [partition, last] of forgotten.lastSegment.entries()) {
    const manifests = await manifestsOf(dataDir, { partition, first: from[partition] ?? 0, last });
    found.manifests.push(manifests);
    const paths = pathsOf(manifests);
    const { hits, digests, isLeft } = await rowsToGo(session, asked, paths);
    isWaiting ||= isLeft;
    for (const path of paths) if (!hits.has(path)) found.clean.add(path);
    for (const [path, rows] of hits) found.hits.set(path, rows);
    for (const path of deadPathsOf(manifests)) {
      const records = await countToGo(dataDir, { path, partition }, isToGo);
      if (records > 0) found.hits.set(path, records);
      else found.clean.add(path);
    }
    for (const digest of digests)
      if (placed.has(digest)) partitions.set(digest, [...new Set([...(partitions.get(digest) ?? []), partition])]);
  }
  return { ...found, isWaiting, partitions: Object.fromEntries([...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Whether no file of the partition up to the cut has such a row. Files never change, so those that had none are not looked at again. */
export async function isWithout(
  session: DuckDb,
  asked: Asked,
  partition: number,
  { clean }: Pick<Search, 'clean'>,
): Promise<boolean> {
  const { dataDir, forgotten, from } = asked;
  const range = { partition, first: from[partition] ?? 0, last: forgotten.lastSegment[partition] ?? -1 };
  const manifests = await manifestsOf(dataDir, range);
  const isToGo = deadToGo(forgotten, await erasureKey(dataDir));
  for (const path of deadPathsOf(manifests))
    if (!clean.has(path) && (await countToGo(dataDir, { path, partition }, isToGo)) > 0) return false;
  const paths = pathsOf(manifests).filter((path) => !clean.has(path));
  const { hits, isLeft } = await rowsToGo(session, asked, paths);
  return hits.size === 0 && !isLeft;
}

/** Leaves `withdrawn_here`, of these files alone, and adds it to `gone_rows`. */
async function loadWithdrawn(session: DuckDb, { dataDir, forgotten: { lent } }: Asked, events: string): Promise<void> {
  const columns = ['filename', 'user_key', 'position', 'entry_index'];
  const isNone = (await countOf(session, 'withdrawals')) === 0;
  const withdrawn = withdrawnSql(messagesIn(events), columns, await erasureKey(dataDir));
  await session.run(
    isNone
      ? 'CREATE OR REPLACE TABLE withdrawn_here AS SELECT NULL::VARCHAR AS filename, * FROM gone_rows WHERE false'
      : `CREATE OR REPLACE TABLE withdrawn_here AS FROM ${withdrawn}`,
  );
  if (lent !== undefined) {
    const passed = lentSql(messagesIn(events), columns, await erasureKey(dataDir));
    await session.run(`INSERT INTO withdrawn_here FROM ${passed}`, { lent: JSON.stringify(lent) });
  }
  await session.run('INSERT INTO gone_rows SELECT user_key, position, entry_index FROM withdrawn_here');
}

function pathsOf(manifests: readonly SegmentManifest[]): string[] {
  return manifests.flatMap(({ files }) => files.map(({ path }) => path));
}

function deadPathsOf(manifests: readonly SegmentManifest[]): string[] {
  return manifests.flatMap(({ dead }) => (dead === null ? [] : [dead.path]));
}

/** A condition on rows `e` of a user of `gone`. */
export const TO_GO = '(gone.position IS NULL OR (e.position, e.entry_index) <= (gone.position, gone.entry_index))';

function eventsIn(dataDir: string, paths: readonly string[]): string {
  const files = filesSql(paths.map((path) => join(dataDir, path)));
  return `read_parquet(${files}, union_by_name = true, hive_partitioning = false, filename = true)`;
}

const MESSAGES = MESSAGE_TYPES.map(sqlText).join(', ');

/** Messages between keys among archived events, with what they say. */
function messagesIn(events: string): string {
  return `(SELECT user_key, type, partition, position, entry_index, filename, CAST(properties->'$."${SAID}"' AS VARCHAR) AS said
    FROM ${events} WHERE type IN (${MESSAGES}))`;
}

/** The same with records of erasures, and of lifts. */
function recordsIn(events: string): string {
  const types = [...MESSAGE_TYPES, ...ERASURE_TYPES].map(sqlText).join(', ');
  return `(SELECT user_key, type, partition, position, entry_index, received_at, ${SAID_SQL} AS said FROM ${events} WHERE type IN (${types}))`;
}

/** Adds the users that it finds to `gone`, and what was withdrawn to `gone_rows`. */
async function rowsToGo(session: DuckDb, asked: Asked, paths: readonly string[]) {
  const { dataDir } = asked;
  if (paths.length === 0) return { hits: new Map<string, number>(), digests: [], isLeft: false };
  const digest = digestSql('user_key', await erasureKey(dataDir));
  const events = eventsIn(dataDir, paths);
  await session.run(`CREATE OR REPLACE TABLE here AS SELECT user_key, digest, position, entry_index
    FROM (SELECT user_key, ${digest} AS digest FROM (SELECT DISTINCT user_key FROM ${events})) JOIN said USING (digest)`);
  await session.run('INSERT INTO gone SELECT * FROM here ANTI JOIN gone USING (user_key)');
  const [digests = []] = await session.columns('SELECT digest FROM here');
  await loadWithdrawn(session, asked, events);
  const rows = await session.rows(
    `SELECT path, count(*) AS hits FROM (
       SELECT e.filename AS path, e.position, e.entry_index FROM ${events} AS e JOIN here AS gone USING (user_key) WHERE ${TO_GO}
       UNION SELECT filename, position, entry_index FROM withdrawn_here
     ) GROUP BY ALL`,
  );
  const byFile = new Map(paths.map((path) => [join(dataDir, path), path]));
  const hits = new Map(rows.map((row) => [byFile.get(String(row['path'])) as string, Number(row['hits'])]));
  return { hits, digests: digests.map(String), isLeft: asked.areJoined === true && (await isLentLeft(session, dataDir, events)) };
}

/** Whether others' messages have what passed an erased key, and stay: what withdraws it is on its way. Needs what `rowsToGo` leaves. */
async function isLentLeft(session: DuckDb, dataDir: string, events: string): Promise<boolean> {
  const passed = `SELECT user_key, position, entry_index, unnest(CAST(said->'$.path' AS VARCHAR[])) AS passed
    FROM ${messagesIn(events)} WHERE said IS NOT NULL AND (said->'$.path') IS NOT NULL`;
  const left = `(${passed}) AS lent ANTI JOIN gone_rows USING (user_key, position, entry_index)
    ANTI JOIN (FROM gone WHERE position IS NULL) AS whole ON whole.user_key = lent.user_key
    WHERE ${digestSql('passed', await erasureKey(dataDir))} IN (SELECT digest FROM said WHERE position IS NULL)`;
  return (await countOf(session, left)) > 0;
}
