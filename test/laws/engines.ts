/** The two engines of law 5 over the same events: each view by its TypeScript fold and by its DuckDB SQL. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb, runAll } from '@tributary/archive/duckdb';
import { rowsOfColumns } from '@tributary/archive/views';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { correct } from '@tributary/signals/corrections/correct';
import { EVENT_ROW_COLUMNS, eventRow, rowsSql } from '@tributary/testkit/inputs/event-rows';
import { byPartition, GROUPED_VIEWS, keyOfGroup, whereRows } from '@tributary/views/by-partition';
import { countedSql, isFoundOut } from '@tributary/views/counts/relation';
import { addRow, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { arrivingEvent } from '@tributary/views/member';
import { countedOnce } from '@tributary/views/once';
import { VIEWS } from '@tributary/views/registry';
import {
  askedStatements,
  batchSql,
  convertingSql,
  edgeStatements,
  membersSql,
  onceKeySql,
  ownStatements,
  partStatements,
  pathStatements,
  prepareStatements,
  sessionStatements,
  timelineStatements,
  webSql,
  webStatements,
} from '@tributary/views/sql';
import { insertionIndex, type TimelineEvent } from '@tributary/views/timeline';
import { type Emit, fold, type View, viewsAsked } from '@tributary/views/view';

export const PARTITIONS = 3;

/** A session for tests alone; `name` keeps the folders of test files apart. */
export function openTestSession(name: string): Promise<DuckDb> {
  return openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(tmpdir(), `tributary-${name}-${process.pid}`) });
}

/** Every view over each user's whole timeline. */
export function byFold(events: readonly Event[], definitions: Definitions): RowsByView {
  const raw = new Map<string, TimelineEvent[]>();
  for (const event of events) {
    const key = userKeyOf(event);
    if (!raw.has(key)) raw.set(key, []);
    const timeline = raw.get(key) as TimelineEvent[];
    const own = arrivingEvent(event, definitions);
    timeline.splice(insertionIndex(timeline, own), 0, own);
  }
  const users = [...raw].map(([user, timeline]) => [user, countedOnce(timeline, definitions)] as const);
  const result: RowsByView = new Map();
  for (const view of VIEWS) {
    const rows = rowsOf(result, view.name);
    for (const [, timeline] of users)
      timeline.forEach((_, at) => {
        fold(view, timeline, at, definitions, (key, measures) => addRow(rows, key, measures));
      });
  }
  for (const [view, { name }] of grouped(VIEWS)) {
    const rows = rowsOf(result, name);
    for (const [user, timeline] of users)
      timeline.forEach((_, at) => {
        const emit: Emit = (key, measures) =>
          addRow(rows, `${keyOfGroup(view, key)}\t${partitionOf(user, PARTITIONS)}`, measures);
        fold(view, timeline, at, definitions, emit);
      });
  }
  return result;
}

const grouped = (views: readonly View[]) =>
  views.filter((view) => GROUPED_VIEWS.includes(view)).map((view) => [view, byPartition(view)] as const);

/** The definitions that each session was prepared for last. */
const preparedFor = new WeakMap<DuckDb, string>();

