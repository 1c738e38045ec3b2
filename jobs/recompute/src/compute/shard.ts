/**
 * One shard, as the data flows:
 *
 *   archived files ─▶ arrivals ─dedupe─▶ fresh ─┬─▶ an increment of deduplicated events (Parquet)
 *                                  ▲            ├─▶ conversions, for finding them by id
 *               events of the base ┘            └─▶ anchors and timelines ─ batch.sql of each view ─▶ rows_<view>
 *
 * Rows are differences against the base: of views that look at their anchor alone the fresh anchors' rows, of the others
 * `F(after) − F(before)` over the anchors near fresh events. Without a base before is empty, and that is the whole view.
 */
import { readFileSync } from 'node:fs';
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Definitions } from '@tributary/model/definitions';
import { VIEWS } from '@tributary/views/registry';
import { batchSql, classified, looksAround, timelineSql } from '@tributary/views/sql';
import type { View } from '@tributary/views/view';
import { arrivals, baseEvents, EVENT_COLUMNS, quoted } from './relations.ts';
import type { Shard } from './shards.ts';
import type { ComputeSpec } from './spec.ts';

const EVENT = Object.keys(EVENT_COLUMNS).join(', ');

export interface ShardCounts {
  readonly arrivals: number;
  readonly fresh: number;
}

/** Leaves `fresh` and adds to `rows_<view>` and `conversion_rows`. */
export async function computeShard(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
): Promise<ShardCounts> {
  await loadArrivals(session, spec, shard);
  await dedupe(session, spec, shard);
  const counts = {
    arrivals: await countOf(session, 'arrivals'),
    fresh: await countOf(session, 'fresh'),
  };
  await session.run('DROP TABLE arrivals');
  if (spec.base !== null && !spec.reuseRows) await addWhole(session, spec, definitions, shard);
  else if (counts.fresh > 0) await addChanged(session, spec, definitions, shard);
  return counts;
}

async function loadArrivals(session: DuckDb, spec: ComputeSpec, shard: Shard): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP TABLE arrivals AS
    SELECT *, hash(user_key, id) AS identity FROM ${arrivals(spec, shard)}`);
}

async function dedupe(session: DuckDb, spec: ComputeSpec, shard: Shard): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP TABLE known AS
    SELECT user_key, id FROM ${baseEvents(spec, shard)} AS held SEMI JOIN arrivals USING (user_key, id)`);
  for (const sql of statementsOf('dedupe.sql')) await session.run(sql);
}

