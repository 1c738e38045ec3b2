/**
 * One shard, as the data flows:
 *
 *   archived files ─▶ fresh ─ dedupe, correct ─┬─▶ an increment of deduplicated events (Parquet)
 *                             ▲                ├─▶ conversions, for finding them by id
 *        events of the base ──┴────────────────┴─▶ timelines ─▶ anchors, journeys ─ batch.sql of each view ─▶ rows_<view>
 *
 * Rows are differences, what the fresh events change: of views that look at their anchor alone the fresh anchors' rows, of the
 * others `F(after) − F(before)` over the anchors near fresh events. When the base's rows do not serve, all events are fresh to the views.
 * Users of whom fresh events take conversions over are looked at twice, as they are now and as they were before (views: taken-over.sql).
 */

import type { Definitions } from '@tributary/model/definitions';
import {
  batchSql,
  edgeStatements,
  journeyStatements,
  membersSql,
  partStatements,
  takenOverStatements,
  timelineStatements,
} from '@tributary/views/sql';
import { ITSELF, type View } from '@tributary/views/view';
import type { DuckDb } from '../duckdb.ts';
import { correctFresh } from './corrections.ts';
import { holdsSignalsOnly } from './event-files.ts';
import {
  arrivals,
  baseEvents,
  CONVERSION_COLUMNS,
  columnsOfEvents,
  eventsIn,
  keptView,
  quoted,
  whatCounts,
} from './relations.ts';
import { allEnded, CONNECTIONS, sideBySide } from './side-by-side.ts';
import type { ComputeSpec, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';

const CONVERSION = Object.keys(CONVERSION_COLUMNS).join(', ');

/** Leaves `fresh`, deduplicated and corrected. Resolves with the number of arrivals. */
export async function loadFresh(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<number> {
  await session.run(`CREATE OR REPLACE TABLE fresh AS SELECT * FROM ${arrivals(spec, shard, definitions)}`);
  const arrived = await countOf(session, 'fresh');
  await dedupe(session, spec, definitions, shard);
  await correctFresh(session, spec, definitions, shard);
  return arrived;
}

/** What the shard's `fresh` events change: adds to `rows_<view>` and `conversion_rows`. */
export async function addShardRows(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
): Promise<void> {
  if (spec.reuseRows && (await countOf(session, 'fresh')) === 0) return;
  await loadTimelines(session, spec, definitions, views, shard);
  const { signals = [], members = [] } = Object.groupBy(views, (view) => (view.countsSignals ? 'signals' : 'members'));
  await session.run('CREATE OR REPLACE VIEW anchors AS SELECT ts, type FROM events');
  for (const view of signals) await addRows(session, view);
  if (definitions.onceMs.size > 0) return addCountedOnce(session, definitions, members);
  await allEnded([
    addMemberRows(session, definitions, members),
    session.run(`INSERT INTO conversion_rows SELECT ${CONVERSION} FROM timelines WHERE kind = 'conversion' AND fresh`),
  ]);
}

/** Whether a shard asks the SQL of a view once: where conversions count once, it asks again for what is taken away. */
export function areSummedByShard({ onceMs }: Pick<Definitions, 'onceMs'>): boolean {
  return onceMs.size === 0;
}

/** The rows of `timelines`, from which repetitions were taken. */
async function addCountedOnce(session: DuckDb, definitions: Definitions, views: readonly View[]): Promise<void> {
  await session.run(`INSERT INTO conversion_rows SELECT ${CONVERSION}, false FROM timelines WHERE kind = 'conversion' AND fresh`);
  for (const sql of takenOverStatements()) await session.run(sql);
  await addMemberRows(session, definitions, views);
  if ((await countOf(session, 'taken_over')) === 0) return;
  await session.run('CREATE OR REPLACE VIEW members AS FROM before');
  for (const sql of timelineStatements(definitions)) await session.run(sql);
  await session.run(`INSERT INTO conversion_rows SELECT ${CONVERSION}, true
    FROM timelines SEMI JOIN taken_over USING (user_key, id) WHERE kind = 'conversion'`);
  await addMemberRows(session, definitions, views, '-');
}

async function addMemberRows(
  session: DuckDb,
  definitions: Definitions,
  views: readonly View[],
  sign: '' | '-' = '',
): Promise<void> {
  await session.run('CREATE OR REPLACE VIEW anchors AS SELECT * FROM timelines WHERE fresh');
  const { anchored = [], journeys = [] } = Object.groupBy(views, ({ lens }) => (lens === ITSELF ? 'anchored' : 'journeys'));
  await allEnded([
    addJourneyRows(session, definitions, journeys, sign),
    sideBySide(
      1,
      anchored.map((view) => () => addRows(session, view, sign)),
    ),
  ]);
}

async function addJourneyRows(session: DuckDb, definitions: Definitions, views: readonly View[], sign: '' | '-'): Promise<void> {
  for (const sql of journeyStatements(views, definitions)) await session.run(sql);
  const {
    parts = [],
    edges = [],
    paths = [],
  } = Object.groupBy(views, (view) => (view.looksAtParts ? 'parts' : view.looksAtEdges ? 'edges' : 'paths'));
  const addAll = async (statements: readonly string[], looking: readonly View[]) => {
    if (looking.length === 0) return;
    for (const sql of statements) await session.run(sql);
    for (const view of looking) await addRows(session, view, sign);
  };
  // Each is a chain of statements; the longest ones begin.
  await sideBySide(CONNECTIONS, [
    () => addAll(partStatements(), parts),
    () => addAll(edgeStatements(), edges),
    ...paths.map((view) => () => addRows(session, view, sign)),
  ]);
}

async function dedupe(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE known AS
    SELECT user_key, id FROM ${baseEvents(spec, shard, definitions)} AS held SEMI JOIN fresh USING (user_key, id)`);
  for (const sql of statementsOf('dedupe.sql')) await session.run(sql);
}

/**
 * Leaves `events`, all that is fresh to the views, and `timelines`: their touches and conversions, `fresh`; beside them those of the
 * base that rows of theirs may share an anchor with, not `fresh`.
 */
async function loadTimelines(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
): Promise<void> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  const all = spec.reuseRows
    ? 'SELECT * FROM fresh'
    : `SELECT ${event} FROM fresh UNION ALL SELECT ${event} FROM ${baseEvents(spec, shard, definitions)}`;
  await session.run(`CREATE OR REPLACE VIEW events AS SELECT * FROM (${all}) WHERE ${whatCounts(definitions)}`);
  await session.run(`CREATE OR REPLACE VIEW members AS SELECT *, true AS fresh FROM (${membersSql('events', definitions)})`);
  if (spec.reuseRows) await addNearMembers(session, spec, definitions, views, shard);
  for (const sql of timelineStatements(definitions)) await session.run(sql);
}

/** Adds to `members` those of the base that rows near fresh members may depend on. */
async function addNearMembers(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE touched AS
    SELECT user_key, min(ts) AS first, max(ts) AS last FROM members GROUP BY user_key`);
  const [span] = await session.rows('SELECT min(first) AS first, max(last) AS last FROM touched');
  if (span === undefined || span['first'] === null) return;
  // A fresh event changes anchors up to `reach` after it and `revisable` before it, and these look `reach` back and `revisable` ahead.
  const reachMs = BigInt(Math.max(...views.map(({ lens }) => lens.reachMs(definitions) + lens.revisableMs(definitions))));
  // The first condition lets DuckDB pass over whole files; the second is per user.
  const files = (spec.base?.events ?? []).filter((file) => !holdsSignalsOnly(file, definitions.version));
  const near = `(SELECT held.* FROM ${eventsIn(spec, files, shard, definitions)} AS held JOIN touched USING (user_key)
    WHERE ${whatCounts(definitions)} AND held.ts >= ${(span['first'] as bigint) - reachMs} AND held.ts <= ${(span['last'] as bigint) + reachMs}
      AND held.ts >= touched.first - ${reachMs} AND held.ts <= touched.last + ${reachMs})`;
  await session.run(`CREATE OR REPLACE VIEW members AS
    SELECT *, true AS fresh FROM (${membersSql('events', definitions)})
    UNION ALL SELECT *, false AS fresh FROM (${membersSql(near, definitions)})`);
}

/** What the fresh events change in the view's rows, which have the `anchors`. `-`: takes it away. */
async function addRows(session: DuckDb, view: View, sign: '' | '-' = ''): Promise<void> {
  const { dimensions, measures } = keptView(view);
  const columns = [...dimensions.map(quoted), ...measures.map((measure) => `${sign}${quoted(measure)}`)].join(', ');
  await session.run(`INSERT INTO rows_${view.name} SELECT ${columns} FROM (${batchSql(view)})`);
}

async function countOf(session: DuckDb, table: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS rows FROM ${table}`);
  return Number(row?.['rows']);
}
