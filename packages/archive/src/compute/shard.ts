/**
 * One shard, as the data flows:
 *
 *   archived files ─▶ fresh ─ dedupe, correct ─┬─▶ an increment of deduplicated events (Parquet)
 *                             ▲                ├─▶ conversions, for finding them by id
 *        events of the base ──┴────────────────┴─▶ timelines ─▶ anchors, journeys ─ batch.sql of each view ─▶ rows_<view>
 *
 * Rows are differences, what the fresh events change: of views that look at their anchor alone the rows of anchors that come, less those of
 * anchors that go; of the others `F(now) − F(before)` over the anchors near these. When the base's rows do not serve, all events come. Where
 * corrections changed since the base, its events that count otherwise are `replaced`: they go as they were, and come as they are now.
 */

import type { Definitions } from '@tributary/model/definitions';
import { namesCampaigns } from '@tributary/views/by-partition';
import {
  askedStatements,
  batchSql,
  CONVERTS,
  convertingSql,
  edgeStatements,
  membersSql,
  partStatements,
  pathStatements,
  REPEATS,
  sessionStatements,
  timelineStatements,
  webStatements,
} from '@tributary/views/sql';
import { ITSELF, type View } from '@tributary/views/view';
import { type DuckDb, runAll } from '../duckdb.ts';
import { adopt } from './adopt.ts';
import { correctFresh } from './corrections.ts';
import { holdsSignalsOnly } from './event-files.ts';
import { forgetBase, forgetFresh, NOTHING_FORGOTTEN, rowsGone } from './forget.ts';
import { loadKnown } from './known.ts';
import { loadOwn } from './own-steps.ts';
import {
  areEvents,
  arrivals,
  baseEvents,
  CONVERSION_COLUMNS,
  columnsOfEvents,
  countOf,
  eventsIn,
  keptView,
  quoted,
  rowsMade,
  whatCounts,
} from './relations.ts';
import { allEnded, CONNECTIONS, sideBySide } from './side-by-side.ts';
import type { ComputeSpec, Forgotten, Shard } from './spec.ts';
import { statementsOf } from './sql-file.ts';
import { dropLent, withdrawFrom } from './withdrawn.ts';

const CONVERSION = Object.keys(CONVERSION_COLUMNS).join(', ');

/** What loading a shard came to. */
export interface Loaded {
  /** Messages between keys are none, and what is refused of erased users. */
  readonly arrivals: number;
  readonly forgotten: Forgotten;
  /** Whether some of the base's events count otherwise now, or not any more: they are `replaced`. */
  readonly replaces: boolean;
}

