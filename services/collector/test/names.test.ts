/** A sender that makes a name or a day for each event does not fill the views of both layers. */

import { parseDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { afterEach, describe, expect, test } from 'vitest';
import { knownNames } from '../src/names/known-names.ts';
import { createNames, type NameBounds } from '../src/names/names.ts';
import {
  BROWSER,
  NAME_BOUNDS,
  NOW,
  OTHER_BROWSER,
  type StartedCollector,
  type StartOptions,
  startCollector,
} from './start-collector.ts';

let collector: StartedCollector;
let now = NOW;
afterEach(() => collector.stop());

async function start(names: Partial<NameBounds>, more: StartOptions = {}) {
  now = NOW;
  collector = await startCollector({ names, keys: [BROWSER, OTHER_BROWSER], now: () => now, ...more });
}

const click = (campaign: string, more: object = {}) => ({ type: 'ad_click', userId: 'u', channel: 'email', campaign, ...more });
const clicks = (count: number, from = 0) => Array.from({ length: count }, (_, i) => click(`c${from + i}`));
const distinct = async (field: 'type' | 'channel' | 'campaign') =>
  new Set((await collector.events()).map((event) => event[field])).size;

test('law 7: one campaign an event is bounded by the day; the rest reads (other), is reported, and keeps its name', async () => {
  await start({ campaign: 100 });
  expect((await collector.post('/v1/events', clicks(100))).body['warnings']).toBeUndefined();
  const { body } = await collector.post('/v1/events', [...clicks(50), ...clicks(200, 100)]);
  expect(body).toMatchObject({
    accepted: 250,
    warnings: [{ code: 'names_folded', message: expect.stringMatching(/^200 events/) }],
  });
  expect(await distinct('campaign')).toBe(101);
  const other = (await collector.events()).filter(({ campaign }) => campaign === '(other)');
  expect(other).toHaveLength(200);
  expect(other[0]).toMatchObject({ channel: 'email', properties: { $campaign: expect.stringMatching(/^c\d+$/) } });
  const metrics = await (await fetch(`${collector.url}/metrics`)).text();
  expect(metrics).toContain('tributary_collector_names_folded_total{dimension="campaign"} 200');
});

test('law 7: one value an event is bounded by the day where definitions count it; the rest is marked, and keeps its value', async () => {
  await start({ value: 4 });
  const view = (item: string, page?: string) => ({ type: 'product_view', userId: 'u', page, properties: { item } });
  const { body } = await collector.post(
    '/v1/events',
    // Too long to be counted by, or no value: these take no room.
    [...'abcda', 'x'.repeat(201), 'y'.repeat(201), 'tab\t', '(none)'].map((item) => view(item)),
  );
  expect(body['warnings']).toBeUndefined();
  const more = await collector.post('/v1/events', [view('a', '/x'), view('e'), view('b'), { ...view('f'), type: 'other' }]);
  expect(more.body['warnings']).toMatchObject([
    { code: 'names_folded', message: expect.stringMatching(/^2 events .* count as "\(other\)"/) },
  ]);
  const marks = (await collector.events()).slice(9).map(({ properties }) => [properties?.['item'], properties?.['$counts']]);
  expect(marks).toEqual([
    ['a', 'addresses'],
    ['e', 'items'],
    ['b', undefined],
    ['f', undefined],
  ]);
  now += DAY_MS;
  expect((await collector.post('/v1/events', [view('e')])).body['warnings']).toBeUndefined();
});

test('law 7: campaigns count with their channel, so that both together are bounded as well', async () => {
  await start({ campaign: 20, channel: 10 });
  const crossed = Array.from({ length: 400 }, (_, i) => ({ ...click(`c${i % 20}`), channel: `channel-${Math.floor(i / 20)}` }));
  await collector.post('/v1/events', crossed);
  const places = new Set((await collector.events()).map(({ channel, campaign }) => `${channel} ${campaign}`));
  expect(places.size).toBeLessThanOrEqual(20 + 10 + 1);
});

test('types of the definitions keep their name, others share a bound', async () => {
  await start({ type: 5 });
  const posted = Array.from({ length: 50 }, (_, i) => ({ type: `type-${i}`, userId: 'u' }));
  await collector.post('/v1/events', [...posted, { type: 'purchase', userId: 'u', value: 1 }]);
  const types = (await collector.events()).map(({ type }) => type);
  expect(new Set(types).size).toBe(5 + 1 + 1);
  expect(types).toContain('purchase');
});

test('who floods a public key leaves half of the room to others, and a new day begins with all of it', async () => {
  await start({ campaign: 10 });
  const asBrowser = { authorization: `Bearer ${BROWSER.key}` };
  await collector.post('/v1/events', clicks(30), asBrowser);
  expect(await distinct('campaign')).toBeLessThanOrEqual(5 + 1);
  expect((await collector.post('/v1/events', clicks(5, 100))).body['warnings']).toBeUndefined();
  await collector.post('/v1/events', clicks(20, 100));
  expect(await distinct('campaign')).toBe(10 + 1);
  now += DAY_MS;
  expect((await collector.post('/v1/events', clicks(10, 200))).body['warnings']).toBeUndefined();
});

test('law 7: who floods one public key leaves room to the others: they share their half, in each dimension', async () => {
  await start({ type: 40, channel: 40, campaign: 40 });
  const made = (name: string) =>
    Array.from({ length: 30 }, (_, i) => click(`${name}-${i}`, { type: `${name}-${i}`, channel: `${name}-${i}` }));
  for (const [key, name, each] of [
    [BROWSER, 'a', 10],
    [OTHER_BROWSER, 'b', 5],
  ] as const) {
    await collector.post('/v1/events', made(name), { authorization: `Bearer ${key.key}` });
    const events = (await collector.events()).filter(({ keyId }) => keyId === key.id);
    for (const dimension of ['type', 'channel', 'campaign'] as const)
      expect(events.filter((event) => event[dimension] !== '(other)')).toHaveLength(each);
  }
});

test('law 7: channels that our own grouping gives, or that the definitions name, are always kept', async () => {
  await start({ channel: 4 });
  const asBrowser = { authorization: `Bearer ${BROWSER.key}` };
  const flood = Array.from({ length: 600 }, (_, i) => ({ ...click('c'), channel: `zz-${i}` }));
  await collector.post('/v1/events', flood, asBrowser);
  await collector.post('/v1/events', flood.slice(300));
  for (const [source, medium, channel] of [
    ['google', 'cpc', 'paid-search'],
    ['news', 'email', 'email'],
    ['google', 'organic', 'organic-search'],
  ]) {
    const context = { campaign: { source, medium, name: 'c' } };
    await collector.post('/v1/page', { userId: 'u', messageId: channel, context }, asBrowser);
    expect((await collector.events()).find(({ id }) => id === channel)?.channel).toBe(channel);
  }
  const file = { touches: { call: { defaultChannel: 'phone' } }, attribution: { channels: ['fair', 'press'] } };
  const { channel } = knownNames(parseDefinitions(JSON.stringify(file), sha256Hex));
  expect([...channel]).toEqual(expect.arrayContaining(['direct', 'phone', 'fair', 'press']));
});

test('law 7: types that signals, segments and counts ask for are always kept, in conditions too', () => {
  const file = {
    signals: {
      views: { count: 'product_view', window: '1h' },
      calls: { count: '*', where: 'type == "call" || value > 5', window: '1h' },
    },
    segments: { planner: { enter: '!(type in ["stay", "plan"])', ttl: '1d' } },
    counts: { seen: { count: 'seen', by: 'campaign' } },
  };
  const { type } = knownNames(readDefinitions(JSON.stringify(file), sha256Hex));
  expect([...type]).toEqual(expect.arrayContaining(['ad_click', 'purchase', 'product_view', 'call', 'stay', 'plan', 'seen']));
  expect(type).not.toContain('*');
});

test('law 7: types that the program itself reads are always kept: an alias or a click after a thousand other names is what it is', () => {
  const { fold } = createNames({ ...NAME_BOUNDS, type: 0 }, knownNames(readDefinitions('{}', sha256Hex)), () => NOW).claim(
    'page',
  );
  const event = (type: string): Event => ({ type, ts: NOW, id: 'i', userId: 'u', receivedAt: NOW, source: 's' });
  const kept = [
    'identify',
    'alias',
    '$identify',
    '$create_alias',
    'tributary.undo',
    'click',
    'link',
    'form',
    'activity',
    'intervention',
  ];
  expect([...kept, 'computed', 'verdict', 'any other'].filter((type) => fold(event(type)) !== undefined)).toEqual(['any other']);
});

describe('law 7: what pages name is bounded by the day', () => {
  const at = { type: 'activity', anonymousId: 'a', page: 'https://shop.example/' };
  const said = { viewId: 'v', layout: 0, engagedMs: 10, hoverMs: 10 };
  const report = (n: number) => {
    const els = Array.from({ length: 5 }, (_, i) => [`e${n * 5 + i}`, 1, 1, 1, 0, 0, 9, 9]);
    return { ...at, element: `e${n * 5}`, properties: { ...said, els, moves: [[`e${n * 5 + 1}`, 3, 2], 'no row'] } };
  };
  const keysIn = (events: readonly Event[]) =>
    events.flatMap(({ properties = {} }) => (properties['els'] as readonly (readonly [string])[]).map(([key]) => key));

  test('names of elements beyond it read (other) wherever a report has them, and its sums stay', async () => {
    await start({ element: 23 });
    const { body } = await collector.post(
      '/v1/events',
      Array.from({ length: 40 }, (_, n) => report(n)),
    );
    expect(body).toMatchObject({
      accepted: 40,
      warnings: [{ code: 'names_folded', message: expect.stringMatching(/^36 events/) }],
    });
    const events = await collector.events();
    const keys = keysIn(events);
    expect([keys.length, new Set(keys).size]).toEqual([200, 20 + 1]);
    const last = { els: Array(5).fill(['(other)', 1, 1, 1, 0, 0, 9, 9]), moves: [['(other)', 3, 2], 'no row'] };
    expect(events.find(({ element, properties }) => element === '(other)' && properties)?.properties).toEqual({
      ...said,
      ...last,
    });
    await collector.post('/v1/events', [report(0)]);
    expect(keysIn(await collector.events()).slice(-5)).toEqual(['e0', 'e1', 'e2', 'e3', 'e4']);
    const link = { ...at, type: 'link', properties: { ...said, target: 'outbound', host: 'other.example' } };
    const form = { ...at, type: 'form', properties: { ...said, action: 'focus', form: 'pay', field: 'card' } };
    await collector.post('/v1/events', [link, link, form, { ...link, properties: { host: 'not of a page' } }]);
    const named = (await collector.events()).slice(-4).map(({ properties: { host, form: of, field } = {} }) => [host, of, field]);
    expect(named).toEqual([
      ['other.example', undefined, undefined],
      ['other.example', undefined, undefined],
      [undefined, 'pay', 'card'],
      ['not of a page', undefined, undefined],
    ]);
  });

  test('addresses beyond it read (other): those of many hosts too, where the definitions list pages', async () => {
    await start({ page: 10 });
    const view = (page: string) => ({ ...at, type: 'page', page, properties: said });
    const products = Array.from({ length: 50 }, (_, i) => view(`https://shop.example/product/${i}`));
    expect((await collector.post('/v1/events', products)).body['warnings']).toBeUndefined();
    await collector.post(
      '/v1/events',
      Array.from({ length: 50 }, (_, i) => view(`https://h${i}.example/`)),
    );
    const events = await collector.events();
    expect(new Set(events.slice(50).map(({ page }) => page)).size).toBe(9 + 1);
    expect(events.at(-1)).toMatchObject({ page: '(other)', properties: { ...said, $page: 'https://h49.example/' } });
  });
});

test('a check that writes nothing counts nothing', async () => {
  await start({ campaign: 10 });
  await collector.post('/v1/validate', clicks(50));
  expect((await collector.post('/v1/events', clicks(10, 100))).body['warnings']).toBeUndefined();
});

test('law 7: the days that events happened on are bounded, live and imported', async () => {
  await start({ importDays: 10 });
  const live = (days: number) => ({ type: 't', userId: 'u', ts: NOW - days * DAY_MS });
  const { body } = await collector.post('/v1/events', [live(400), live(401), live(20_000)]);
  expect([body['accepted'], body.rejected.map(({ code }) => code)]).toEqual([1, ['ts_too_old', 'ts_too_old']]);
  const history = Array.from({ length: 30 }, (_, i) => ({ ...live(1_000 + (i % 15)), historical: true }));
  const imported = await collector.post('/v1/events', history);
  expect(imported.body['accepted']).toBe(20);
  expect(imported.body.rejected.map(({ code }) => code)).toEqual(new Array(10).fill('too_many_days'));
  expect(imported.body.rejected[0]?.['message']).toBe(
    'history must fall on at most 10 different days per UTC day of receipt (got one more). Send the rest tomorrow, or raise maxImportDays.',
  );
  const archived = await collector.events();
  expect(new Set(archived.map(({ ts }) => Math.floor(ts / DAY_MS))).size).toBeLessThanOrEqual(11);
});

describe('law 7: only what is written uses up names and days', () => {
  const history = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...click(`h${i}`), ts: NOW - i * DAY_MS, historical: true }));
  const spent = async () => {
    const { body } = await collector.post('/v1/events', [
      ...clicks(10, 100),
      ...history(10).map((event) => ({ ...event, campaign: 'c100' })),
    ]);
    return [body['warnings'], body.rejected];
  };

  test('a request that strict mode refuses uses none', async () => {
    await start({ campaign: 10, importDays: 10 });
    const strict = { 'x-strict-mode': '1' };
    expect((await collector.post('/v1/events', [...clicks(10), {}], strict)).status).toBe(400);
    expect((await collector.post('/v1/events', [...history(10), {}], strict)).status).toBe(400);
    expect(await spent()).toEqual([undefined, []]);
  });

  test('nor does one that the log does not take, or that there is no room for', async () => {
    const log = createMemoryLog({ partitions: 4 });
    let broken = true;
    const append: typeof log.append = (...given) => (broken ? Promise.reject(new Error('down')) : log.append(...given));
    await start({ campaign: 10, importDays: 10 }, { log: { ...log, append }, gate: { maxEvents: 20 } });
    expect((await collector.post('/v1/events', clicks(10))).status).toBe(503);
    broken = false;
    expect((await collector.post('/v1/events', [...history(10), ...history(10), ...history(10)])).status).toBe(429);
    expect(await spent()).toEqual([undefined, []]);
  });

  test('nor does an event that is rejected', async () => {
    await start({ campaign: 10, channel: 1, importDays: 10 });
    await collector.post('/v1/events', click('c100'));
    // Without room for its channel its name goes into the properties, which have none either.
    const large = { ...click('c0', { channel: 'x'.repeat(500) }), properties: { x: 'x'.repeat(32_100) } };
    const { body } = await collector.post('/v1/events', large);
    expect(body.rejected.map(({ code }) => code)).toEqual(['event_too_large']);
    expect(await spent()).toEqual([undefined, []]);
  });

  test('what two requests under way claim is counted once, and kept when one of them is taken', async () => {
    const names = createNames(
      { ...NAME_BOUNDS, campaign: 2 },
      { type: new Set(), channel: new Set(), page: () => '', counted: () => [] },
      () => NOW,
    );
    const event = (campaign: string) => ({ ...click(campaign), ts: NOW, id: '', receivedAt: NOW, source: '' }) as Event;
    const [first, second, third] = [names.claim(), names.claim(), names.claim()];
    first.add(event('a'), undefined);
    second.add(event('a'), undefined);
    second.add(event('b'), undefined);
    expect(third.fold(event('c'))?.dimensions).toEqual(['campaign']);
    first.giveBack();
    expect([names.count('campaign'), third.fold(event('a'))]).toEqual([2, undefined]);
    second.keep();
    third.add(event('a'), undefined);
    third.giveBack();
    expect([names.count('campaign'), names.count('channel'), names.count('type')]).toEqual([2, 1, 1]);
  });

  test('values of events whose type or form reads (other) are counted as they are written', () => {
    const definitions = readDefinitions(
      JSON.stringify({
        fields: { form: 'properties.form' },
        counts: { forms: { count: 'form', by: 'form' }, all: { count: '*', by: 'form' } },
      }),
      sha256Hex,
    );
    const { counted } = knownNames(definitions, definitions);
    const known = { type: new Set<string>(), channel: new Set<string>(), page: () => '', counted };
    const names = createNames({ ...NAME_BOUNDS, type: 1, element: 1, value: 2 }, known, () => NOW);
    const claim = names.claim();
    const send = (type: string, form: string) => {
      const event = { type, ts: NOW, id: '', receivedAt: NOW, source: '', properties: { form, viewId: 'v' } } as Event;
      const folded = claim.fold(event);
      claim.add(event, folded);
      return folded?.dimensions;
    };
    expect(send('other', 'a')).toBeUndefined();
    expect([send('form', 'a'), names.count('value')]).toEqual([['type'], 1]);
    expect([send('form', 'b'), send('form', 'c'), names.count('value')]).toEqual([['type', 'element'], ['type', 'element'], 1]);
  });
});

