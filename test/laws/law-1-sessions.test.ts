/** Sessions of visitors: as they are defined, and the same by fold, difference and SQL, whatever the order and the cut. */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byFold, bySql, openTestSession, PARTITIONS } from './engines.ts';
import { merge, speedFold } from './speed-fold.ts';

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('sessions');
});
afterAll(() => session.close());

const DEFINITIONS = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 30, web: {} });
/** An order counts once, also where it is reported again a week later. */
const ONCE = definitionsOf({
  ...{ ...SMALL_DEFINITIONS, latenessDays: 30, web: {} },
  conversions: { buy: { onceBy: 'properties.order', withinDays: 7 } },
});
/** 2026-03-01T12:00Z. */
const NOON_MS = Date.UTC(2026, 2, 1, 12);
const GAP_MS = 30 * MINUTE_MS;

let sent = 0;
function at(ms: number, type: string, more: Partial<Event> = {}): Event {
  const said = { viewId: 'v', layout: 992, ...(type === 'activity' && { engagedMs: 1_000 }), ...more.properties };
  const own = { ts: NOON_MS + ms, receivedAt: NOON_MS + 10 * DAY_MS, id: `e${String(++sent).padStart(5, '0')}`, type };
  return { ...own, userId: 'ana', source: 'web', page: 'https://shop.example/', ...more, properties: said };
}
const page = (ms: number, path = '/') => at(ms, 'page', { page: `https://shop.example${path}` });

/** By each engine, and by difference in each order of arrival. */
async function rowsOf(events: readonly Event[], definitions = DEFINITIONS): Promise<RowsByView> {
  const expected = naive(events, definitions);
  expect(differences(byFold(events, definitions), naiveOfGeneration(events, definitions, PARTITIONS))).toEqual([]);
  expect(differences(await bySql(session, events, definitions), naiveOfGeneration(events, definitions, PARTITIONS))).toEqual([]);
  for (const order of [events, [...events].reverse(), createRandom(events.length).shuffle(events)])
    expect(differences(merge(new Map(), speedFold(order, { definitions }), 0), expected)).toEqual([]);
  return expected;
}

const sessionsOf = (rows: RowsByView) =>
  [...(rows.get('sessions') ?? [])].map(([key, measures]) => [...key.split('\t').slice(0, 2), ...measures]);
const DAY = '2026-03-01';
const SHOP = 'shop.example/';

test.each([
  ['less than 30 min apart are one', [page(0), page(GAP_MS - 1)], [[DAY, SHOP, 1, 0, 2, GAP_MS - 1, 0, 0]]],
  ['exactly 30 min apart are two', [page(0), page(GAP_MS)], [[DAY, SHOP, 2, 2, 2, 0, 0, 0]]],
  [
    'a late event between two makes one of them',
    [page(0), page(40 * MINUTE_MS), page(20 * MINUTE_MS)],
    [[DAY, SHOP, 1, 0, 3, 40 * MINUTE_MS, 0, 0]],
  ],
  [
    'no midnight parts them, and the day is that of the begin',
    [page(12 * HOUR_MS - 1), page(12 * HOUR_MS + 1)],
    [[DAY, SHOP, 1, 0, 2, 2, 0, 0]],
  ],
  [
    'time on a page, dead clicks and forms that are given up open none',
    [
      at(0, 'activity'),
      at(1, 'click', { properties: { kind: 'dead' } }),
      at(2, 'form', { properties: { action: 'abandon', form: 'f', field: 'x' } }),
    ],
    [],
  ],
  [
    'they extend one, and what they say before it begins is not of it',
    [at(-MINUTE_MS, 'activity'), page(0), at(29 * MINUTE_MS, 'activity'), page(58 * MINUTE_MS)],
    [[DAY, SHOP, 1, 0, 2, 58 * MINUTE_MS, 1_000, 0]],
  ],
  [
    'a click opens one, which has no view and bounces',
    [at(0, 'click', { properties: { kind: 'click' } })],
    [[DAY, SHOP, 1, 1, 0, 0, 0, 0]],
  ],
  [
    'one view, and 10 s engaged: no bounce',
    [
      page(0),
      at(SECOND_MS, 'activity', { properties: { engagedMs: 9_999 } }),
      at(2 * SECOND_MS, 'activity', { properties: { engagedMs: 1 } }),
    ],
    [[DAY, SHOP, 1, 0, 1, 2 * SECOND_MS, 10_000, 0]],
  ],
  [
    'a little less is one',
    [page(0), at(SECOND_MS, 'activity', { properties: { engagedMs: 9_999 } })],
    [[DAY, SHOP, 1, 1, 1, SECOND_MS, 9_999, 0]],
  ],
  ['a conversion within the gap behind it is of it', [page(0), at(GAP_MS - 1, 'buy')], [[DAY, SHOP, 1, 0, 1, 0, 0, 1]]],
  ['one gap later is not, nor one before it', [page(0), at(GAP_MS, 'buy'), at(-1, 'buy')], [[DAY, SHOP, 1, 1, 1, 0, 0, 0]]],
  ['a bot has none', [at(0, 'page', { properties: { bot: 'ua' } })], []],
])('sessions: %s', async (_name, events, expected) => {
  expect(sessionsOf(await rowsOf(events))).toEqual(expected);
});

