/** Reconciliations on the real archive: each difference has a class, and classes add up to the whole, row by row. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { reconcileViews } from '@tributary/recompute/reconcile/reconcile-views';
import type { Reconciliation } from '@tributary/recompute/reconcile/report';
import type { CompareSpec } from '@tributary/recompute/specs/compare';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { addRow, rowsOf } from '@tributary/views/deltas';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { createWorld, SMALL_LIMITS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

/** In every view and row, what classes have of it is the difference. */
function expectWhole({ views }: Reconciliation): void {
  for (const [name, { classes, totals, amounts, rows, rowsDiffering }] of Object.entries(views)) {
    const parts = Object.values(classes);
    for (const [measure, total] of Object.entries(totals))
      expect(
        parts.reduce((sum, part) => sum + Number(part.totals[measure]?.difference ?? 0), 0),
        `${name}, ${measure}`,
      ).toBe(Number(total.difference));
    for (const [currency, of] of Object.entries(amounts))
      for (const [measure, total] of Object.entries(of))
        expect(
          parts.reduce((sum, part) => sum + Number(part.amounts[currency]?.[measure]?.difference ?? 0), 0),
          `${name}, ${currency}, ${measure}`,
        ).toBe(Number(total.difference));
    for (const row of rows)
      for (const [measure, { difference }] of Object.entries(row.measures)) {
        const whole = Object.values(row.classes).reduce((sum, part) => sum + Number(part[measure] ?? 0), 0);
        expect(whole, `${name} ${JSON.stringify(row.key)}`).toBe(Number(difference));
      }
    if (rowsDiffering > 0) expect(parts.length, name).toBeGreaterThan(0);
  }
}

function classesIn({ views }: Reconciliation): string[] {
  return [...new Set(Object.values(views).flatMap(({ classes }) => Object.keys(classes)))].sort();
}

/** By class how many conversions are missing or too many. */
function conversionsBy({ views }: Reconciliation): Record<string, unknown> {
  const { classes = {} } = views['conversions'] ?? {};
  return Object.fromEntries(Object.entries(classes).map(([name, { totals }]) => [name, totals['conversions']?.difference]));
}

const received = (hours: number, events: Event[]): Event[] =>
  events.map((one) => ({ ...one, receivedAt: NOON_MS + hours * HOUR_MS }));

/** What real time had, what then comes late, beyond retention, and again under another instant. */
const BEGUN = received(1, [
  event('click', 0, 'click', { channel: 'search', campaign: 'spring' }),
  event('order', 1, 'buy', { value: 900, currency: 'EUR' }),
]);
const PLANTED = received(30, [
  event('now', 30, 'scroll'),
  event('in time', 29, 'click', { channel: 'social', historical: true }),
  event('late click', 27, 'click', { channel: 'social' }),
  event('late order', 27.5, 'buy', { value: 500, currency: 'EUR' }),
  event('later order', 27.6, 'buy', { value: 70, currency: 'EUR' }),
  event('too late', 0.5, 'mail', { channel: 'email', historical: true }),
  event('order', 29.5, 'buy', { value: 900, currency: 'EUR' }),
]);

async function planted(more: { readonly compare?: typeof reconcileViews; readonly definitions?: Definitions } = {}) {
  await world.ingest(BEGUN);
  await world.run();
  await world.ingest(PLANTED);
  const { definitions, compare } = more;
  await world.run(definitions === undefined ? {} : { definitions: definitions.json }, compare === undefined ? {} : { compare });
  const report = await world.reconciliation(2);
  expectWhole(report);
  return report;
}