test('law 7: what dates back further than three days needs a key that not anybody has', async () => {
  await start({});
  const live = (hours: number) => ({ type: 't', userId: 'u', ts: NOW - hours * 3_600_000 });
  const asBrowser = { authorization: `Bearer ${BROWSER.key}` };
  const { body } = await collector.post('/v1/events', [live(72), live(73), live(9_000)], asBrowser);
  expect([body['accepted'], body.rejected.map(({ code }) => code)]).toEqual([1, ['ts_too_old', 'ts_too_old']]);
  expect(body.rejected[0]?.['message']).toMatch(
    /browser key must lie at most 3 days before its receipt \(got 2\d{3}-[\d-]+T[\d:.]+Z\)/,
  );
  expect((await collector.post('/v1/events', live(73))).body['accepted']).toBe(1);
});

test('law 7: of all combinations of three letters only currencies are names of money', async () => {
  await start({});
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  const codes = letters.flatMap((a) => letters.map((b) => `${a}${b}R`));
  const { body } = await collector.post(
    '/v1/events',
    codes.map((currency) => ({ ...click('c'), value: 1, currency })),
  );
  const kept = (await collector.events()).map(({ currency }) => currency);
  expect(kept).toEqual(expect.arrayContaining(['EUR', 'INR', 'ZAR']));
  expect(kept.length).toBeLessThan(60);
  expect(body.rejected.length + Number(body['rejectedMore'])).toBe(codes.length - kept.length);
  expect(body.rejected[0]).toMatchObject({
    code: 'invalid_field',
    message: expect.stringMatching(/\(got "AAR"\)\. Send the code/),
  });
});

test('a value of a track call in points stays a property; revenue in points is refused with the code', async () => {
  await start({});
  const track = (properties: object) => ({ event: 'e', userId: 'u', properties });
  await collector.post('/v1/track', track({ value: 5, currency: 'PTS' }));
  expect(await collector.events()).toMatchObject([{ properties: { value: 5, currency: 'PTS' } }]);
  expect((await collector.events())[0]).not.toHaveProperty('currency');
  const { body } = await collector.post('/v1/track', track({ revenue: 5, currency: 'pts' }));
  expect(body.rejected[0]?.['message']).toMatch(/got "PTS"/);
});