/** The base's rows do not serve: every row anew, from the base's events and the fresh ones. */
async function addWhole(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP VIEW events AS
    SELECT ${EVENT} FROM ${baseEvents(spec, shard)} UNION ALL SELECT ${EVENT} FROM fresh`);
  await addFresh(session, definitions, 'events');
}

async function addChanged(session: DuckDb, spec: ComputeSpec, definitions: Definitions, shard: Shard): Promise<void> {
  if (spec.base === null) await addFresh(session, definitions, 'fresh');
  else {
    await addAnchored(session, definitions, 'fresh');
    for (const view of VIEWS.filter((candidate) => looksAround(candidate, definitions)))
      await addDifferences(session, spec, definitions, shard, view);
  }
}

/** All rows of the events of `relation`, of which nothing was counted before. */
async function addFresh(session: DuckDb, definitions: Definitions, relation: string): Promise<void> {
  await addAnchored(session, definitions, relation);
  const around = VIEWS.filter((view) => looksAround(view, definitions));
  if (around.length === 0) return;
  await session.run(`CREATE OR REPLACE TEMP TABLE timelines AS ${timelineSql()}`);
  await session.run('CREATE OR REPLACE TEMP VIEW timeline AS SELECT * FROM timelines');
  await session.run('CREATE OR REPLACE TEMP VIEW anchors AS SELECT user_no, seq FROM timelines');
  for (const view of around) await addRows(session, view, '+');
}

/** Rows of views that look at their anchor alone, and the conversions. Leaves `members`: touches and conversions of `relation`. */
async function addAnchored(session: DuckDb, definitions: Definitions, relation: string): Promise<void> {
  await session.run(`CREATE OR REPLACE TEMP TABLE members AS
    SELECT *, true AS fresh FROM (${classified(relation)}) WHERE kind <> 'signal'`);
  await session.run(`INSERT INTO conversion_rows
    SELECT id, user_key, ts, type, value, currency FROM members WHERE kind = 'conversion'`);
  for (const view of VIEWS.filter((candidate) => !looksAround(candidate, definitions))) {
    // Only activity counts signals too; it needs no more of an event than when and what.
    const anchors = view.name === 'activity' ? `SELECT ts, type FROM ${relation}` : 'SELECT * FROM members';
    await session.run(`CREATE OR REPLACE TEMP VIEW anchors AS ${anchors}`);
    await addRows(session, view, '+');
  }
}

/** `F(after) − F(before)` over the anchors near fresh touches and conversions; `members` holds these. */
async function addDifferences(
  session: DuckDb,
  spec: ComputeSpec,
  definitions: Definitions,
  shard: Shard,
  view: View,
): Promise<void> {
  const reachMs = view.reachMs(definitions);
  const revisableMs = view.revisableMs(definitions);
  const [span] = await session.rows('SELECT min(ts) AS first, max(ts) AS last FROM members WHERE fresh');
  if (span === undefined || span['first'] === null) return;
  // An anchor lies within reach of a fresh event, and what it looks at within reach of it.
  const from = BigInt(span['first'] as bigint) - BigInt(reachMs + revisableMs);
  const to = BigInt(span['last'] as bigint) + BigInt(reachMs + revisableMs);
  await session.run(`CREATE OR REPLACE TEMP VIEW near AS
    SELECT held.* FROM ${baseEvents(spec, shard)} AS held SEMI JOIN members USING (user_key)
    WHERE held.ts BETWEEN ${from} AND ${to}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE fresh_members AS SELECT * FROM members`);
  await session.run(`CREATE OR REPLACE TEMP TABLE members AS
    SELECT *, false AS fresh FROM (${classified('near')}) WHERE kind <> 'signal' UNION ALL SELECT * FROM fresh_members`);
  await session.run(`CREATE OR REPLACE TEMP TABLE timelines AS ${timelineSql()}`);
  await session.run('CREATE OR REPLACE TEMP TABLE members AS SELECT * FROM fresh_members');
  await session.run(`CREATE OR REPLACE TEMP TABLE affected AS ${read('affected.sql')}`, {
    reach: BigInt(reachMs),
    revisable: BigInt(revisableMs),
  });
  await session.run('CREATE OR REPLACE TEMP VIEW timeline AS SELECT * FROM timelines');
  await session.run('CREATE OR REPLACE TEMP VIEW anchors AS SELECT user_no, seq FROM affected');
  await addRows(session, view, '+');
  await session.run('CREATE OR REPLACE TEMP VIEW timeline AS SELECT * FROM timelines WHERE NOT fresh');
  await session.run('CREATE OR REPLACE TEMP VIEW anchors AS SELECT user_no, seq FROM affected WHERE NOT fresh');
  await addRows(session, view, '-');
}

async function addRows(session: DuckDb, view: View, sign: '+' | '-'): Promise<void> {
  const dimensions = view.dimensions.map(quoted);
  const measures = view.measures.map((measure) => `${sign === '-' ? '-' : ''}${quoted(measure)}`);
  await session.run(`INSERT INTO rows_${view.name} SELECT ${[...dimensions, ...measures].join(', ')} FROM (${batchSql(view)})`);
}

async function countOf(session: DuckDb, table: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS rows FROM ${table}`);
  return Number(row?.['rows']);
}

function statementsOf(file: string): string[] {
  return read(file)
    .split(/;\s*$/m)
    .map((sql) => sql.trim())
    .filter((sql) => sql !== '');
}

function read(file: string): string {
  return readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
}