test('law 8: a planted set of late events, of events beyond retention and of copies is reported class by class', async () => {
  const report = await planted();
  expect(report.failure).toBeUndefined();
  expect(report.causes).toMatchObject({ events: { late: 3, beyondRetention: 1, duplicate: 1 }, unexamined: 0 });
  expect(conversionsBy(report)).toEqual({ late: 2, duplicate: -1 });
  // Received at 30 h: from now on, to more than a day before; four of them too late for real time.
  const within = report.causes?.lateness?.within.filter(({ events }) => events > 0);
  expect(within).toEqual([
    { ms: MINUTE_MS, events: 1 },
    { ms: HOUR_MS, events: 2 },
    { ms: 6 * HOUR_MS, events: 3 },
    { ms: 3 * 24 * HOUR_MS, events: 1 },
  ]);
  expect(report.causes?.lateness).toMatchObject({
    days: [
      { date: '2026-03-02', late: 3 },
      { date: '2026-03-01', late: 1 },
    ],
    olderLate: 0,
    // What was sent as history and came in time is not late.
    lateHistory: 1,
  });
  expect(report.views['conversions']?.classes['late']?.amounts).toEqual({
    EUR: { valueMinor: { difference: 570, moved: 570 } },
  });
  // The touch of before retention changes the path of the first order, and no conversion.
  expect(report.views['touches']?.classes['beyondRetention']?.totals['touches']).toEqual({ difference: 1, moved: 1 });
  expect(classesIn(report)).toEqual(['beyondRetention', 'duplicate', 'late']);
  expect(report.engineDefectRows).toBe(0);
  // Down to the touches.
  expect(report.causes?.conversions).toMatchObject([
    { id: 'later order', cause: 'late', touches: [{ id: 'late click', cause: 'late' }] },
    { id: 'late order', cause: 'late', touches: [{ id: 'late click', channel: 'social', cause: 'late' }] },
    { id: 'order', touches: [{ id: 'click' }, { id: 'too late', cause: 'beyondRetention' }] },
  ]);
});

test('law 8: a copy from before the cut, which real time holds still, is a duplicate there too', async () => {
  await world.ingest(BEGUN);
  await world.run();
  await world.ingest(received(30, [event('click', 29, 'click', { channel: 'search', campaign: 'spring' })]));
  await world.run();
  await world.ingest(received(31, [event('in time', 30.5, 'buy', { value: 20, currency: 'EUR' })]));
  await world.run();
  const report = await world.reconciliation(3);
  expectWhole(report);
  expect([report.equal, classesIn(report), report.engineDefectRows]).toEqual([false, ['duplicate'], 0]);
});

test('law 7: what no cause explains is an engine defect, also where it hides among late events', async () => {
  const wrong = world.ports.serving.deltas;
  const serving = {
    ...world.ports.serving,
    async deltas(...asked: Parameters<typeof wrong>) {
      const deltas = await wrong(...asked);
      // Two rows that cancel each other in the sum.
      for (const [channel, sign] of [
        ['search', 1],
        ['mail', -1],
      ] as const)
        addRow(rowsOf(deltas[0]?.rows ?? new Map(), 'touches'), `2026-03-02\t${channel}\tghost\tclick\t(none)`, [sign, 0]);
      return deltas;
    },
  };
  await world.ingest(BEGUN);
  await world.run();
  await world.ingest(PLANTED);
  await world.run({}, { serving });
  const report = await world.reconciliation(2);
  expectWhole(report);
  expect(report.engineDefectRows).toBe(2);
  expect(report.views['touches']?.classes['engineDefect']).toMatchObject({
    rows: 2,
    totals: { touches: { difference: 0, moved: 2 } },
  });
  expect(conversionsBy(report)).toEqual({ late: 2, duplicate: -1 });
});

