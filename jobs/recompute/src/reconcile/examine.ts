/**
 * Finds in the archive who may have something to explain, and examines them (examine-user.ts). Runs in the child.
 *
 *   arrivals since the cut that readers had ─▶ late ones, and copies with another instant ─▶ their users ─▶ all that these sent ─▶ causes
 *
 * What is read of others is when their events came: log time is that of the partition. Bounded by users and events; who is beyond is counted,
 * and what is left of the difference is then `unexamined`.
 */
import { parquetFiles, rowsMade } from '@tributary/archive/compute/relations';
import type { DuckDb } from '@tributary/archive/duckdb';
import { digestSql, erasureKey } from '@tributary/archive/erasure-key';
import { eventOfRow } from '@tributary/archive/field-values';
import { EVENT_COLUMNS, LATER_COLUMNS, type SegmentManifest, type StoredFile } from '@tributary/archive/layout';
import { retiredBefore } from '@tributary/archive/retention/retired';
import { blockOf, firstSince, readSegments } from '@tributary/archive/segments';
import { sqlText } from '@tributary/archive/sql-text';
import { safeInteger } from '@tributary/archive/views';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { ERASURE_TYPES } from '@tributary/model/erasure';
import { EVENT_BOUNDS } from '@tributary/model/reading/validate-event';
import { DAY_MS, dayOf, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { type StepRules, stepRules } from '@tributary/views/step';
import { CAUSES, type Cause, type ChangedConversion } from '../specs/causes.ts';
import type { ExamineSpec, Lateness } from '../specs/compare.ts';
import { type Arrived, examineUser, marginOf } from './examine-user.ts';

export interface Examined {
  readonly rows: ReadonlyMap<Cause, RowsByView>;
  readonly events: Readonly<Record<Cause, number>>;
  /** null: there was too much to read. */
  readonly lateness: Lateness | null;
  /** The newest first, bounded. */
  readonly conversions: readonly ChangedConversion[];
  /** How many more there are. */
  readonly moreConversions: number;
  /** Users who were not examined, because there are too many, or too many events of them, or some of these were retired. */
  readonly unexamined: number;
  /** Events of which it is not known for sure whether real time took them for late. */
  readonly doubted: number;
  /** Whether users were erased or lifted in between: also where both cuts know the same of them, rows of theirs were frozen in real time. */
  readonly isErasing: boolean;
}

/** `deep`: also who had copies with another instant before the cut, which real time still holds. It reads as far back as timelines reach. */
export async function examine(session: DuckDb, dataDir: string, spec: ExamineSpec, deep: boolean): Promise<Examined> {
  const definitions = storedDefinitions(spec.definitions, sha256Hex);
  const rules = stepRules(VIEWS, definitions, Number.POSITIVE_INFINITY);
  const segments = await segmentsOf(dataDir, spec.cutAfter, spec.lastSegment);
  const files = segments.flatMap((of) => of.flatMap((segment) => segment.files));
  if (rowsIn(files) > spec.limits.rows) return { ...nothing(), unexamined: 1 };
  await loadTimed(session, dataDir, spec, files);
  const isErasing = await hasErasures(session, dataDir, files);
  const none = { ...nothing(), lateness: await latenessOf(session, definitions), isErasing };
  await loadKnown(session, dataDir, spec);
  // Most runs have none, and what asks for users takes as long without any.
  if ((await rowsMade(session, [suspectsSql(definitions)])) === 0 && !deep) return { ...none, unexamined: 0 };
  await leaveErased(session, dataDir, spec);
  const isTooMuch = deep && !(await addOlderSuspects(session, dataDir, spec, rules));
  if (deep) await leaveErased(session, dataDir, spec);
  const { users, left } = await chooseUsers(session, spec);
  const unexamined = left + (isTooMuch ? 1 : 0);
  if (users === 0) return { ...none, unexamined };
  const fromMs = await earliestMs(session, rules);
  const window = await filesSince(dataDir, spec.cutAfter, fromMs);
  const read = [...window, ...files];
  if (rowsIn(read) > spec.limits.rows) return { ...none, unexamined: users + unexamined };
  // Asked once the files are listed: what is retired behind that is missed when they are read.
  await leaveRetired(session, rules, await retiredBefore(dataDir));
  const fitting = await leaveOutMany(session, dataDir, read, spec, fromMs);
  await loadHeld(session, dataDir, deep ? spec.events : spec.known);
  await loadArrived(session, dataDir, read, fromMs);
  const sums = noSums();
  for (const batch of await batchesOf(session)) addUsers(sums, await arrivalsOf(session, batch), rules, spec);
  const doubted = await doubtedEvents(session, spec, definitions);
  return { ...none, ...sums, unexamined: unexamined + users - fitting, doubted };
}

function nothing(): Omit<Examined, 'unexamined'> {
  const events = { late: 0, beyondRetention: 0, duplicate: 0 };
  return { doubted: 0, isErasing: false, lateness: null, rows: new Map(), events, conversions: [], moreConversions: 0 };
}

const ERASURES = ERASURE_TYPES.map(sqlText).join(', ');

/** By partition. `after`: the last segment before them; absent: none. */
function segmentsOf(dataDir: string, after: readonly number[], upTo: readonly number[]): Promise<SegmentManifest[][]> {
  return Promise.all(upTo.map((last, partition) => readSegments(dataDir, partition, (after[partition] ?? -1) + 1, last + 1)));
}

/** How far the clock of the folder may be behind the log's. */
const CLOCKS_APART_MS = DAY_MS;

/**
 * The files up to these segments that may have events of this instant or later. No event is taken that happens later than `futureMs` after its receipt,
 * or was received as much later than the log took it: segments that were archived before that have none.
 */
async function filesSince(dataDir: string, upTo: readonly number[], fromMs: number): Promise<StoredFile[]> {
  const aheadMs = 2 * EVENT_BOUNDS.futureMs + CLOCKS_APART_MS;
  const first = await Promise.all(
    upTo.map((last, partition) => firstSince(dataDir, partition, { fromMs, aheadMs, before: last + 1 })),
  );
  const after = first.map((number) => number - 1);
  const segments = await segmentsOf(dataDir, after, upTo);
  return segments.flatMap((of) => of.flatMap(({ files }) => since(files, fromMs)));
}

/** The segment of this number, or the block that ends with it. */
async function newestOf(dataDir: string, partition: number, number: number): Promise<readonly SegmentManifest[]> {
  if (number < 0) return [];
  const first = blockOf(number + 1) === number + 1 ? blockOf(number) : number;
  return readSegments(dataDir, partition, first, number + 1);
}

function rowsIn(files: readonly StoredFile[]): number {
  return files.reduce((sum, { rows }) => sum + rows, 0);
}

/** `date`: a day, month or year of event time. */
function since(files: SegmentManifest['files'], fromMs: number): StoredFile[] {
  const day = dayOf(Math.max(0, fromMs));
  return files.filter(({ date }) => `${date}~` > day);
}

/** What a copy with another instant differs from its first in. */
const IDENTITY = { user_key: 'VARCHAR', id: 'VARCHAR', ts: 'BIGINT', type: 'VARCHAR' } as const;

const TIMED = {
  ...IDENTITY,
  partition: 'INTEGER',
  received_at: 'BIGINT',
  position: 'VARCHAR',
  entry_index: 'INTEGER',
  historical: 'BOOLEAN',
} as const;

/**
 * Leaves `timed`: what arrived since, with log time as events alone show it. The archive keeps no heartbeats, nor when the log took an entry:
 * within `clockSlackMs` of the line it is not known on which side of it real time took an event to be.
 */
async function loadTimed(session: DuckDb, dataDir: string, spec: ExamineSpec, files: readonly StoredFile[]): Promise<void> {
  const last = await Promise.all(spec.cutAfter.map((number, partition) => newestOf(dataDir, partition, number)));
  const before = last.flatMap((of) => of.flatMap((segment) => segment.files));
  await session.run(`CREATE OR REPLACE TABLE begun AS
    SELECT partition, max(received_at) AS log_time
    FROM ${parquetFiles(dataDir, before, { partition: 'INTEGER', received_at: 'BIGINT' })} GROUP BY partition`);
  await session.run(`CREATE OR REPLACE TABLE timed AS
    SELECT arrived.* EXCLUDE (running), greatest(running, coalesce(begun.log_time, 0)) AS log_time
    FROM (
      SELECT *, max(received_at) OVER (
        PARTITION BY partition ORDER BY position, entry_index ROWS UNBOUNDED PRECEDING) AS running
      FROM ${parquetFiles(dataDir, files, TIMED)}
    ) AS arrived LEFT JOIN begun USING (partition)
    WHERE type NOT IN (${ERASURES})`);
}

async function hasErasures(session: DuckDb, dataDir: string, files: readonly StoredFile[]): Promise<boolean> {
  const arrived = parquetFiles(dataDir, files, { type: 'VARCHAR' });
  return (await session.rows(`SELECT 1 FROM ${arrived} WHERE type IN (${ERASURES}) LIMIT 1`)).length > 0;
}

const WITHIN_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS, 30 * DAY_MS] as const;
const MOST_DAYS = 40;

