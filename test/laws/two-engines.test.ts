/**
 * Law 5: the TypeScript fold and the DuckDB SQL of one view give identical rows for identical events. The oracle is a
 * third opinion, so that both cannot share a mistake.
 */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { firstArrivals, generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { byFold, bySql, event, openTestSession, PARTITIONS } from './engines.ts';

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('law5');
});
afterAll(() => session.close());

async function expectEqual(events: readonly Event[], definitions: Definitions, own = session): Promise<void> {
  const sql = await bySql(own, events, definitions);
  expect(differences(sql, byFold(events, definitions))).toEqual([]);
  expect(differences(sql, naiveOfGeneration(events, definitions, PARTITIONS))).toEqual([]);
}

// In parts, each with a time of its own and a session: one that does not come to its end leaves the others alone.
test.each([1, 2, 3, 4])(
  'law 5: fold, SQL and oracle agree over random logs and definitions (%i)',
  { timeout: 600_000 },
  async (part) => {
    const own = await openTestSession(`law5-random-${part}`);
    onTestFinished(() => own.close());
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 120 }), async (seed, count) => {
        const random = createRandom(seed);
        const definitions = generateDefinitions(random);
        const shape = { events: count, users: 1 + random.below(6), lateChance: random.pick([0, 0.2]), duplicateChance: 0.1 };
        await expectEqual(firstArrivals(generateEvents(random, shape, definitions)), definitions, own);
      }),
      { numRuns: 30 },
    );
  },
);

/** The rows of all views over a number of events, each number asked once. */
const amongAll = new Map<number, ReturnType<typeof bySql>>();

test.each(VIEWS)('law 5: $name says what its SQL reads: computed alone it is what it is among all', async (view) => {
  const counted = {
    counts: { channels: { count: '*', by: 'channel' } },
    segments: { clicking: { enter: 'type == "click"', ttl: '1h', byDay: true } },
  };
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, web: {}, ...counted });
  const count = view.countsWeb ? 500 : 60;
  const shape = { events: count, users: 3, lateChance: 0.1, duplicateChance: 0 };
  const events = firstArrivals(generateEvents(createRandom(5), shape, definitions));
  const asked = amongAll.get(count) ?? bySql(session, events, definitions);
  amongAll.set(count, asked);
  const all = await asked;
  const own = await openTestSession(`law5-${view.name}`);
  try {
    const alone = await bySql(own, events, definitions, [view]);
    expect(all.get(view.name)?.size).toBeGreaterThan(0);
    const names = [view.name, ...groupedOf([view]).map(({ name }) => name)];
    expect(alone).toEqual(new Map(names.map((name) => [name, all.get(name)])));
  } finally {
    await own.close();
  }
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