test('law 7: definitions that change, corrections and a speed layer that is behind have a class, and then no defect is sure', async () => {
  const changed = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['Order Completed'] });
  const report = await planted({ definitions: changed });
  // Three orders are conversions no longer, one of them a copy; the late ones had been missing.
  expect(conversionsBy(report)).toEqual({ late: 2, duplicate: -1, definitions: -3 });
  expect(report.engineDefectRows).toBeNull();

  const rule = { from: '2026-03-01', to: '2026-03-02', author: 'ada', reason: 'a test order' };
  const corrected = {
    ...SMALL_DEFINITIONS,
    conversions: ['Order Completed'],
    corrections: [{ name: 'test', when: 'type == "click"', drop: true as const, ...rule }],
  };
  await world.run({ definitions: definitionsOf(corrected).json });
  const third = await world.reconciliation(3);
  expectWhole(third);
  expect(classesIn(third)).toEqual(['correction']);

  world.down.speed = true;
  await world.ingest(received(31, [event('unread', 31, 'click')]));
  await world.run();
  const fourth = await world.reconciliation(4);
  expectWhole(fourth);
  expect([classesIn(fourth), fourth.engineDefectRows]).toEqual([['behind'], null]);
});

test('law 7: what a timeline beyond its bound could not compute is overflow, beside what came late, and then no defect is sure', async () => {
  await world.close();
  world = await createWorld(DEFINITIONS, undefined, { limits: { maxTimelineEvents: 3 } });
  const clicks = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => event(id, i / 10, 'click', { channel: `channel-${id}` }));
  await world.ingest(received(1, clicks));
  await world.run();
  // Its path has six touches, of which the timeline holds two or three.
  await world.ingest(received(1, [event('order', 0.9, 'buy', { value: 600, currency: 'EUR' })]));
  await world.run();
  const report = await world.reconciliation(2);
  expectWhole(report);
  expect([report.because.overflowedUsers, classesIn(report), report.engineDefectRows]).toEqual([1, ['overflow'], null]);
  // The conversion itself is there: its credit goes to other channels.
  expect(conversionsBy(report)).toEqual({});
  expect(report.views['credit']?.classes['overflow']?.totals['creditMicros']).toMatchObject({
    difference: 0,
    moved: expect.any(Number),
  });

  const late = event('late order', 57, 'buy', { userId: 'bob', value: 70, currency: 'EUR' });
  const next = event('next', 1.1, 'buy', { value: 60, currency: 'EUR' });
  await world.ingest(received(60, [event('now', 60, 'scroll', { userId: 'bob' }), late]));
  await world.ingest(received(1, [next]));
  await world.run();
  const both = await world.reconciliation(3);
  expectWhole(both);
  expect(classesIn(both)).toEqual(['late', 'overflow']);
  expect(conversionsBy(both)).toEqual({ late: 1 });
});

test('law 7: beyond its bounds a reconciliation examines no user, and says so', async () => {
  const bounds = [{ users: 0 }, { events: 2 }, { rows: 3 }];
  for (const bound of bounds) {
    await world.close();
    world = await createWorld(DEFINITIONS);
    const examine = { ...SMALL_LIMITS.examine, ...bound };
    const report = await planted({
      compare: (spec: CompareSpec) =>
        reconcileViews(spec.examine === undefined ? spec : { ...spec, examine: { ...spec.examine, limits: examine } }),
    });
    expect(classesIn(report), JSON.stringify(bound)).toEqual(['unexamined']);
    expect(report.causes?.unexamined, JSON.stringify(bound)).toBeGreaterThan(0);
    expect(report.engineDefectRows).toBeNull();
  }
});

test('law 7: what fits into the bounds is examined, those with the fewest events first', async () => {
  await world.ingest(BEGUN);
  await world.run();
  await world.ingest([...PLANTED, ...received(30, [event('of bob', 27, 'buy', { userId: 'bob', value: 5, currency: 'EUR' })])]);
  const examine = { ...SMALL_LIMITS.examine, events: 3 };
  const compare: typeof reconcileViews = (spec) =>
    reconcileViews(spec.examine === undefined ? spec : { ...spec, examine: { ...spec.examine, limits: examine } });
  await world.run({}, { compare });
  const report = await world.reconciliation(2);
  expectWhole(report);
  expect(report.causes).toMatchObject({ events: { late: 1 }, unexamined: 1 });
  // One of bob; two late orders of ana, less a copy.
  expect(conversionsBy(report)).toEqual({ late: 1, unexamined: 1 });
});