/** Leaves `fresh`, deduplicated and corrected, without what erasures take. */
export async function loadFresh(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<Loaded> {
  const read = await rowsMade(session, [`CREATE OR REPLACE TABLE fresh AS SELECT * FROM ${arrivals(spec, shard, definitions)}`]);
  if (definitions.joinedMs !== null) await dropLent(session, spec.dataDir, spec.forgotten?.lent, 'fresh');
  const said = await forgetFresh(session, spec);
  const areAll = definitions.joinedMs === null && said === null && spec.forgotten?.lifted === undefined;
  const arrived = areAll ? read : await countOf(session, `fresh WHERE ${areEvents(definitions)}`);
  await dedupe(session, spec, definitions, shard, said !== null);
  await correctFresh(session, spec, definitions, shard, said !== null);
  const erased = said === null ? NOTHING_FORGOTTEN : await forgetBase(session, spec, definitions, shard, said);
  const forgotten = await withdrawFrom(session, spec, definitions, shard, erased);
  const replaces = (spec.reread !== undefined || rowsGone(forgotten) > 0) && (await countOf(session, 'replaced')) > 0;
  return { arrivals: arrived, forgotten, replaces };
}

/** What the shard's `fresh` events change, and what `replaced` ones did: adds to `rows_<view>` and `conversion_rows`. */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
export async function addShardRows(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
  replaces = false,
): Promise<void> {
  if (spec.reuseRows && !replaces && (await countOf(session, 'fresh')) === 0) return;
  await loadMembers(session, spec, definitions, views, shard, replaces);
  const [timelines = '', tied = '', untie = '', ...once] = timelineStatements(definitions);
  // Where no two events of a user share an instant, none is to be numbered.
  await runAll(session, (await rowsMade(session, [timelines, tied])) > 0 ? [untie, ...once] : once);
  const { events = [], members = [] } = Object.groupBy(views, (view) =>
    view.countsSignals || view.countsWeb || view.countsDefined || view.countsSegmentDays ? 'events' : 'members',
  );
  await addEventRows(session, definitions, events, '');
  const mayGo = spec.reuseRows && (replaces || definitions.onceMs.size > 0);
  await allEnded([addMemberRows(session, spec, definitions, members, mayGo), addConversions(session, spec)]);
  if (!spec.reuseRows || !replaces) return;
  await session.run('CREATE OR REPLACE VIEW events AS SELECT * FROM replaced WHERE NOT dropped');
  await addEventRows(session, definitions, events, '-');
}

/** What takes most of the memory of a shard. Replaced by the tables of the next one, it would be there until these are loaded. */
const LARGEST = ['fresh', 'timelines', 'step', 'walked', 'own'];

export async function dropShard(session: DuckDb): Promise<void> {
  for (const table of LARGEST) await session.run(`DROP TABLE IF EXISTS ${table}`);
}

/** Whether a shard asks the SQL of a view once: where something may go, it asks again for what is taken away. */
export function areSummedByShard({ reuseRows, reread }: ComputeSpec, { onceMs }: Pick<Definitions, 'onceMs'>): boolean {
  return !(reuseRows && (onceMs.size > 0 || reread !== undefined));
}

/** Adds the rows of views that look at all `events`, at what definitions count of them or are to segments, or at web events. `-`: takes them away. */
async function addEventRows(session: DuckDb, definitions: Definitions, views: readonly View[], sign: Sign): Promise<void> {
  const {
    signals = [],
    web = [],
    defined = [],
    segments = [],
  } = Object.groupBy(views, ({ countsSignals, countsDefined, countsSegmentDays }) =>
    countsSignals ? 'signals' : countsDefined ? 'defined' : countsSegmentDays ? 'segments' : 'web',
  );
  const anchors = 'CREATE OR REPLACE VIEW anchors AS SELECT ts, type FROM events';
  const counting = definitions.counts === undefined ? signals : [...signals, ...defined];
  const asked = definitions.segmentDayVersions.size === 0 ? counting : [...counting, ...segments];
  await runAll(session, [anchors, ...asked.map((view) => rowsInto(view, sign))]);
  if (definitions.web === undefined || web.length === 0) return;
  const sessions = web.some(({ countsSessions }) => countsSessions) ? sessionStatements() : [];
  await runAll(session, [...webStatements(), ...sessions, ...web.map((view) => rowsInto(view, sign))]);
}

type Sign = '' | '-';

async function addConversions(session: DuckDb, { reuseRows }: ComputeSpec): Promise<void> {
  const changed = `(SELECT * FROM timelines WHERE kind = 'conversion' AND now <> before)`;
  const named = `(SELECT changed.* REPLACE (touched.user_key AS user_key) FROM ${changed} AS changed JOIN touched ON user_no = changed.user_key)`;
  await session.run(`INSERT INTO conversion_rows SELECT ${CONVERSION}, before FROM ${reuseRows ? named : changed}`);
}

async function addMemberRows(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  mayGo: boolean,
): Promise<void> {
  const { anchored = [], journeys = [] } = Object.groupBy(views, ({ lens }) => (lens === ITSELF ? 'anchored' : 'journeys'));
  const changed = mayGo && !(await changesMoreThanCampaigns(session)) ? journeys.filter(namesCampaigns) : journeys;
  await allEnded([addJourneyRows(session, spec, definitions, changed), addAnchoredRows(session, anchored, mayGo)]);
}

/**
 * False: all that comes is what goes, in the same place of its timeline under another campaign, so journeys pass the same channels as before. What
 * an erasure takes may come again under its id as anything.
 */
async function changesMoreThanCampaigns(session: DuckDb): Promise<boolean> {
  const others = `SELECT user_key FROM timelines WHERE now <> before
    GROUP BY user_key, id, ts, type, channel, value, currency HAVING count(*) <> 2 LIMIT 1`;
  return (await countOf(session, `(${others})`)) > 0;
}

async function addAnchoredRows(session: DuckDb, views: readonly View[], mayGo: boolean): Promise<void> {
  const add = (which: string, sign: Sign) =>
    runAll(session, [
      `CREATE OR REPLACE VIEW anchors AS SELECT * FROM timelines WHERE ${which}`,
      ...views.map((view) => rowsInto(view, sign)),
    ]);
  await add('now AND NOT before', '');
  if (mayGo && (await countOf(session, 'timelines WHERE before AND NOT now')) > 0) await add('before AND NOT now', '-');
}

async function addJourneyRows(
  session: DuckDb,
  { limits }: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
): Promise<void> {
  await runAll(session, askedStatements(views));
  // Few shards have such users, and to plan for them takes longer than to look.
  await runAll(session, pathStatements(definitions, (await countOf(session, 'crowded')) > 0));
  // So it is of conversions that repeat another one.
  const repeats = views.some(({ looksAtRepeats }) => looksAtRepeats) && (await countOf(session, `path WHERE ${REPEATS}`)) > 0;
  const asked = repeats ? views : views.filter(({ looksAtRepeats }) => !looksAtRepeats);
  const {
    parts = [],
    own = [],
    edges = [],
    paths = [],
  } = Object.groupBy(asked, ({ looksAtParts, looksAtOwn, looksAtEdges }) =>
    looksAtParts ? 'parts' : looksAtOwn ? 'own' : looksAtEdges ? 'edges' : 'paths',
  );
  const addAll = async (statements: readonly string[], looking: readonly View[]) => {
    if (looking.length === 0) return;
    await runAll(session, statements);
    await runAll(
      session,
      looking.map((view) => rowsInto(view)),
    );
  };
  const addOfChannels = async () => {
    if (parts.length + own.length > 0) await loadOwn(session, limits.memoryMb);
    await allEnded([addAll(partStatements(repeats), parts), addAll([], own)]);
  };
  // Each is a chain of statements; the longest ones begin.
  await sideBySide(CONNECTIONS, [
    addOfChannels,
    () => addAll(edgeStatements(definitions), edges),
    ...paths.map((view) => () => session.run(rowsInto(view))),
  ]);
}

async function dedupe(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  forgets: boolean,
): Promise<void> {
  const [suspects = '', ofArrivals = '', ofKnown = ''] = statementsOf('dedupe.sql');
  // Most runs have no copies: to plan what takes them out is longer than to look.
  if ((await rowsMade(session, [suspects])) > 0) await session.run(ofArrivals);
  if ((await loadKnown(session, spec, definitions, shard, forgets)) > 0) await session.run(ofKnown);
}

/**
 * Leaves `events`, all that is fresh to the views, and `members`: their touches and conversions, there now and not before; `replaced` ones,
 * there before and not now; and those of the base that rows of these may share an anchor with, there now and before.
 */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function loadMembers(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
  replaces: boolean,
): Promise<void> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  const all = spec.reuseRows
    ? 'SELECT * FROM fresh'
    : `SELECT ${event} FROM fresh UNION ALL SELECT ${event} FROM ${staying(replaces, baseEvents(spec, shard, definitions))}`;
  await loadCounting(session, definitions, all);
  if (spec.reuseRows) await addNearMembers(session, spec, definitions, views, shard, replaces);
  if (definitions.web !== undefined) await addNearVisits(session, spec, definitions, views, shard, replaces);
  if (definitions.segmentDayVersions.size > 0) await addNearMarks(session, spec, definitions, views, shard, replaces);
}

