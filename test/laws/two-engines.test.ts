/**
 * Law 5: the TypeScript fold and the DuckDB SQL of one view give identical rows for identical events. The oracle is a
 * third opinion, so that both cannot share a mistake.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import { rowsOfColumns } from '@tributary/archive/views';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { userKeyOf } from '@tributary/model/user-key';
import { differences } from '@tributary/testkit/compare-rows';
import { firstArrivals, generateEvents } from '@tributary/testkit/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS } from '@tributary/testkit/generate-definitions';
import { naive } from '@tributary/testkit/naive';
import { createRandom } from '@tributary/testkit/random';
import { addRow, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import {
  batchSql,
  countsSignals,
  journeyStatements,
  membersSql,
  prepareStatements,
  timelineStatements,
} from '@tributary/views/sql';
import { insertionIndex, type TimelineEvent, timelineEvent } from '@tributary/views/timeline';
import { fold } from '@tributary/views/view';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';

let session: DuckDb;
beforeAll(async () => {
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(tmpdir(), `tributary-law5-${process.pid}`) });
});
afterAll(() => session.close());

/** Every view over each user's whole timeline. */
function byFold(events: readonly Event[], definitions: Definitions): RowsByView {
  const users = new Map<string, TimelineEvent[]>();
  for (const event of events) {
    const key = userKeyOf(event);
    if (!users.has(key)) users.set(key, []);
    const timeline = users.get(key) as TimelineEvent[];
    timeline.splice(insertionIndex(timeline, event), 0, timelineEvent(event, definitions));
  }
  const result: RowsByView = new Map();
  for (const view of VIEWS) {
    const rows = rowsOf(result, view.name);
    for (const timeline of users.values())
      timeline.forEach((_, at) => {
        fold(view, timeline, at, definitions, (key, measures) => addRow(rows, key, measures));
      });
  }
  return result;
}

async function bySql(events: readonly Event[], definitions: Definitions): Promise<RowsByView> {
  for (const { sql, values } of prepareStatements(definitions)) await session.run(sql, values);
  await session.run(
    `CREATE OR REPLACE TEMP TABLE facts AS SELECT * FROM (SELECT unnest(from_json($1::JSON,
       '[{"user_key":"VARCHAR","ts":"BIGINT","id":"VARCHAR","type":"VARCHAR","channel":"VARCHAR","campaign":"VARCHAR",
          "cost":"BIGINT","value":"BIGINT","currency":"VARCHAR"}]'), recursive := true))`,
    [JSON.stringify(events.map((event) => ({ ...event, user_key: userKeyOf(event) })))],
  );
  await session.run(`CREATE OR REPLACE TEMP VIEW members AS SELECT *, true AS fresh FROM (${membersSql('facts')})`);
  for (const sql of [...timelineStatements(), ...journeyStatements(definitions)]) await session.run(sql);
  const result: RowsByView = new Map();
  for (const view of VIEWS) {
    await session.run(`CREATE OR REPLACE TEMP VIEW anchors AS SELECT * FROM ${countsSignals(view) ? 'facts' : 'timelines'}`);
    const columns = [...view.dimensions.map((d) => `"${d}"`), ...view.measures.map((m) => `"${m}"::BIGINT`)];
    const rows = await session.columns(`SELECT ${columns.join(', ')} FROM (${batchSql(view)})`);
    result.set(view.name, rowsOfColumns(rows, view, view.name));
  }
  return result;
}

async function expectEqual(events: readonly Event[], definitions: Definitions): Promise<void> {
  const sql = await bySql(events, definitions);
  expect(differences(sql, byFold(events, definitions))).toEqual([]);
  expect(differences(sql, naive(events, definitions))).toEqual([]);
}

test('law 5: fold, SQL and oracle agree over random logs and definitions', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 120 }), async (seed, count) => {
      const random = createRandom(seed);
      const definitions = generateDefinitions(random);
      const shape = { events: count, users: 1 + random.below(6), lateChance: random.pick([0, 0.2]), duplicateChance: 0.1 };
      await expectEqual(firstArrivals(generateEvents(random, shape, definitions)), definitions);
    }),
    { numRuns: 120 },
  );
});

const BASE_MS = Date.UTC(2026, 2, 1, 12);
const event = (id: string, hours: number, type: string, more: Partial<Event> = {}): Event => ({
  ts: BASE_MS + hours * HOUR_MS,
  type,
  id,
  userId: 'ana',
  receivedAt: BASE_MS,
  source: 'test',
  ...more,
});

test('law 5: no events, no rows', async () => {
  await expectEqual([], definitionsOf(SMALL_DEFINITIONS));
});

test('law 5: products beyond 64 bits: the largest values over a path of 40 decaying touches', async () => {
  const events = [event('buy', 5, 'buy', { value: 1_000_000_000_000 }), event('refund', 5, 'buy', { value: -999_999_999_999 })];
  for (let i = 0; i < 40; i++) events.push(event(`t${i}`, i / 10, 'click', { channel: `c${i % 7}` }));
  await expectEqual(events, definitionsOf(SMALL_DEFINITIONS));
});

test('law 5: edges: a touch exactly a window away, one at the same instant before and after by id, two conversions at once', async () => {
  const events = [
    event('a', 0, 'click', { channel: 'edge' }),
    event('b', 6, 'buy', { value: 7 }),
    event('a2', 6, 'click', { channel: 'before' }),
    event('c', 6, 'click', { channel: 'after' }),
    event('b2', 6, 'buy', { value: -7 }),
    event('v', 5, 'view', { channel: 'view edge' }),
    event('w', 4.999, 'view', { channel: 'too old a view' }),
  ];
  for (const resetOnConversion of [false, true])
    await expectEqual(events, definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } }));
});

test('law 5: text that looks like SQL, JSON or a placeholder stays text, in events and in definitions', async () => {
  const odd = `'; DROP TABLE facts; -- $1 "x" \\ {"a":[1]} ☃ 👩‍👩‍👧 é e\u0301 (unattributed) null`;
  const definitions = definitionsOf({
    touches: { [odd]: { windowDays: 1, defaultChannel: odd }, null: { windowDays: 1, defaultChannel: 'null' } },
    conversions: [`${odd}!`, '$[*]'],
    attribution: { direct: [odd] },
  });
  const events = [
    event('1', 1, odd),
    event('2', 2, 'null', { campaign: odd }),
    event('3', 3, `${odd}!`, { value: 10, currency: 'EUR' }),
    event('4', 4, '$[*]', { value: 3 }),
    event('5', 4, odd, { channel: 'e\u0301' }),
    event('6', 5, `${odd}!`, { value: 1 }),
  ];
  await expectEqual(events, definitions);
});

test('law 5: definitions without touches, conversions or direct channels', async () => {
  const events = [event('1', 1, 'click', { channel: 'x' }), event('2', 2, 'buy', { value: 5 })];
  await expectEqual(events, definitionsOf({ ...SMALL_DEFINITIONS, touches: {} }));
  await expectEqual(events, definitionsOf({ ...SMALL_DEFINITIONS, conversions: [] }));
  await expectEqual(events, definitionsOf({ ...SMALL_DEFINITIONS, attribution: { direct: [] } }));
});

test('law 5: the first instant of all: an event at 0 is not before everything', async () => {
  const events = [
    event('a', 0, 'click', { ts: 0, channel: 'x' }),
    event('b', 0, 'buy', { ts: 0, value: 5 }),
    event('c', 0, 'buy', { ts: 1 }),
  ];
  for (const resetOnConversion of [false, true])
    await expectEqual(events, definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } }));
});