async function latenessOf(session: DuckDb, { latenessMs }: Definitions): Promise<Lateness> {
  const bounds = [...WITHIN_MS, null];
  const counted = bounds.map((ms, i) => {
    const above = i === 0 ? '' : ` AND log_time - ts > ${bounds[i - 1]}`;
    return `count(*) FILTER (WHERE ${ms === null ? 'true' : `log_time - ts <= ${ms}`}${above}) AS within_${i}`;
  });
  const isLate = `ts <= log_time - ${latenessMs}`;
  const history = `count(*) FILTER (WHERE historical AND ${isLate}) AS history`;
  const [row] = await session.rows(`SELECT ${counted.join(', ')}, ${history}, count(*) FILTER (${isLate}) AS late FROM timed`);
  const byDay = `SELECT strftime(make_timestamp(ts * 1000), '%Y-%m-%d') AS date, count(*) AS late FROM timed WHERE ${isLate}
     GROUP BY ALL ORDER BY date DESC`;
  const days = row?.['late'] === 0n ? [] : await session.rows(byDay);
  const late = days.map((day) => ({ date: String(day['date']), late: safeInteger(day['late'], 'late') }));
  return {
    within: bounds.map((ms, i) => ({ ms, events: safeInteger(row?.[`within_${i}`], 'within') })),
    days: late.slice(0, MOST_DAYS),
    olderLate: late.slice(MOST_DAYS).reduce((sum, day) => sum + day.late, 0),
    lateHistory: safeInteger(row?.['history'], 'history'),
  };
}

