/** The cases that were agreed by hand, in every order of arrival. */
import type { Event } from '@tributary/model/event';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '@tributary/model/time';
import { durationMs } from '@tributary/signals/definitions/duration';
import type { SegmentValue } from '@tributary/signals/value';
import { expect, test } from 'vitest';
import { event, everyOrder, valueAt, written } from './written.ts';

const DAY0 = Date.parse('2026-09-01T00:00:00Z');
const day = (days: number) => DAY0 + days * DAY_MS;

const PLANNER = written({
  segments: { activeTripPlanner: { enter: "type == 'search'", ttl: '14d', exit: "type == 'booking'" } },
});

/** Episodes as they are known at the end, those that go on as if nothing more happened. */
function episodes(events: readonly Event[], asOf: number): (readonly [number, number])[] {
  const { since, until, episodes: over } = valueAt(PLANNER, 'activeTripPlanner', events, asOf) as SegmentValue;
  const inDays = (ts: number) => (ts - DAY0) / DAY_MS;
  const open = since === null || until === null ? [] : [[inDays(since), inDays(until)] as const];
  return [...over.map(({ from, to }) => [inDays(from), inDays(to)] as const).reverse(), ...open];
}

const search = (days: number, id = `s${days}`) => event(id, 'search', day(days));
const booking = (days: number, id = `b${days}`) => event(id, 'booking', day(days));

test.each([
  ['a search', [search(0)], [[0, 14]]],
  ['one that is refreshed', [search(0), search(10)], [[0, 24]]],
  [
    'a search at the instant of the expiry enters again',
    [search(0), search(14)],
    [
      [0, 14],
      [14, 28],
    ],
  ],
  ['an exit', [search(0), booking(5)], [[0, 5]]],
  [
    'an exit and an entry of one instant, the entry with the later id',
    [search(0), booking(5), search(5)],
    [
      [0, 5],
      [5, 19],
    ],
  ],
  [
    'the same, the entry with the earlier id',
    [search(0), booking(5), search(5, 'a')],
    [
      [0, 5],
      [5, 19],
    ],
  ],
  [
    'two that are apart',
    [search(0), search(20)],
    [
      [0, 14],
      [20, 34],
    ],
  ],
  ['the same with a search between them', [search(0), search(20), search(10)], [[0, 34]]],
  ['an exit alone', [booking(5)], []],
])('law 2: episodes of a segment: %s', (_, events, expected) => {
  for (const order of everyOrder(events)) expect(episodes(order, day(40))).toEqual(expected);
});

test('segment: an expiry needs no event: at its instant the user is out, one ms before they are in', () => {
  const at = (asOf: number) => valueAt(PLANNER, 'activeTripPlanner', [search(0)], asOf);
  const out = { member: false, since: null, until: null, episodes: [] };
  expect(at(day(0))).toEqual(out);
  expect(at(day(0) + 1)).toEqual({ member: true, since: day(0), until: day(14), episodes: [] });
  expect(at(day(14) - 1)).toEqual({ member: true, since: day(0), until: day(14), episodes: [] });
  expect(at(day(14))).toEqual({ ...out, episodes: [{ from: day(0), to: day(14) }] });
});

test('segment: who was inactive for 30 days is in from that instant on, until the next purchase', () => {
  const set = written({
    segments: { lapsed: { enter: "type == 'purchase'", absence: { not: "type == 'purchase'", for: '30d' } } },
  });
  const buys = [event('p0', 'purchase', day(0)), event('p40', 'purchase', day(40)), event('p45', 'purchase', day(45))];
  const lapsed = (asOf: number) => valueAt(set, 'lapsed', buys, asOf);
  expect(lapsed(day(30) - 1)).toMatchObject({ member: false });
  expect(lapsed(day(30))).toEqual({ member: true, since: day(30), until: day(90), episodes: [] });
  expect(lapsed(day(40))).toMatchObject({ member: true });
  expect(lapsed(day(40) + 1)).toEqual({ member: false, since: null, until: null, episodes: [{ from: day(30), to: day(40) }] });
  expect(lapsed(day(75))).toMatchObject({ member: true, since: day(75) });
});

test('law 2: sessions of the textbook, in all 24 orders', () => {
  const set = written({ sessions: { web: { gap: '30m' } } });
  const at = (clock: string) => Date.parse(`2026-09-01T${clock}:00Z`);
  const views: (readonly [user: string, clock: string])[] = [
    ['k1', '13:02'],
    ['k2', '13:14'],
    ['k1', '13:57'],
    ['k1', '13:20'],
  ];
  const orders = everyOrder(views);
  expect(orders).toHaveLength(24);
  for (const order of orders) {
    const sessions = (user: string) => {
      const own = order.filter(([of]) => of === user).map(([, clock]) => event(`e${clock}`, 'page', at(clock)));
      return (valueAt(set, 'web', own, at('15:00')) as { from: number; to: number }[]).map(({ from, to }) => [from, to]);
    };
    expect(sessions('k1')).toEqual([
      [at('13:57'), at('14:27')],
      [at('13:02'), at('13:50')],
    ]);
    expect(sessions('k2')).toEqual([[at('13:14'), at('13:44')]]);
  }
});