/** Leaves `events`, those of `all` that count, and `members`: their touches and conversions, all there now and not before. `all`: a SELECT of deduplicated events. */
export async function loadCounting(session: DuckDb, definitions: Definitions, all: string): Promise<void> {
  const { joinedMs } = definitions;
  if (joinedMs !== null) {
    const event = Object.keys(columnsOfEvents(definitions)).join(', ');
    await session.run(`CREATE OR REPLACE TABLE everything AS SELECT ${event} FROM (${all})`);
    await adopt(session, joinedMs);
  }
  const counting = joinedMs === null ? `(${all})` : 'adopted';
  await session.run(`CREATE OR REPLACE VIEW events AS SELECT * FROM ${counting} WHERE ${whatCounts(definitions)}`);
  await session.run(`CREATE OR REPLACE VIEW members AS ${membersThat('come', 'events', definitions)}`);
}

/**
 * Leaves `web_around` and `web_converting`: web events and conversions among `events`, `fresh`, and those of the base that may be in one session
 * with fresh or replaced ones, not `fresh`.
 */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function addNearVisits(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
  replaces: boolean,
): Promise<void> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  const ofSessions = views.filter(({ countsSessions }) => countsSessions);
  const near = { table: 'near_visits', isAsked: `(web IS NOT NULL OR ${CONVERTS})`, views: ofSessions };
  await loadNear(session, spec, definitions, near, shard, replaces);
  await session.run(`CREATE OR REPLACE VIEW around AS
    SELECT ${event}, true AS fresh FROM events UNION ALL SELECT ${event}, false FROM near_visits`);
  await session.run('CREATE OR REPLACE VIEW web_around AS SELECT * FROM around WHERE web IS NOT NULL');
  await session.run(`CREATE OR REPLACE VIEW web_converting AS ${convertingSql('around', definitions)}`);
}