export async function bySql(
  session: DuckDb,
  events: readonly Event[],
  definitions: Definitions,
  views: readonly View[] = VIEWS,
): Promise<RowsByView> {
  if (preparedFor.get(session) !== definitions.json)
    for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
  preparedFor.set(session, definitions.json);
  const given = rowsSql({
    ...EVENT_ROW_COLUMNS,
    partition: 'INTEGER',
    properties: 'VARCHAR',
    page: 'VARCHAR',
    element: 'VARCHAR',
  });
  const rowOf = (one: Event) => ({
    ...eventRow(one),
    partition: partitionOf(userKeyOf(one), PARTITIONS),
    properties: JSON.stringify(one.properties),
    page: one.page,
    element: one.element,
  });
  // As the archive corrects what it loads (packages/archive/src/compute/corrections.ts).
  const corrected = events.flatMap((one) => {
    const by = correct(one, definitions);
    return by?.isDropped === true ? [] : [{ ...one, ...by?.fields } as Event];
  });
  await session.run(`CREATE OR REPLACE TABLE facts AS ${onceKeySql(`(${webSql(`(${given})`)})`)}`, {
    rows: JSON.stringify(corrected.map(rowOf)),
  });
  // What events count for follows from what was sent.
  if (isFoundOut(definitions)) {
    await session.run(
      `CREATE OR REPLACE TABLE counting AS SELECT user_key, id, counted, marks FROM ${countedSql(definitions).of(`(${given})`)}`,
      {
        rows: JSON.stringify(events.map(rowOf)),
      },
    );
    await session.run('CREATE OR REPLACE TABLE facts AS FROM facts JOIN counting USING (user_key, id)');
  }
  await runAll(session, relationsOf(definitions, views));
  const result: RowsByView = new Map();
  const asked = viewsAsked(views, definitions);
  const { events: ofEvents = [], timelines: ofTimelines = [] } = Object.groupBy(asked, ({ countsSignals }) =>
    countsSignals ? 'events' : 'timelines',
  );
  await session.run('CREATE OR REPLACE VIEW anchors AS FROM facts');
  for (const view of ofEvents) await readRows(session, view, result);
  await session.run('CREATE OR REPLACE VIEW anchors AS FROM timelines');
  for (const view of ofTimelines) await readRows(session, view, result);
  for (const { name } of [...views, ...grouped(views).map(([, own]) => own)]) if (!result.has(name)) result.set(name, new Map());
  return result;
}

/** What the SQL of views reads, from `facts` on. */
function relationsOf(definitions: Definitions, views: readonly View[]): string[] {
  const web = [
    'CREATE OR REPLACE VIEW web_around AS SELECT *, true AS fresh FROM facts',
    `CREATE OR REPLACE VIEW web_converting AS ${convertingSql('(SELECT *, true AS fresh FROM facts)', definitions)}`,
    ...webStatements(),
    ...sessionStatements(),
  ];
  const marked = 'SELECT user_key, ts, marks, true AS fresh FROM facts WHERE marks IS NOT NULL';
  return [
    `CREATE OR REPLACE VIEW members AS SELECT *, true AS now, false AS before FROM (${membersSql('facts', definitions)})`,
    ...timelineStatements(definitions),
    ...askedStatements(views),
    ...pathStatements(definitions),
    ...ownStatements(),
    ...partStatements(),
    ...edgeStatements(definitions),
    'CREATE OR REPLACE VIEW events AS FROM facts',
    ...(definitions.segmentDayVersions.size > 0 ? [`CREATE OR REPLACE VIEW marked_around AS ${marked}`] : []),
    ...(definitions.web === undefined ? [] : web),
  ];
}

/** Its SQL is asked once, also where its rows are kept by partition as well: to plan it is most of the time of a small log. */
async function readRows(session: DuckDb, view: View, result: RowsByView): Promise<void> {
  const forms = [view, ...grouped([view]).map(([, own]) => own)];
  if (forms.length > 1) await session.run(`CREATE OR REPLACE TABLE answered AS ${batchSql(view)}`);
  for (const form of forms) {
    const dimensions = form.dimensions.map((d) => (d === 'partition' ? `"${d}"::VARCHAR` : `"${d}"`));
    const columns = [...dimensions, ...form.measures.map((m) => `"${m}"`)];
    const from = forms.length > 1 ? 'answered' : `(${batchSql(view)})`;
    const where = whereRows(view, form === view ? 'own' : 'byPartition');
    result.set(
      form.name,
      rowsOfColumns(await session.columns(`SELECT ${columns.join(', ')} FROM ${from} ${where}`), form, form.name),
    );
  }
}

/** 2026-03-01T12:00Z. */
const BASE_MS = Date.UTC(2026, 2, 1, 12);
/** An event of one user, `hours` after noon. */
export const event = (id: string, hours: number, type: string, more: Partial<Event> = {}): Event => ({
  ts: BASE_MS + hours * HOUR_MS,
  type,
  id,
  userId: 'ana',
  receivedAt: BASE_MS,
  source: 'test',
  ...more,
});