test('sessions begin with a page, a class of viewports and a campaign, and end on the last page that was viewed', async () => {
  const entry = { channel: 'email', campaign: 'spring' };
  const events = [
    at(0, 'page', { ...entry, page: 'https://shop.example/in', properties: { layout: 0 } }),
    at(MINUTE_MS, 'page', { channel: 'display', page: 'https://shop.example/out', properties: { layout: 576 } }),
    at(2 * MINUTE_MS, 'link', { page: 'https://shop.example/other', properties: { target: 'outbound', host: 'maps.example' } }),
  ];
  const rows = await rowsOf(events);
  expect([...(rows.get('sessions')?.keys() ?? [])]).toEqual([`${DAY}\tshop.example/in\t0\temail\tspring`]);
  expect([...(rows.get('exits') ?? [])]).toEqual([[`${DAY}\tshop.example/out\t576`, [1]]]);
});

test('sessions have the value of their conversions by currency, refunds too, and that of an order once, which converts each session that reports it', async () => {
  const buy = (ms: number, value: number, order: string, currency = 'EUR') =>
    at(ms, 'buy', { value, currency, properties: { order } });
  const events = [
    page(0, '/a'),
    ...[buy(1, 5_000, 'one'), buy(2, 5_000, 'one'), buy(3, 700, 'two', 'USD'), buy(4, -1_000, 'three')],
    ...[page(2 * HOUR_MS, '/b'), buy(2 * HOUR_MS + GAP_MS - 1, 5_000, 'one'), buy(2 * HOUR_MS + GAP_MS, 9, 'four')],
    ...[page(8 * DAY_MS, '/c'), buy(8 * DAY_MS + 1, 5_000, 'one')],
  ];
  const rows = await rowsOf(events, ONCE);
  const ofSessions = ([key, measures]: [string, unknown[]]) => [key.split('\t')[1], key.split('\t').at(-1), ...measures];
  expect([...(rows.get('sessionValues') ?? [])].map(ofSessions).sort()).toEqual([
    ['shop.example/a', 'EUR', 2, 4_000],
    ['shop.example/a', 'USD', 1, 700],
    ['shop.example/c', 'EUR', 1, 5_000],
  ]);
  expect(sessionsOf(rows).map((row) => row.at(-1))).toEqual([1, 1, 1]);
});