/** Leaves `known`: which of these came before, and when and as what the first of them was. */
async function loadKnown(session: DuckDb, dataDir: string, { known }: ExamineSpec): Promise<void> {
  const held = parquetFiles(dataDir, known, IDENTITY);
  await session.run(`CREATE OR REPLACE TABLE known AS
    SELECT held.* FROM ${held} AS held SEMI JOIN timed USING (user_key, id)`);
}

function suspectsSql({ latenessMs }: Definitions): string {
  return `CREATE OR REPLACE TABLE suspects AS
    SELECT user_key FROM timed WHERE ts <= log_time - ${latenessMs}
    UNION
    SELECT user_key FROM (SELECT user_key, id, ts, type FROM timed UNION ALL FROM known)
    GROUP BY user_key, id HAVING min(ts) <> max(ts) OR min(type) <> max(type)`;
}

/** They are of no suspicion: neither layer counts anything of theirs. */
async function leaveErased(session: DuckDb, dataDir: string, { erased }: ExamineSpec): Promise<void> {
  if (erased.length === 0) return;
  const digest = digestSql('user_key', await erasureKey(dataDir));
  await session.run(`DELETE FROM suspects WHERE ${digest} IN (SELECT unnest(from_json($erased::JSON, '["VARCHAR"]')))`, {
    erased: JSON.stringify(erased),
  });
}