/**
 * Leaves `marked_around`: events that are something to segments which are counted by day, `fresh`, and those of the base that are near fresh or
 * replaced ones, not `fresh`.
 */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function addNearMarks(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
  replaces: boolean,
): Promise<void> {
  const ofSegments = views.filter(({ countsSegmentDays }) => countsSegmentDays);
  const near = { table: 'near_marks', isAsked: 'marks IS NOT NULL', views: ofSegments };
  await loadNear(session, spec, definitions, near, shard, replaces);
  await session.run(`CREATE OR REPLACE VIEW marked_around AS
    SELECT user_key, ts, marks, true AS fresh FROM events WHERE marks IS NOT NULL
    UNION ALL SELECT user_key, ts, marks, false FROM near_marks`);
}

interface Near {
  readonly table: string;
  /** A condition on events. */
  readonly isAsked: string;
  readonly views: readonly View[];
}

/** Leaves in the table the events of the base that are asked for, near to such of `events` and `replaced` as their views reach. */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function loadNear(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  { table, isAsked, views }: Near,
  shard: Shard,
  replaces: boolean,
): Promise<void> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  if (!spec.reuseRows || views.length === 0) {
    await session.run(`CREATE OR REPLACE TABLE ${table} AS SELECT ${event} FROM events WHERE false`);
    return;
  }
  const changed = replaces ? 'UNION ALL SELECT user_key, ts FROM replaced' : '';
  await session.run(`CREATE OR REPLACE TABLE changing AS
    SELECT user_key, min(ts) AS first, max(ts) AS last FROM (SELECT user_key, ts FROM events WHERE ${isAsked} ${changed}) GROUP BY user_key`);
  const reachMs = reachMsOf(views, definitions);
  const [span] = await session.rows('SELECT coalesce(min(first), 0) AS first, coalesce(max(last), 0) AS last FROM changing');
  const [first, last] = [span?.['first'] as bigint, span?.['last'] as bigint];
  // The first condition lets DuckDB pass over whole files; the second is per user.
  await session.run(`CREATE OR REPLACE TABLE ${table} AS
    SELECT ${event} FROM ${staying(replaces, baseEvents(spec, shard, definitions))} AS held JOIN changing USING (user_key)
    WHERE ${whatCounts(definitions)} AND ${isAsked} AND ts >= ${first - reachMs} AND ts <= ${last + reachMs}
      AND ts >= changing.first - ${reachMs} AND ts <= changing.last + ${reachMs}`);
}

