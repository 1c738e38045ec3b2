/** What each scope may send, and that what it sent can be found. */
import { gzipSync } from 'node:zlib';
import { linksOf } from '@tributary/model/identity/links-of';
import { afterEach, describe, expect, test } from 'vitest';
import {
  BROWSER,
  keyRecord,
  NOW,
  OTHER_BROWSER,
  SECRET,
  SERVER,
  type StartedCollector,
  startCollector,
} from './start-collector.ts';

const TILL = keyRecord(OTHER_BROWSER.key, 'browser', { revenue: true });
const IMPORT = keyRecord(`ti_00000000000e_${SECRET}`, 'import');
const OLD = keyRecord(`tw_00000000000f_${SECRET}`, 'write');
const NARROW = keyRecord(`ts_000000000010_${SECRET}`, 'server', {
  origins: ['https://shop.example'],
  types: ['page_view'],
  eventsPerSecond: 1,
});

let collector: StartedCollector;
let now = NOW;
afterEach(() => collector.stop());

async function start() {
  now = NOW;
  collector = await startCollector({ keys: [BROWSER, TILL, SERVER, IMPORT, OLD, NARROW], now: () => now });
  return async ({ key }: { readonly key: string }, body: object, path = '/v1/events', headers = {}) => {
    const answer = await collector.post(path, body, { authorization: `Bearer ${key}`, ...headers });
    return answer.status === 200 ? (answer.body.rejected[0]?.['code'] ?? 'taken') : answer.body['code'];
  };
}

const EVENT = { type: 'page_view', userId: 'u' };
const HISTORY = { ...EVENT, ts: NOW - 1, historical: true };
const IMPORTED = { batch: [{ type: 'track', event: 'e', userId: 'u', timestamp: NOW - 1 }] };

test('law 6: a browser key sends live events of no money, without a source, and says nothing for the platform', async () => {
  const post = await start();
  expect(await post(BROWSER, EVENT)).toBe('taken');
  expect(await post(BROWSER, HISTORY)).toBe('forbidden');
  expect(await post(BROWSER, IMPORTED, '/v1/import')).toBe('forbidden');
  expect(await post(BROWSER, { ...EVENT, source: 'erp' })).toBe('forbidden');
  for (const type of ['verdict', 'intervention', 'computed']) {
    expect([type, await post(BROWSER, { ...EVENT, type })]).toEqual([type, 'forbidden']);
    expect([type, await post(SERVER, { ...EVENT, type })]).toEqual([type, 'taken']);
  }
  expect(await post(BROWSER, { ...EVENT, value: 1, currency: 'EUR' })).toBe('forbidden');
  expect(await post(BROWSER, { ...EVENT, cost: 1 })).toBe('forbidden');
  const order = { event: 'Order Completed', userId: 'u', properties: { revenue: 19.99 } };
  expect(await post(BROWSER, order, '/v1/track')).toBe('forbidden');
  expect(await post(TILL, order, '/v1/track')).toBe('taken');
  expect(await collector.events()).toHaveLength(5);
});

test('law 1: an alias from a page merges no two users, and one from a server does', async () => {
  const post = await start();
  const alias = { ...EVENT, type: 'alias', properties: { previousId: 'ada' } };
  const created = { api_key: BROWSER.key, batch: [{ event: '$create_alias', distinct_id: 'u', properties: { alias: 'ada' } }] };
  expect(await post(BROWSER, alias)).toBe('taken');
  expect(await post(BROWSER, created, '/batch/')).toBe('taken');
  // Those from before there were browser keys stand in pages too.
  expect(await post(OLD, alias)).toBe('taken');
  expect(await post(SERVER, alias)).toBe('taken');
  const events = await collector.events();
  expect(events.map(({ properties }) => properties?.['$without_merge'])).toEqual([true, true, true, undefined]);
  expect(events.map((event) => linksOf(event, '1').map((message) => 'link' in message && message.link.merges))).toEqual([
    [undefined],
    [undefined],
    [undefined],
    [true],
  ]);
});

