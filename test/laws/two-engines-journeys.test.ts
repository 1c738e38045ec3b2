/**
 * Law 5 for the views of paths, on shapes that break bounds, orders and edges: long and wide paths, ties, windows to the millisecond,
 * refunds, foreign scripts. Each expectation that a reader can check by hand stands beside the comparison of the engines.
 */
import type { DuckDb } from '@tributary/archive/duckdb';
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { byFirstRules, definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import type { RowsByView } from '@tributary/views/deltas';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { byFold, bySql, event, openTestSession, PARTITIONS } from './engines.ts';

let session: DuckDb;
beforeAll(async () => {
  session = await openTestSession('law5-journeys');
});
afterAll(() => session.close());

const define = (attribution: DefinitionsFile['attribution']) => definitionsOf({ ...SMALL_DEFINITIONS, attribution });

/** The rows, after fold, SQL and oracle agree on them. */
async function agreed(events: readonly Event[], definitions: Definitions): Promise<RowsByView> {
  const sql = await bySql(session, events, definitions);
  expect(differences(sql, byFold(events, definitions))).toEqual([]);
  expect(differences(sql, naiveOfGeneration(events, definitions, PARTITIONS))).toEqual([]);
  return sql;
}

/** The rows of one view without their day, "\t" and U+001F made visible. */
function shown(rows: RowsByView, name: string): Record<string, number[]> {
  const entries = [...(rows.get(name) ?? [])].map(([key, measures]): [string, number[]] => [
    key.slice('2026-03-01\t'.length).replaceAll('\t', ' · ').replaceAll('\u001f', ' > '),
    measures.map(Number),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const MS = 1 / 3_600_000;
const click = (id: string, hours: number, channel: string) => event(id, hours, 'click', { channel });
const view = (id: string, hours: number, channel: string) => event(id, hours, 'view', { channel });
const buy = (id: string, hours: number, value = 100) => event(id, hours, 'buy', { value, currency: 'EUR' });

test('of 10 000 touches a path has the newest 1 000, in both engines', { timeout: 120_000 }, async () => {
  const touches = Array.from({ length: 10_000 }, (_, i) => click(`t${String(i).padStart(5, '0')}`, i / 2_000, `c${i % 3}`));
  const events = [...touches, buy('u', 5, 9_007_199_254_740_991), buy('v', 5, -7)];
  const definitions = define({ transitionOrder: 2 });
  const sql = await bySql(session, events, definitions);
  // The oracle is quadratic in the number of a user's events: it speaks for fewer.
  expect(differences(sql, byFold(events, definitions))).toEqual([]);
  expect(shown(sql, 'coalitions')).toEqual({ 'buy · c0 > c1 > c2 · EUR': [2, 9_007_199_254_740_984] });
  expect(shown(sql, 'pathShapes')).toEqual({ 'buy · 50+ · 0 · EUR': [2, 9_007_199_254_740_984] });
  expect(shown(sql, 'paths')).toEqual({ 'buy · (other) · EUR': [2, 9_007_199_254_740_984] });
  expect(shown(sql, 'transitions')['buy · c0 > c1 · c1 > c2 · EUR']).toEqual([666, 0]);
});

test('the touches beyond the newest 1 000 are not part of a path, be they eligible or not', { timeout: 120_000 }, async () => {
  const channel = (i: number) => (i < 8 ? 'old' : `c${i % 3}`);
  // Views see an hour, clicks six: both count among the newest 1 000, with a window that still covers the conversion or without.
  const touches = Array.from({ length: 1_008 }, (_, i) =>
    (i % 5 === 0 ? view : click)(`t${String(i).padStart(5, '0')}`, i / 300, channel(i)),
  );
  const after = (count: number) => count / 300 - 1 / 600;
  const buys = [999, 1_000, 1_001, 1_004, 1_008].map((count) => buy(`after ${count}`, after(count)));
  for (const attribution of [{}, { resetOnConversion: true, clicksOutrankViews: true }])
    for (const conversions of [buys.slice(1, 4), []]) await agreed([...touches, ...conversions], define(attribution));
  const rows = await agreed([...touches, ...buys], define({ channels: ['old'] }));
  // 8 old ones, 6 of them clicks (not 0 and 5): of those the last 6, 6, 6, 3 and none are among the newest 1 000.
  expect(shown(rows, 'assists')['buy · old ·  · EUR']?.slice(0, 1)).toEqual([4]);
});

test('of a path of direct touches alone last non-direct credits the last one', async () => {
  const direct = (id: string, hours: number, campaign: string) => event(id, hours, 'click', { channel: 'direct', campaign });
  const definitions = define({ direct: ['direct'] });
  const rows = await agreed(
    [direct('a', 0, 'first'), direct('b', 1, 'second'), direct('c', 2, 'third'), buy('d', 3)],
    definitions,
  );
  const credited = Object.keys(shown(rows, 'credit')).filter((key) => key.startsWith('lastNonDirect'));
  expect(credited).toEqual(['lastNonDirect · buy · direct · third · EUR']);
});

test('sets of 20 channels are kept apart, of 21 not; paths and states do not mind', async () => {
  for (const channels of [19, 20, 21, 30]) {
    const touches = Array.from({ length: channels }, (_, i) => click(`t${i}`, i / 10, `c${String(i).padStart(2, '0')}`));
    for (const last of [[buy('z', 5)], []]) {
      const rows = await agreed([...touches, ...last], define({ pathSteps: 20 }));
      const set = channels > 20 ? '(other)' : touches.map(({ channel }) => channel).join(' > ');
      if (last.length > 0) expect(Object.keys(shown(rows, 'coalitions'))).toEqual([`buy · ${set} · EUR`]);
      else expect(shown(rows, 'nullCoalitions')).toEqual({ [set]: [1] });
    }
  }
});

test('which order it is over each of 20 channels is kept apart, of 21 the highest', async () => {
  for (const channels of [20, 21]) {
    const before = Array.from({ length: channels - 1 }, (_, i) => click(`t${i}`, i / 10, `c${String(i).padStart(2, '0')}`));
    const rows = await agreed([...before, buy('y', 5), click('x', 5.5, 'a'), buy('z', 6)], define({}));
    const row =
      channels > 20 ? '(other) · 2' : `a > ${before.map(({ channel }) => channel).join(' > ')} · 1${' > 2'.repeat(channels - 1)}`;
    expect(shown(rows, 'orderNumbers')).toEqual({ [`buy · ${row} · EUR`]: [1] });
  }
});

test('channels sort by code point, beyond the basic plane too, where UTF-16 sorts otherwise', async () => {
  const names = ['😀 ads', '\uff5e tilde', 'é', 'e\u0301', 'Z', 'a', '用户', '\u{10ffff}', "'; --", '(other)', '(unattributed)'];
  const touches = names.map((name, i) => click(`t${i}`, i / 10, name));
  const rows = await agreed([...touches, buy('z', 3)], define({ pathSteps: 20 }));
  const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect(Object.keys(shown(rows, 'coalitions'))).toEqual([`buy · ${sorted.join(' > ')} · EUR`]);
});

test('events at one instant: touches in order of id, then the conversion; by the first rules in order of id alone', async () => {
  const events = [click('a', 1, 'before'), buy('m', 1), click('x', 1, 'after'), view('y', 1, 'last'), click('b', 1, 'too')];
  const rows = await agreed(events, define({ transitionOrder: 1 }));
  expect(Object.keys(shown(rows, 'paths'))).toEqual(['buy · before > too > after > last · EUR']);
  expect(shown(rows, 'nullTransitions')).toEqual({});
  const older = await agreed(events, byFirstRules(define({ transitionOrder: 1 })));
  expect(Object.keys(shown(older, 'paths'))).toEqual(['buy · before > too · EUR']);
  expect(shown(older, 'nullTransitions')).toEqual({ ' · after': [1], 'after · last': [1], 'last · ': [1] });
});

test('states of order 1 to 4, over paths of 1 to 6 touches', async () => {
  const users: Event[][] = [];
  for (let length = 1; length <= 6; length++) {
    const touches = Array.from({ length }, (_, i) => click(`t${i}`, i / 10, 'abcdef'[i] as string));
    users.push([...touches, buy('z', 5)], touches);
  }
  // Rows of all users add up: each path is there another number of times, so that one cannot stand in for another.
  const events = users.flatMap((own, n) =>
    Array.from({ length: n + 1 }, (_, copy) => own.map((e) => ({ ...e, userId: `${n}-${copy}` }))).flat(),
  );
  for (const transitionOrder of [1, 2, 3, 4]) await agreed(events, define({ transitionOrder }));
  const path = ['a', 'b', 'a'].map((channel, i) => click(`t${i}`, i / 10, channel));
  expect(shown(await agreed([...path, buy('z', 5)], define({ transitionOrder: 2 })), 'transitions')).toEqual({
    'buy ·  · a > b · EUR': [1, 0],
    'buy · a > b · b > a · EUR': [1, 0],
    'buy · b > a ·  · EUR': [1, 100],
  });
});

test('clicks outrank views on paths and null paths, in credit too; views alone count', async () => {
  const on = define({ clicksOutrankViews: true });
  const mixed = [view('a', 0.1, 'banner'), click('b', 0.2, 'search'), view('c', 0.3, 'banner')];
  expect(Object.keys(shown(await agreed([...mixed, buy('z', 0.5)], on), 'paths'))).toEqual(['buy · search · EUR']);
  expect(shown(await agreed(mixed, on), 'nullCoalitions')).toEqual({ search: [1] });
  expect(shown(await agreed(mixed, define({})), 'nullCoalitions')).toEqual({ 'banner > search': [1] });
  const seen = [view('a', 0.1, 'banner'), view('c', 0.3, 'other')];
  expect(Object.keys(shown(await agreed([...seen, buy('z', 0.5)], on), 'paths'))).toEqual(['buy · banner > other · EUR']);
  // The click's window has passed for the second conversion: the view is not outranked there.
  const later = [event('m', 0, 'mail', { channel: 'mail' }), view('v', 2.5, 'banner'), buy('y', 2.75), buy('z', 3.25)];
  expect(Object.keys(shown(await agreed(later, on), 'paths'))).toEqual(['buy · banner · EUR', 'buy · mail · EUR']);
});

test('a journey goes on after a gap of exactly the lookback, and ends a millisecond later', async () => {
  for (const [gap, ends] of [
    [6 - MS, 1],
    [6, 1],
    [6 + MS, 2],
  ] as const) {
    const rows = await agreed([click('a', 0, 'x'), click('b', gap, 'y')], define({}));
    expect(sum(rows, 'nullCoalitions')).toBe(ends);
    // The first touch lies on the second's path as long as its window covers it.
    expect(Object.keys(shown(rows, 'nullCoalitions')).sort()).toEqual(ends === 1 ? ['x > y'] : ['x', 'y']);
    const converted = await agreed([click('a', 0, 'x'), buy('b', gap)], define({}));
    expect(sum(converted, 'nullCoalitions')).toBe(ends - 1);
  }
});

test('shorter windows end on a null path as on a conversion: to the millisecond', async () => {
  for (const [gap, set] of [
    [1, 'seen > x'],
    [1 + MS, 'x'],
  ] as const) {
    expect(Object.keys(shown(await agreed([view('a', 0, 'seen'), click('b', gap, 'x')], define({})), 'nullCoalitions'))).toEqual([
      set,
    ]);
  }
});

test('a conversion cuts the null path after it, with and without reset, also at the instant of a touch', async () => {
  for (const resetOnConversion of [false, true]) {
    const events = [click('a', 0, 'x'), buy('c', 1), click('b', 1, 'y'), click('d', 1, 'z'), click('e', 2, 'w')];
    const rows = await agreed(events, define({ resetOnConversion }));
    expect(shown(rows, 'nullCoalitions')).toEqual({ w: [1] });
    const older = await agreed(events, byFirstRules(define({ resetOnConversion })));
    expect(shown(older, 'nullCoalitions')).toEqual({ 'w > z': [1] });
  }
});

test('refunds split as the mirror image; sums of positions equal the value', async () => {
  const path = ['a', 'b', 'a', 'c', 'a', 'b', 'd'].map((channel, i) => click(`t${i}`, i / 10, channel));
  for (const value of [-1, -7, 1, 100, -999_999_999_999, 9_007_199_254_740_991]) {
    const rows = await agreed([...path, buy('z', 1, value)], define({}));
    const positions = [...(rows.get('positions') ?? []).values()];
    expect(positions.reduce((all, [micros]) => all + (micros as number), 0)).toBe(1_000_000);
    expect(positions.reduce((all, measures) => all + BigInt(measures[1] as number), 0n)).toBe(BigInt(value));
  }
});

test('channels that the definitions do not track are one in the data-driven views, and themselves in credit and assists', async () => {
  const events = [click('a', 0, 'search'), click('b', 0.1, 'x'), click('c', 0.2, 'y'), click('d', 0.3, 'search'), buy('z', 1)];
  const rows = await agreed(events, define({ channels: ['search', 'never seen'] }));
  expect(Object.keys(shown(rows, 'paths'))).toEqual(['buy · search > (other) > search · EUR']);
  expect(Object.keys(shown(rows, 'coalitions'))).toEqual(['buy · (other) > search · EUR']);
  expect(shown(rows, 'assists')).toMatchObject({
    'buy · x ·  · EUR': [1, 100, 1, 100],
    'buy · y · (none) · EUR': [1, 100, 1, 100],
  });
});

test('assists: a channel and its campaigns are each counted once a conversion; the last touch alone assists nothing', async () => {
  const events = [
    event('a', 0, 'click', { channel: 'search', campaign: 'one' }),
    event('b', 1, 'click', { channel: 'search', campaign: 'two' }),
    event('c', 2, 'click', { channel: 'mail', campaign: 'one' }),
    event('d', 3, 'click', { channel: 'search', campaign: 'two' }),
    buy('z', 4, 50),
  ];
  expect(shown(await agreed(events, define({})), 'assists')).toEqual({
    'buy · mail ·  · EUR': [1, 50, 1, 50],
    'buy · mail · one · EUR': [1, 50, 1, 50],
    'buy · search ·  · EUR': [1, 50, 1, 50],
    'buy · search · one · EUR': [1, 50, 1, 50],
    'buy · search · two · EUR': [1, 50, 1, 50],
  });
  const alone = shown(await agreed(events.slice(3), define({})), 'assists');
  expect(Object.values(alone)).toEqual([
    [0, 0, 1, 50],
    [0, 0, 1, 50],
  ]);
});

test('repeats: an order repeats earlier ones over the channels of its path that were met before these, within the lookback, to the millisecond', async () => {
  const definitions = definitionsOf({ touches: { click: { windowDays: 2 } }, conversions: ['buy', 'lead'] });
  const lead = (id: string, hours: number) => event(id, hours, 'lead', { currency: 'EUR' });
  const found = async (...events: Event[]) => shown(await agreed([click('a', 0, 'x'), ...events], definitions), 'orderNumbers');
  expect(await found(buy('b', 1), buy('c', 48))).toEqual({ 'buy · x · 2 · EUR': [1] });
  expect(await found(buy('b', 1), buy('c', 48 + MS))).toEqual({});
  expect(await found(click('z', 1, 'x'), buy('b', 1), buy('c', 49))).toEqual({ 'buy · x · 2 · EUR': [1] });
  expect(await found(buy('b', 1), click('z', 1 + MS, 'x'), buy('c', 49))).toEqual({});
  expect(await found(lead('b', 1), buy('c', 2))).toEqual({});
  // Refunds have a row of their own.
  const refund = { 'buy · x · 0 · EUR': [1] };
  expect(await found(buy('b', 1, -100), buy('c', 2), buy('d', 3, 0))).toEqual({ ...refund, 'buy · x · 2 · EUR': [1] });
});

test('repeats: who comes back over another channel orders over that one for the first time', async () => {
  const definitions = definitionsOf({ touches: { click: { windowDays: 9 } }, conversions: ['buy'] });
  const found = async (...events: Event[]) => shown(await agreed([click('a', 0, 'x'), ...events], definitions), 'orderNumbers');
  const back = [buy('b', 1), click('c', 2, 'mail'), buy('d', 3), buy('e', 4)];
  expect(await found(...back)).toEqual({
    'buy · mail > x · 1 > 2 · EUR': [1],
    'buy · mail > x · 2 > 3 · EUR': [1],
  });
  const many = Array.from({ length: 14 }, (_, i) => buy(`m ${i}`, 1 + i));
  const upTo12 = Array.from({ length: 11 }, (_, i) => [`buy · x · ${i + 2} · EUR`, [1]]);
  expect(await found(...many)).toEqual({ ...Object.fromEntries(upTo12), 'buy · x · 13 · EUR': [2] });
});

test('repeats: where conversions reset paths, all orders within the lookback are of the channel', async () => {
  const definitions = definitionsOf({
    touches: { click: { windowDays: 2 } },
    conversions: ['buy'],
    attribution: { resetOnConversion: true },
  });
  const events = [
    click('a', 0, 'x'),
    buy('b', 1),
    click('c', 2, 'y'),
    buy('d', 3),
    click('e', 3 + MS, 'z'),
    buy('f', 49),
    buy('g', 50),
  ];
  expect(shown(await agreed(events, definitions), 'orderNumbers')).toEqual({
    'buy · y · 2 · EUR': [1],
    'buy · z · 3 · EUR': [1],
  });
});

test('lag counts whole days from the first touch; a conversion without one is a path of none', async () => {
  const definitions = definitionsOf({ touches: { click: { windowDays: 3 } }, conversions: ['buy'] });
  const rows = await agreed([click('a', 0, 'x'), buy('b', 24 - MS), buy('c', 24), buy('d', 72), buy('e', 72 + MS)], definitions);
  expect([...(rows.get('pathShapes') ?? []).keys()].map((key) => String(key).split('\t').slice(2, 4))).toEqual(
    expect.arrayContaining([
      ['1', '0'],
      ['1', '1'],
      ['1', '3'],
      ['0', '0'],
    ]),
  );
  expect(rows.get('transitions')?.size).toBeGreaterThan(0);
  expect([...(rows.get('coalitions') ?? []).keys()]).toContain('2026-03-04\tbuy\t\tEUR');
});

test('the lag of a channel is from its own first touch, and each channel of a path counts the conversion once', async () => {
  const definitions = definitionsOf({ touches: { click: { windowDays: 9 } }, conversions: ['buy'] });
  const early = [click('a', 0, 'x'), click('b', 24 + MS, 'y'), click('c', 71, 'x')];
  const rows = await agreed([...early, buy('d', 72, 50), buy('e', 72 + 2 * MS, -20), buy('f', 24 * 20)], definitions);
  const lagsOf = (of: RowsByView) =>
    Object.fromEntries([...(of.get('channelLags') ?? [])].map(([key, sums]) => [key.split('\t').slice(2, 4).join(' '), sums]));
  expect(lagsOf(rows)).toEqual({ 'x 3': [2, 30], 'y 1': [1, 50], 'y 2': [1, -20] });
  const grouped = await agreed(
    [...early, buy('d', 72, 50)],
    definitionsOf({ touches: { click: { windowDays: 9 } }, conversions: ['buy'], attribution: { channels: ['y'] } }),
  );
  expect(lagsOf(grouped)).toEqual({ '(other) 3': [1, 50], 'y 1': [1, 50] });
});

function sum(rows: RowsByView, name: string): number {
  return [...(rows.get(name) ?? []).values()].reduce((all, [first]) => all + (first as number), 0);
}