test('sessions: exactly the gap later is the next session, one ms less is the same', () => {
  const set = written({ sessions: { web: { gap: '30m' } } });
  const count = (apart: number) =>
    (valueAt(set, 'web', [event('a', 'page', day(1)), event('b', 'page', day(1) + apart)], day(2)) as unknown[]).length;
  expect([count(30 * MINUTE_MS - 1), count(30 * MINUTE_MS), count(30 * MINUTE_MS + 1)]).toEqual([1, 2, 2]);
});

test('sessions: one that never pauses ends at the midnight behind a whole day, so that none is as long as 48 h', () => {
  const set = written({ sessions: { web: { gap: '30m', keep: { count: 100, age: '60d' } } } });
  const from = day(0) + HOUR_MS;
  const kiosk = Array.from({ length: 5 * 24 * 4 }, (_, i) => event(`k${i}`, 'page', from + i * 15 * MINUTE_MS));
  const sessions = valueAt(set, 'web', kiosk, day(10)) as { from: number; to: number; last: number }[];
  expect(sessions.map((one) => [(one.from - DAY0) / HOUR_MS, (one.to - DAY0) / HOUR_MS]).reverse()).toEqual([
    [1, 48],
    [48, 72],
    [72, 96],
    [96, 120],
    [120, 120.75 + 0.5],
  ]);
});

test('windows: an event at exactly asOf − w counts, one at asOf does not; 1 ms either side', () => {
  const set = written({
    signals: { hour: { count: 'view', window: '1h' }, hourly: { count: 'view', window: { tumbling: '1h' } } },
  });
  const at = day(3) + 90 * MINUTE_MS;
  const counts = (ts: number) => [
    valueAt(set, 'hour', [event('v', 'view', ts)], at),
    valueAt(set, 'hourly', [event('v', 'view', ts)], at),
  ];
  expect(counts(at - HOUR_MS - 1)).toEqual([0, 0]);
  expect(counts(at - HOUR_MS)).toEqual([1, 0]);
  expect(counts(day(3) + HOUR_MS - 1)).toEqual([1, 0]);
  expect(counts(day(3) + HOUR_MS)).toEqual([1, 1]);
  expect(counts(at - 1)).toEqual([1, 1]);
  expect(counts(at)).toEqual([0, 0]);
  expect(counts(at + 1)).toEqual([0, 0]);
});

test('windows: of accuracy sawtooth they begin as in Chronon: 1 h at 2:27 holds 1:25 to 2:27, in every order', () => {
  const windows = ['1m', '1h', '43199999ms', '12h', '1036799999ms', '12d'];
  const asked = windows.map((window) => [`w${window}`, { count: 'view', window, accuracy: 'sawtooth' }] as const);
  const ratio = { of: { count: 'view' }, to: { count: '*' } };
  const set = written({
    signals: {
      ...Object.fromEntries(asked),
      r: { ratio, window: '1h', accuracy: 'sawtooth' },
      e: { count: 'view', window: '1h' },
    },
  });
  const at = day(30) + 147 * MINUTE_MS;
  const begins = (window: string) => {
    const counts = (ts: number) => valueAt(set, `w${window}`, [event('v', 'view', ts)], at);
    const hops = [5 * MINUTE_MS, HOUR_MS, DAY_MS].map((hop) => Math.floor((at - durationMs(window)) / hop) * hop);
    return hops.map((from) => [counts(from - 1), counts(from)]);
  };
  const [no, yes] = [
    [0, 0],
    [1, 1],
  ];
  const is = [0, 1];
  expect(windows.slice(0, 3).map(begins)).toEqual([is, is, is].map((hop) => [hop, no, no]));
  expect(windows.slice(3, 5).map(begins)).toEqual([is, is].map((hop) => [yes, hop, no]));
  expect(begins('12d')).toEqual([yes, yes, is]);
  const clock = (hours: number, minutes: number) => day(30) + hours * HOUR_MS + minutes * MINUTE_MS;
  const golden = [clock(1, 25) - 1, clock(1, 25), clock(1, 27) - 1, clock(2, 27) - 1, clock(2, 27)];
  for (const order of everyOrder(golden.map((ts) => event(`${ts}`, 'view', ts))))
    expect(['w1h', 'r', 'e'].map((name) => valueAt(set, name, order, at))).toEqual([3, 1, 1]);
  // Exact said out loud is what is left out, under one version.
  const both = written({
    signals: { a: { count: 'view', window: '1h' }, b: { count: 'view', window: '1h', accuracy: 'exact' } },
  });
  expect(new Set([...both.values()].map(({ version }) => version)).size).toBe(1);
  expect(set.get('w12d')?.reachMs).toBe(13 * DAY_MS);
});