test('law 8: each of many changed rows is written down once', async () => {
  // Longer together than what is written at once.
  const campaigns = Array.from({ length: 501 }, (_, i) => `${i}-${'x'.repeat(180)}`);
  const clicks = campaigns.map((campaign, i) => event(`click ${i}`, 1, 'click', { channel: 'search', campaign }));
  await world.ingest(received(1, clicks));
  await world.run();
  const report = await world.reconciliation(1);
  expect(report.failure).toBeUndefined();
  const { rowsBefore, rowsAfter, rowsDiffering } = report.views['touches'] ?? {};
  expect([rowsBefore, rowsAfter, rowsDiffering]).toEqual([campaigns.length, campaigns.length, 0]);
});

test('law 8: users that are examined in batches give the same as all at once', async () => {
  const random = createRandom(11);
  const log = generateEvents(random, { events: 160, users: 9, lateChance: 0.2, duplicateChance: 0.1 }, DEFINITIONS);
  await world.ingest(log.slice(0, 60));
  await world.run();
  await world.ingest(log.slice(60));
  const said: object[] = [];
  const compare: typeof reconcileViews = async (spec) => {
    for (const [heldEvents, conversions] of [
      [1, 100],
      [7, 100],
      [50_000, 100],
      [7, 1],
    ] as const) {
      const of = spec.examine && { ...spec.examine, limits: { ...spec.examine.limits, heldEvents, conversions } };
      said.push(await reconcileViews(of === undefined ? spec : { ...spec, examine: of }));
    }
    return reconcileViews(spec);
  };
  await world.run({}, { compare });
  const report = await world.reconciliation(2);
  expect(report.causes?.events.late).toBeGreaterThan(3);
  expect(said[0]).toEqual(said[2]);
  expect(said[1]).toEqual(said[2]);
  expect(said[2]).toMatchObject({ views: report.views, causes: report.causes });
  // Beyond its bound it lists none, and counts each.
  const all = report.causes?.conversions ?? [];
  expect(all.length).toBeGreaterThan(2);
  expect([report.causes?.moreConversions, said[3]]).toMatchObject([
    0,
    { causes: { conversions: all.slice(0, 1), moreConversions: all.length - 1 } },
  ]);
});

test('law 8: over random logs of three generations, rolled back in between, classes add up and no defect is found', async () => {
  const met = new Set<string>();
  for (let seed = 1; seed <= 5; seed++) {
    await world.close();
    world = await createWorld(DEFINITIONS);
    if (seed % 2 === 0) world.cutIntoShards();
    const random = createRandom(seed);
    const shape = { events: 120, users: 5, lateChance: 0.15, duplicateChance: 0.1 };
    const log = generateEvents(random, shape, DEFINITIONS).flatMap((one) =>
      random.chance(0.1)
        ? [one, { ...one, ts: one.ts + 40 * HOUR_MS, receivedAt: one.receivedAt + 40 * HOUR_MS + MINUTE_MS }]
        : [one],
    );
    log.sort((a, b) => a.receivedAt - b.receivedAt);
    for (let generation = 1; generation <= 3; generation++) {
      await world.ingest(log.slice((log.length * (generation - 1)) / 3, (log.length * generation) / 3));
      if (generation === 3 && random.chance(0.5)) await world.publishByHand('rollback', 1);
      await world.run({ scheduled: false });
      const report = await world.reconciliation(generation);
      expect(report.failure, `seed ${seed}, generation ${generation}`).toBeUndefined();
      expectWhole(report);
      const defects = Object.entries(report.views).filter(([, { classes }]) => 'engineDefect' in classes);
      expect(report.engineDefectRows, `seed ${seed}, generation ${generation}: ${JSON.stringify(defects[0])}`).toBe(0);
      for (const name of classesIn(report)) met.add(name);
    }
  }
  expect([...met].sort()).toEqual(['beyondRetention', 'duplicate', 'late']);
});