test('law 1: a visitor whom PostHog has not identified is an anonymous one', async () => {
  const post = await start();
  const sent = (event: string, distinct_id: string, properties: object) => ({ event, distinct_id, properties });
  const batch = [
    sent('a', 'device', { $device_id: 'device' }),
    sent('b', 'device', { $is_identified: false }),
    sent('$identify', 'ada', { $device_id: 'device', $anon_distinct_id: 'device', $is_identified: true }),
    sent('c', 'ada', { $device_id: 'device', $is_identified: true }),
    sent('d', 'ada', {}),
  ];
  await post(BROWSER, { api_key: BROWSER.key, batch }, '/batch/');
  const sentAs = (await collector.events()).map(({ anonymousId, userId }) => [anonymousId, userId]);
  expect(sentAs).toEqual([
    ['device', undefined],
    ['device', undefined],
    [undefined, 'ada'],
    [undefined, 'ada'],
    [undefined, 'ada'],
  ]);
});

test('an amount that stays a property, as its key may send no money, is a warning in the answer', async () => {
  const post = await start();
  const send = async ({ key }: { readonly key: string }, properties: object) =>
    (await collector.post('/v1/track', { event: 'purchase', userId: 'u', properties }, { authorization: `Bearer ${key}` })).body;
  expect(await post(BROWSER, EVENT)).toBe('taken');
  expect((await send(BROWSER, { value: 9.99, currency: 'EUR' }))['warnings']).toEqual([
    { code: 'amounts_left', message: expect.stringContaining('--revenue') },
  ]);
  for (const [key, properties] of [
    [BROWSER, { value: 'high' }],
    [BROWSER, { plan: 'pro' }],
    [TILL, { value: 9.99, currency: 'EUR' }],
  ] as const)
    expect((await send(key, properties))['warnings']).toBeUndefined();
});

test('law 6: an order of a browser key that names only its total is taken, as a conversion without a value', async () => {
  const post = await start();
  const order = (properties: object) => ({ event: 'Order Completed', userId: 'u', properties });
  for (const total of [27.5, 'much']) expect(await post(BROWSER, order({ total }), '/v1/track')).toBe('taken');
  expect(await post(TILL, order({ total: 27.5, currency: 'EUR' }), '/v1/track')).toBe('taken');
  expect(await collector.events()).toMatchObject([
    { type: 'Order Completed', properties: { total: 27.5 } },
    { type: 'Order Completed', properties: { total: 'much' } },
    { type: 'Order Completed', value: 2750, currency: 'EUR' },
  ]);
  expect((await collector.events()).map(({ value }) => value)).toEqual([undefined, undefined, 2750]);
});

test('properties of a call are not money for a browser key, but for revenue; what is refused names field, amount and fix', async () => {
  const post = await start();
  const played = { event: 'Video Played', userId: 'u', properties: { value: 3, cost: 0.5, currency: 'EUR', title: 'Rain' } };
  const captured = { api_key: BROWSER.key, batch: [{ event: 'played', distinct_id: 'u', properties: { value: 3 } }] };
  expect(await post(BROWSER, played, '/v1/track')).toBe('taken');
  expect(await post(BROWSER, captured, '/batch/')).toBe('taken');
  expect(await post(TILL, played, '/v1/track')).toBe('taken');
  const events = await collector.events();
  expect(events.map(({ value, cost, currency }) => [value, cost, currency])).toEqual([
    [undefined, undefined, undefined],
    [undefined, undefined, undefined],
    [300, 50, 'EUR'],
  ]);
  expect(events[0]).toMatchObject({ type: 'Video Played', properties: played.properties });
  const message = async (path: string, event: object) => {
    const { body } = await collector.post(path, event, { authorization: `Bearer ${BROWSER.key}` });
    return body.rejected[0]?.['message'];
  };
  const fix = 'which is money, must come with a server key, or a browser key made with --revenue';
  const order = { event: 'Order Completed', userId: 'u', properties: { revenue: 19.99, value: 3 } };
  expect(await message('/v1/track', order)).toBe(`properties.revenue, ${fix} (got 19.99)`);
  expect(await message('/v1/events', { ...EVENT, value: 1999, currency: 'EUR' })).toBe(`value, ${fix} (got 1999)`);
  expect(await message('/v1/events', { ...EVENT, cost: 5, currency: 'EUR' })).toBe(`cost, ${fix} (got 5)`);
});