/** False: it would be too much to read. */
async function addOlderSuspects(session: DuckDb, dataDir: string, spec: ExamineSpec, { retention }: StepRules): Promise<boolean> {
  const fromMs = (await logBeginsMs(session)) - retention.longMs;
  const files = await filesSince(dataDir, spec.cutAfter, fromMs);
  if (rowsIn(files) > spec.limits.rows) return false;
  await session.run(`INSERT INTO suspects
    SELECT DISTINCT user_key FROM ${parquetFiles(dataDir, files, IDENTITY)} AS sent
    JOIN ${parquetFiles(dataDir, spec.events, IDENTITY)} AS held USING (user_key, id)
    WHERE (sent.ts <> held.ts OR sent.type <> held.type) AND sent.ts > ${fromMs}
      AND user_key IN (SELECT user_key FROM timed) AND user_key NOT IN (FROM suspects)`);
  return true;
}

/** Leaves `chosen`: those with the fewest events first, so that as many as possible are examined. */
async function chooseUsers(session: DuckDb, { limits }: ExamineSpec): Promise<{ readonly users: number; readonly left: number }> {
  await session.run(`CREATE OR REPLACE TABLE chosen AS
    SELECT user_key FROM (SELECT user_key, count(*) AS events FROM timed SEMI JOIN suspects USING (user_key) GROUP BY user_key)
    ORDER BY events, user_key LIMIT ${limits.users}`);
  const [row] = await session.rows(
    'SELECT (SELECT count(*) FROM chosen) AS users, (SELECT count(DISTINCT user_key) FROM suspects) AS suspects',
  );
  const users = safeInteger(row?.['users'], 'users');
  return { users, left: safeInteger(row?.['suspects'], 'suspects') - users };
}