test('sessions: one without a pause ends at the midnight behind a whole day, each day, and none is as long as 48 h', async () => {
  const events = Array.from({ length: 4 * 24 * 4 }, (_, i) => page(i * 15 * MINUTE_MS));
  expect(sessionsOf(await rowsOf(events))).toEqual([
    [DAY, SHOP, 1, 0, 144, 36 * HOUR_MS - 15 * MINUTE_MS, 0, 0],
    ['2026-03-03', SHOP, 1, 0, 96, DAY_MS - 15 * MINUTE_MS, 0, 0],
    ['2026-03-04', SHOP, 1, 0, 96, DAY_MS - 15 * MINUTE_MS, 0, 0],
    ['2026-03-05', SHOP, 1, 0, 48, 12 * HOUR_MS - 15 * MINUTE_MS, 0, 0],
  ]);
});

test('law 1: a session of hours is whole while the lateness is shorter than it', () => {
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, web: {} });
  const events = Array.from({ length: 60 }, (_, i) => {
    const own = page(i * 20 * MINUTE_MS);
    return { ...own, receivedAt: own.ts };
  });
  const fold = speedFold(events, { definitions, cuts: [30] });
  const merged = merge(naive(events.slice(0, 30), definitions), fold, 1);
  expect(differences(merged, naive(events, definitions))).toEqual([]);
  expect(merged.get('sessions')?.size).toBe(1);
});

const STEPS = [0, 1, 5 * MINUTE_MS, 20 * MINUTE_MS, GAP_MS - 1];
const TYPES = ['page', 'page', 'click', 'link', 'form', 'activity', 'activity', 'buy', 'scroll'];

/** Visitors who hardly pause for days, so that midnights cut, and others join. */
function visits(random: Random, count: number): Event[] {
  let ms = random.below(DAY_MS);
  const pause = random.pick([0, 0.02, 0.2]);
  const steps = random.chance(0.5) ? STEPS : [GAP_MS - 1, 25 * MINUTE_MS];
  return Array.from({ length: count }, () => {
    ms += random.chance(pause) ? random.pick([GAP_MS, GAP_MS + 1, 3 * HOUR_MS, DAY_MS]) : random.pick(steps);
    const type = random.pick(TYPES);
    const properties = {
      ...(type === 'click' && { kind: random.pick(['click', 'rage', 'dead', 'other']) }),
      ...(type === 'form' && { action: random.pick(['focus', 'abandon', 'submit', 'other']), form: 'f', field: 'x' }),
      ...(type === 'activity' && { engagedMs: random.pick([0, 4_000, 12_000]) }),
      ...(random.chance(0.05) && { bot: 'ua' }),
      ...(type === 'buy' && { order: random.pick(['one', 'two', 'three', 'four']) }),
    };
    const more = {
      ...(random.chance(0.3) && { channel: random.pick(['email', 'search']), campaign: 'c' }),
      ...(type === 'buy' && { value: random.pick([500, 999, -500, 0]), currency: random.pick(['EUR', 'EUR', 'USD']) }),
    };
    return at(ms, type, {
      ...more,
      userId: random.pick(['ana', 'ana', 'ana', 'bob']),
      page: `https://shop.example/${random.below(3)}`,
      properties,
    });
  });
}

test('laws 1, 2, 3 and 5: sessions are those of the oracle, in any order, doubled, at any cut, after a crash', {
  timeout: 300_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 260 }), async (seed, count) => {
      const random = createRandom(seed);
      const definitions = random.pick([DEFINITIONS, ONCE]);
      const events = visits(random, count);
      const arriving = random.chance(0.5) ? random.shuffle(events) : [...events, ...random.shuffle(events).slice(0, 5)];
      const cut = random.below(arriving.length + 1);
      const crash = random.below(arriving.length);
      const fold = speedFold(arriving, { definitions, cuts: [cut], crashBefore: (i) => i === crash });
      expect(fold.overflowed).toBe(0);
      const expected = naive(arriving, definitions);
      expect(differences(merge(naive(arriving.slice(0, cut), definitions), fold, 1), expected)).toEqual([]);
      if (random.chance(0.3))
        expect(
          differences(await bySql(session, events, definitions), naiveOfGeneration(events, definitions, PARTITIONS)),
        ).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