test('law 2: a join: the first match, further ones, none, in all orders of arrival; 1 ms either side', () => {
  const click = (id: string, ts: number, item?: string) => event(id, 'click', day(1) + ts, { properties: { item } });
  const show = (id: string, ts: number, item?: string) => event(id, 'show', day(1) + ts, { properties: { item } });
  const set = written({
    fields: { item: 'properties.item' },
    signals: {
      all: {
        join: { type: 'show', fields: ['item'] },
        with: { type: 'click', fields: ['id'] },
        on: ['item'],
        within: { before: '30s', after: '1d' },
      },
      unmatched: {
        join: { type: 'show' },
        with: { type: 'click' },
        on: ['item'],
        within: { before: '30s', after: '1d' },
        only: 'unmatched',
      },
      clicks: {
        join: { type: 'click' },
        with: { type: 'show' },
        on: ['item'],
        within: { before: '1d', after: '30s' },
        only: 'unmatched',
      },
    },
  });
  const events = [
    show('s1', 0, 'a'),
    show('s2', 60_000, 'b'),
    click('c1', -30_000, 'a'),
    click('c2', DAY_MS, 'a'),
    click('c3', 59_999 - 30_000, 'b'),
  ];
  for (const order of everyOrder(events)) {
    const at = (name: string) => valueAt(set, name, [...order, show('s3', 90_000), click('c4', 90_000)], day(3)) as object[];
    expect(at('all')).toMatchObject([
      { ts: day(1) + 90_000, item: null, open: false, matches: 0, matchTs: null, matchId: null },
      { item: 'b', matches: 0, matchTs: null },
      { item: 'a', matches: 2, matchTs: day(1) - 30_000, matchId: 'c1' },
    ]);
    expect(at('unmatched')).toMatchObject([{ ts: day(1) + 90_000 }, { ts: day(1) + 60_000 }]);
    expect(at('clicks')).toMatchObject([{ ts: day(1) + 90_000 }, { ts: day(1) + 29_999 }]);
  }
  const open = (asOf: number) => (valueAt(set, 'all', [show('s1', 0, 'a')], asOf) as { open: boolean }[])[0]?.open;
  expect([open(day(2)), open(day(2) + 1)]).toEqual([true, false]);
});

test('law 2: ties break by count, then by what was seen last, then by bytes', () => {
  const set = written({ signals: { favourite: { mostFrequent: 'view.channel' }, all: { top: 'view.channel', k: 3 } } });
  const seen = (channel: string, ts: number, id = `${channel}${ts}`) => event(id, 'view', day(0) + ts, { channel });
  const said = (events: readonly Event[]) => {
    const values = everyOrder(events).map((order) =>
      JSON.stringify([valueAt(set, 'favourite', order, day(1)), valueAt(set, 'all', order, day(1))]),
    );
    expect(new Set(values).size).toBe(1);
    return JSON.parse(values[0] as string) as unknown;
  };
  expect(said([seen('a', 1), seen('b', 2), seen('a', 0)])).toEqual([
    'a',
    [
      { value: 'a', count: 2 },
      { value: 'b', count: 1 },
    ],
  ]);
  expect(said([seen('a', 1), seen('b', 2)])).toEqual([
    'b',
    [
      { value: 'b', count: 1 },
      { value: 'a', count: 1 },
    ],
  ]);
  // By bytes: what lies beyond U+FFFF comes after U+FF5E, though JavaScript compares it as less.
  expect(said([seen('～', 1, 'x'), seen('😀', 1, 'y'), seen('Z', 1, 'z')])).toMatchObject([
    'Z',
    [{ value: 'Z' }, { value: '～' }, { value: '😀' }],
  ]);
});

test('sums keep all their digits, and those of numbers count in millionths', () => {
  const set = written({
    fields: { price: { from: 'properties.price', type: 'number' } },
    signals: {
      money: { sum: 'purchase.value' },
      prices: { sum: 'purchase.price' },
      mean: { mean: 'purchase.price' },
      spread: { variance: 'purchase.price' },
    },
  });
  const buy = (id: string, value: number, price: unknown) => event(id, 'purchase', day(0), { value, properties: { price } });
  const events = [buy('a', 1_000_000_000_000, 0.1), buy('b', 3, 0.2), buy('c', -1, 'free'), event('d', 'purchase', day(0))];
  const said = (name: string, of = events) => valueAt(set, name, of, day(1));
  expect([said('money'), said('prices'), said('mean'), said('spread')]).toEqual([1_000_000_000_002, 0.3, 0.15, 0.0025]);
  const many = Array.from({ length: 10_000 }, (_, i) => event(`e${i}`, 'purchase', day(0), { value: 999_999_999_999 }));
  expect(said('money', many)).toBe(9_999_999_999_990_000n);
  expect([said('prices', []), said('mean', []), said('money', [])]).toEqual([0, null, 0]);
});

test('a decayed count halves with each half-life', () => {
  const set = written({ signals: { interest: { decayedCount: 'view', halfLife: '7d' } } });
  const at = (...days: readonly number[]) =>
    valueAt(
      set,
      'interest',
      days.map((back, i) => event(`${i}`, 'view', day(60 - back))),
      day(60),
    );
  expect([at(7), at(14), at(7, 14), at(7, 7)]).toEqual([0.5, 0.25, 0.75, 1]);
  expect(at(3.5)).toBeCloseTo(Math.SQRT1_2, 3);
});