/** How far from a fresh event lie those that its rows may depend on: it changes anchors up to `reach` after it and `revisable` before it, and these look `reach` back and `revisable` ahead. */
export function reachMsOf(views: readonly View[], definitions: Definitions): bigint {
  return BigInt(Math.max(...views.map(({ lens }) => lens.reachMs(definitions) + lens.revisableMs(definitions))));
}

/** Those of the base that count as before. */
function staying(replaces: boolean, events: string): string {
  return !replaces ? events : `(SELECT held.* FROM ${events} AS held ANTI JOIN replaced USING (user_key, id))`;
}

/** Whether members are there now, and were before. */
const THERE = {
  come: 'true AS now, false AS before',
  go: 'false AS now, true AS before',
  stay: 'true AS now, true AS before',
} as const;

function membersThat(does: keyof typeof THERE, relation: string, definitions: Definitions): string {
  return `SELECT *, ${THERE[does]} FROM (${membersSql(relation, definitions)})`;
}

/**
 * Adds to `members` what goes, and those of the base that rows near what comes or goes may depend on. Here users are known by their numbers in `touched`:
 * what follows joins and sorts by users often, and numbers are compared faster than text.
 */
// biome-ignore lint/complexity/useMaxParams: as what it is a part of
async function addNearMembers(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  views: readonly View[],
  shard: Shard,
  replaces: boolean,
): Promise<void> {
  const changing = (named: (relation: string) => string) => {
    const going = `UNION ALL ${membersThat('go', named('(SELECT * FROM replaced WHERE NOT dropped)'), definitions)}`;
    return `${membersThat('come', named('events'), definitions)} ${replaces ? going : ''}`;
  };
  await session.run(`CREATE OR REPLACE TABLE touched AS
    SELECT user_key, (row_number() OVER ())::INTEGER AS user_no, min(ts) AS first, max(ts) AS last
    FROM (${changing((relation) => relation)}) GROUP BY user_key`);
  const [span] = await session.rows('SELECT coalesce(min(first), 0) AS first, coalesce(max(last), 0) AS last FROM touched');
  if (span === undefined) return;
  const reachMs = reachMsOf(views, definitions);
  // The first condition lets DuckDB pass over whole files; the second is per user.
  const files = (spec.base?.events ?? []).filter((file) => !holdsSignalsOnly(file, definitions));
  const near = `(SELECT held.* REPLACE (touched.user_no AS user_key) FROM ${staying(replaces, eventsIn(spec, files, shard, definitions))} AS held
    JOIN touched ON touched.user_key = held.user_key
    WHERE ${whatCounts(definitions)} AND held.ts >= ${(span['first'] as bigint) - reachMs} AND held.ts <= ${(span['last'] as bigint) + reachMs}
      AND held.ts >= touched.first - ${reachMs} AND held.ts <= touched.last + ${reachMs})`;
  const numbered = (relation: string) =>
    `(SELECT e.* REPLACE (touched.user_no AS user_key) FROM ${relation} AS e JOIN touched ON touched.user_key = e.user_key)`;
  await session.run(
    `CREATE OR REPLACE VIEW members AS ${changing(numbered)} UNION ALL ${membersThat('stay', near, definitions)}`,
  );
}

/** Adds what the fresh events change in the view's rows, which have the `anchors`. `-`: takes it away. */
function rowsInto(view: View, sign: Sign = ''): string {
  const { dimensions, measures } = keptView(view);
  const columns = [...dimensions.map(quoted), ...measures.map((measure) => `${sign}${quoted(measure)}`)].join(', ');
  return `INSERT INTO rows_${view.name} SELECT ${columns} FROM (${batchSql(view)})`;
}