test('law 7: a key that anybody may have sends bodies of at most half a megabyte, as sent and inflated', async () => {
  const post = await start();
  const events = Array.from({ length: 30 }, () => ({ ...EVENT, properties: { x: 'x'.repeat(20_000) } }));
  expect(await post(SERVER, events)).toBe('taken');
  expect(await post(BROWSER, events)).toBe('body_too_large');
  const zipped = gzipSync(JSON.stringify(events));
  const answer = await collector.post('/v1/events', zipped, { authorization: `Bearer ${BROWSER.key}` });
  expect(answer.body['code']).toBe('body_too_large');
});

test('a server key sends all that is live, an import key history alone, an old write key both', async () => {
  const post = await start();
  const live = { ...EVENT, source: 'erp', value: 1 };
  const tried = async (key: typeof SERVER) => [
    await post(key, live),
    await post(key, HISTORY),
    await post(key, IMPORTED, '/v1/import'),
  ];
  expect(await tried(SERVER)).toEqual(['taken', 'forbidden', 'forbidden']);
  expect(await tried(IMPORT)).toEqual(['forbidden', 'taken', 'taken']);
  expect(await tried(OLD)).toEqual(['taken', 'taken', 'taken']);
});

test('what comes to the path of the library for Java is live, but for a key that may send history alone', async () => {
  const post = await start();
  for (const key of [SERVER, OLD, BROWSER, IMPORT]) expect(await post(key, IMPORTED, '/v1/import/')).toBe('taken');
  const events = await collector.events();
  expect(events.filter(({ historical }) => historical === true).map(({ keyId }) => keyId)).toEqual([IMPORT.id]);
  expect(events).toHaveLength(4);
});

test('each event carries the public half of its key, and no sender sets it', async () => {
  const post = await start();
  await post(SERVER, EVENT);
  await post(IMPORT, IMPORTED, '/v1/import');
  const beacon = JSON.stringify({ batch: [{ type: 'page', anonymousId: 'a' }], writeKey: BROWSER.key });
  expect((await fetch(`${collector.url}/v1/batch`, { method: 'POST', body: beacon })).status).toBe(200);
  expect(await post(SERVER, { ...EVENT, keyId: BROWSER.id })).toBe('invalid_field');
  const events = await collector.events();
  expect(events.map(({ keyId }) => keyId).sort()).toEqual([BROWSER.id, SERVER.id, IMPORT.id].sort());
  expect(JSON.stringify(events)).not.toContain(SECRET);
});

test('a key may be narrowed to origins, types and a rate', async () => {
  const post = await start();
  const from = { origin: 'https://shop.example' };
  expect(await post(NARROW, EVENT)).toBe('forbidden');
  expect(await post(NARROW, EVENT, '/v1/events', { origin: 'https://elsewhere.example' })).toBe('forbidden');
  expect(await post(NARROW, { ...EVENT, type: 'purchase' }, '/v1/events', from)).toBe('forbidden');
  expect(await post(NARROW, new Array(12).fill(EVENT), '/v1/events', from)).toBe('taken');
  expect(await post(NARROW, EVENT, '/v1/events', from)).toBe('overloaded');
  // Three that were refused and twelve events: five more than ten seconds' worth.
  now += 5_000;
  expect(await post(NARROW, EVENT, '/v1/events', from)).toBe('overloaded');
  now += 1_000;
  expect(await post(NARROW, EVENT, '/v1/events', from)).toBe('taken');
});

describe('a key in a URL', () => {
  test('is one that anybody may have', async () => {
    await start();
    const status = async ({ key }: { readonly key: string }) =>
      (await fetch(`${collector.url}/v1/projects/${key}/settings`)).status;
    expect([await status(BROWSER), await status(OLD)]).toEqual([200, 200]);
    expect([await status(SERVER), await status(IMPORT)]).toEqual([401, 401]);
  });
});
