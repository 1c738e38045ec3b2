/** Conversions that definitions count once by a key: the first by ts and id counts, whatever the order of arrival. */
import { type Definitions, parseDefinitions, storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { definitionsOf, generateDefinitions, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byFold, bySql, openTestSession, PARTITIONS } from './engines.ts';
import { merge, speedFold } from './speed-fold.ts';

const BEGINS_MS = Date.UTC(2026, 2, 1, 21);

/** Any definitions whose orders count once, within hours. */
function onceDefinitions(random: Random): Definitions {
  const { rules: _, conversions: __, ...chosen } = JSON.parse(generateDefinitions(random).json) as Record<string, unknown>;
  const withinDays = random.pick([0.5, 2, 30, 100]) / 24;
  return definitionsOf({
    ...chosen,
    conversions: {
      'Order Completed': { onceBy: 'properties.order_id', withinDays },
      buy: random.chance(0.5) ? {} : { onceBy: 'properties.cart.id', withinDays: 2 * withinDays },
    },
    latenessDays: 2,
  });
}

/** Few keys, instants and users, so that they meet; all within the lateness of each other. */
function events(random: Random, definitions: Definitions): Event[] {
  const windows = [...definitions.onceMs.values()];
  return Array.from({ length: 4 + random.below(20) }, (_, i) => {
    const key = random.pick(['o1', 'o1', 7, '7', '', null]);
    const edge = random.pick(windows) + random.pick([-1, 0, 1]);
    return {
      ts: BEGINS_MS + random.pick([0, 0, MINUTE_MS * random.below(90), HOUR_MS * random.below(12), Math.min(edge, 20 * HOUR_MS)]),
      type: random.pick([...new Array<string>(5).fill('Order Completed'), 'buy', 'click', 'click', 'page', 'view']),
      id: `${random.pick(['a', 'z'])}${i}`,
      userId: random.pick(['ana', 'ana', 'bo']),
      receivedAt: BEGINS_MS + 20 * HOUR_MS,
      source: 'test',
      channel: random.pick(['search', 'mail', undefined]),
      value: random.below(1_000),
      currency: random.pick(['EUR', 'JPY', 'USD', 'GBP']),
      properties: { order_id: key, cart: random.pick([{ id: key }, [key], 'none', null]) },
    } as Event;
  });
}

const seeds = fc.nat().map((seed) => {
  const random = createRandom(seed);
  const definitions = onceDefinitions(random);
  return { seed, definitions, log: events(random, definitions) };
});

test('law 1: any cut of the log gives what the oracle gives, and conversions move between the layers', () => {
  let negative = 0;
  fc.assert(
    fc.property(seeds, fc.nat(30), fc.boolean(), ({ definitions, log }, at, dies) => {
      const cut = Math.min(at, log.length);
      const crash = dies ? { crashBefore: (i: number) => i % 3 === 0 } : {};
      const fold = speedFold(log, { definitions, cuts: [cut], ...crash });
      expect(fold.overflowed).toBe(0);
      const merged = merge(naive(log.slice(0, cut), definitions), fold, 1);
      expect(differences(merged, naive(log, definitions))).toEqual([]);
      for (const [count = 0] of fold.deltas[1]?.get('conversions')?.values() ?? []) if (count < 0) negative++;
    }),
    { numRuns: 400 },
  );
  expect(negative).toBeGreaterThan(3);
});

test('law 2: any order of arrival gives the same rows', () => {
  fc.assert(
    fc.property(seeds, fc.nat(), ({ definitions, log }, seed) => {
      const random = createRandom(seed);
      const shuffled = log.map((event) => ({ event, at: random.below(1_000_000) })).sort((a, b) => a.at - b.at);
      const arrived = shuffled.map(({ event }) => event);
      const rows = speedFold(arrived, { definitions }).deltas[0] as RowsByView;
      expect(differences(rows, naive(log, definitions))).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('law 1: the folds over whole timelines give what the oracle gives', () => {
  fc.assert(
    fc.property(seeds, ({ definitions, log }) => {
      expect(differences(byFold(log, definitions), naiveOfGeneration(log, definitions, PARTITIONS))).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('law 5: the SQL gives what the folds give', async () => {
  const session = await openTestSession('counted-once');
  try {
    await fc.assert(
      fc.asyncProperty(seeds, async ({ definitions, log }) => {
        expect(differences(await bySql(session, log, definitions), byFold(log, definitions))).toEqual([]);
      }),
      { numRuns: 25 },
    );
  } finally {
    await session.close();
  }
});

const HOURS = definitionsOf({
  touches: { click: { windowDays: 6 / 24 } },
  conversions: { buy: { onceBy: 'properties.order_id', withinDays: 10 / 24 } },
  latenessDays: 2 / 24,
});
const made = (id: string, type: string, hours: number, receivedHours = hours): Event => ({
  ts: BEGINS_MS + hours * HOUR_MS,
  type,
  id,
  userId: 'ana',
  receivedAt: BEGINS_MS + receivedHours * HOUR_MS,
  source: 'test',
  properties: { order_id: 'o' },
});

test('law 3: a repetition is known for as long as conversions are, not as signals are', () => {
  const log = [made('a', 'buy', 0), made('b', 'buy', 1), made('c', 'scroll', 6), made('b', 'buy', 1, 6)];
  const fold = speedFold(log, { definitions: HOURS });
  expect(fold.fates).toEqual(['counted', 'counted', 'counted', 'duplicate']);
  expect(differences(merge(new Map(), fold, 0), naive(log, HOURS))).toEqual([]);
});

test('law 1: a user that is loaded again has what the oldest conversion repeats that a null path may look back at', () => {
  const log = [
    made('first', 'buy', 16.3),
    made('touch', 'click', 26.15),
    made('again', 'buy', 26.2),
    made('end', 'click', 32.1),
    made('now', 'scroll', 40),
    made('in time', 'click', 38.05, 40),
  ];
  const fold = speedFold(log, { definitions: HOURS, crashBefore: (i) => i === log.length - 1 });
  expect(differences(merge(new Map(), fold, 0), naive(log, HOURS))).toEqual([]);
});

test('law 7: where a cut may hide the first of a key, the event says that rows may be wrong', () => {
  const definitions = definitionsOf({
    touches: { click: { windowDays: 1 } },
    conversions: { buy: { onceBy: 'properties.order_id', withinDays: 10 } },
    latenessDays: 1,
  });
  const buy = (id: string, hours: number, order: string): Event => ({
    ts: BEGINS_MS + hours * HOUR_MS,
    type: 'buy',
    id,
    userId: 'ana',
    receivedAt: BEGINS_MS + hours * HOUR_MS,
    source: 'test',
    properties: { order_id: order },
  });
  const many = Array.from({ length: 120 }, (_, i) => buy(`b${i}`, i / 10, `o${i}`));
  const whole = speedFold([...many, buy('again', 13, 'o3')], { definitions });
  expect(whole.overflowed).toBe(0);
  const cut = speedFold([...many, buy('again', 13, 'o3')], { definitions, maxEvents: 100 });
  expect(cut.overflowed).toBeGreaterThan(0);
});

test('decision 22: definitions that count nothing once keep their version, others have rules of their own', () => {
  const plain = definitionsOf({ conversions: ['buy'] });
  expect(definitionsOf({ conversions: { buy: {} } }).json).toBe(plain.json);
  expect(plain.rules).toBe(2);
  const once = definitionsOf({ conversions: { buy: { onceBy: 'properties.order_id' }, lead: {} } });
  expect(JSON.parse(once.json)).toMatchObject({
    rules: 3,
    conversions: ['buy', 'lead'],
    once: { buy: { by: 'properties.order_id', withinDays: 30 } },
  });
  for (const read of [parseDefinitions, storedDefinitions]) expect(read(once.json, sha256Hex).version).toBe(once.version);
  // A star would stand for every key in SQL.
  for (const onceBy of ['order_id', 'properties.*', 'properties.a*b', 'properties.a"b'])
    expect(() => definitionsOf({ conversions: { buy: { onceBy } } })).toThrow('must be a path');
});

test('what a conversion is counted by: a text, or a whole number as text', () => {
  const definitions = definitionsOf({ conversions: { buy: { onceBy: 'properties.order_id' } } });
  const counted = (keys: readonly unknown[]) => {
    const log = keys.map((order_id, i) => ({
      ...({ ts: BEGINS_MS + i, type: 'buy', id: `${i}`, userId: 'u' } as Event),
      receivedAt: BEGINS_MS,
      source: 't',
      properties: { order_id },
    }));
    const rows: RowsByView = new Map();
    addRowsByView(rows, speedFold(log, { definitions }).deltas[0] as RowsByView);
    return [...(rows.get('conversions')?.values() ?? [])].reduce((sum, [count = 0]) => sum + Number(count), 0);
  };
  expect(counted(['7', 7, '7'])).toBe(1);
  expect(counted(['', '', null, {}, [], true, 1.5, 1.5])).toBe(8);
  expect(counted(['a', 'b', 'a'])).toBe(2);
});