/** Leaves `held`: the chosen users' events as the generation has them, each once. */
async function loadHeld(session: DuckDb, dataDir: string, events: readonly StoredFile[]): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE held AS
    FROM ${parquetFiles(dataDir, events, IDENTITY)} WHERE user_key IN (FROM chosen)`);
}

async function logBeginsMs(session: DuckDb): Promise<number> {
  const [row] = await session.rows('SELECT coalesce(min(log_time), 0) AS at FROM timed');
  return safeInteger(row?.['at'], 'log_time');
}

/** How far back the users' events are read: to all that rows near fresh ones look at, and to all that their timelines held. */
async function earliestMs(session: DuckDb, rules: StepRules): Promise<number> {
  const [row] = await session.rows('SELECT min(ts) AS earliest FROM timed SEMI JOIN chosen USING (user_key)');
  const earliest = safeInteger(row?.['earliest'], 'earliest');
  return Math.min(earliest - 2 * marginOf(rules), (await logBeginsMs(session)) - rules.retention.longMs);
}

/** Leaves of `chosen` those of whom nothing that is looked at was retired. What came again as it is known changes no rows of its time. */
async function leaveRetired(session: DuckDb, rules: StepRules, before: number | null): Promise<void> {
  if (before === null) return;
  const timelinesBeginMs = (await logBeginsMs(session)) - rules.retention.longMs;
  await session.run(`DELETE FROM chosen WHERE ${timelinesBeginMs} < ${before}
    OR user_key IN (SELECT user_key FROM timed ANTI JOIN known USING (user_key, id, ts, type) WHERE ts < ${before + 2 * marginOf(rules)})`);
}

/** Leaves of `chosen` those with the fewest events, as many as fit, each with the batch in which it is examined; resolves with how many. */
async function leaveOutMany(
  session: DuckDb,
  dataDir: string,
  files: readonly StoredFile[],
  { limits }: ExamineSpec,
  fromMs: number,
): Promise<number> {
  await session.run(`CREATE OR REPLACE TABLE fitting AS SELECT user_key, CAST((up_to - 1) // ${limits.heldEvents} AS INTEGER) AS batch FROM (
      SELECT user_key, sum(events) OVER (ORDER BY events, user_key ROWS UNBOUNDED PRECEDING) AS up_to FROM (
        SELECT user_key, count(*) AS events FROM ${parquetFiles(dataDir, files, { user_key: 'VARCHAR', ts: 'BIGINT' })}
        WHERE ts >= ${fromMs} AND user_key IN (FROM chosen) GROUP BY user_key))
    WHERE up_to <= ${limits.events}`);
  await session.run('DELETE FROM chosen WHERE user_key NOT IN (SELECT user_key FROM fitting)');
  const [row] = await session.rows('SELECT count(*) AS users FROM chosen');
  return safeInteger(row?.['users'], 'users');
}

/** Leaves `sent`: all that the chosen users sent, for batches of them. */
async function loadArrived(session: DuckDb, dataDir: string, files: readonly StoredFile[], fromMs: number): Promise<void> {
  await session.run(`CREATE OR REPLACE TABLE sent AS
    SELECT * FROM ${parquetFiles(dataDir, files, EVENT_COLUMNS, LATER_COLUMNS)} WHERE ts >= ${fromMs} AND user_key IN (FROM chosen)`);
}

async function batchesOf(session: DuckDb): Promise<number[]> {
  const rows = await session.rows('SELECT DISTINCT batch FROM fitting ORDER BY batch');
  return rows.map((row) => Number(row['batch']));
}

/** Those of each user of this batch, in log order. */
async function arrivalsOf(session: DuckDb, batch: number): Promise<Arrived[][]> {
  const rows = await session.rows(
    `SELECT sent.*, timed.log_time, timed.log_time IS NOT NULL AS is_fresh,
       held.id IS NOT NULL AS is_held, held.ts <> sent.ts OR held.type <> sent.type AS is_otherwise
     FROM (FROM sent SEMI JOIN (FROM fitting WHERE batch = ${batch}) USING (user_key)) AS sent
     LEFT JOIN timed ON timed.partition = sent.partition AND timed.position = sent.position AND timed.entry_index = sent.entry_index
     LEFT JOIN held ON held.user_key = sent.user_key AND held.id = sent.id
     ORDER BY sent.position, sent.entry_index`,
  );
  const byUser = new Map<string, { readonly arrived: Arrived[]; readonly ids: Set<string>; clockMs: number }>();
  for (const row of rows) {
    const key = String(row['user_key']);
    let user = byUser.get(key);
    if (user === undefined) byUser.set(key, (user = { arrived: [], ids: new Set(), clockMs: 0 }));
    const event = eventOfRow(row);
    const isFresh = row['is_fresh'] === true;
    user.clockMs = Math.max(user.clockMs, event.receivedAt);
    const logTimeMs = isFresh ? safeInteger(row['log_time'], 'log_time') : user.clockMs;
    const isCopy = user.ids.has(event.id) || (row['is_held'] === true && (isFresh || row['is_otherwise'] === true));
    user.ids.add(event.id);
    user.arrived.push({ event, logTimeMs, isFresh, isCopy });
  }
  return [...byUser.values()].map(({ arrived }) => arrived);
}

async function doubtedEvents(session: DuckDb, { limits }: ExamineSpec, { latenessMs }: Definitions): Promise<number> {
  const slack = limits.clockSlackMs;
  const [row] = await session.rows(
    `SELECT count(*) AS events FROM timed WHERE ts BETWEEN log_time - ${latenessMs + slack} AND log_time - ${latenessMs - slack}`,
  );
  return slack === 0 ? 0 : safeInteger(row?.['events'], 'events');
}

interface Sums {
  moreConversions: number;
  readonly rows: Map<Cause, RowsByView>;
  readonly events: Record<Cause, number>;
  readonly conversions: ChangedConversion[];
}

function noSums(): Sums {
  const rows = new Map(CAUSES.map((cause) => [cause, new Map()]));
  return { rows, events: { ...nothing().events }, conversions: [], moreConversions: 0 };
}

function addUsers(sums: Sums, users: readonly (readonly Arrived[])[], rules: StepRules, { limits }: ExamineSpec): void {
  const { rows, events, conversions } = sums;
  for (const arrived of users) {
    const user = examineUser(arrived, rules);
    for (const [cause, ofCause] of user.rows) addRowsByView(rows.get(cause) as RowsByView, ofCause);
    for (const cause of CAUSES) events[cause] += user.events[cause];
    conversions.push(...user.conversions);
  }
  conversions.sort((a, b) => b.ts - a.ts || (a.id < b.id ? -1 : 1));
  const more = Math.max(0, conversions.length - limits.conversions);
  sums.moreConversions += more;
  conversions.length -= more;
}
