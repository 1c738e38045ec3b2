/**
 * Requests of libraries that are not JavaScript, as they were recorded from the versions that docs/clients.md names: bodies are theirs to
 * the byte but for key and instants. Beside them the forms that browsers send and no Node library does.
 */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  BROWSER,
  keyRecord,
  NOW,
  OTHER_BROWSER,
  SERVER,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from '../../services/collector/test/start-collector.ts';
import { overload } from './seen.ts';

const at = (ms: number) => new Date(NOW + ms).toISOString();

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector({ keys: [BROWSER, SERVER] });
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

async function post(path: string, body: string | Uint8Array, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${collector.url}${path}`, { method: 'POST', headers, body } as RequestInit);
  const answer = (await response.json()) as { rejected?: unknown };
  if (response.ok) expect(answer.rejected).toEqual([]);
  return response.status;
}

async function byType() {
  return new Map((await collector.events()).map((event) => [event.type, event]));
}

test('segment-analytics-python 2.4.0: null ids, microseconds, the key in header and body', async () => {
  const library = '{"library": {"name": "analytics-python", "version": "2.4.0"}}';
  const body = `{"batch": [{"integrations": {}, "anonymousId": null, "properties": {"revenue": 19.99, "currency": "EUR"}, "timestamp": "${at(-500)}", "context": ${library}, "userId": "u", "type": "track", "event": "Order Completed", "messageId": "m-track"}, {"integrations": {}, "anonymousId": "a", "properties": {"path": "/docs"}, "timestamp": "${at(-500)}", "category": "Docs", "context": ${library}, "userId": null, "type": "page", "name": "Python", "messageId": "m-page"}, {"integrations": {}, "anonymousId": null, "timestamp": "${at(-500)}", "context": ${library}, "type": "identify", "userId": "u", "traits": {"plan": "pro"}, "messageId": "m-identify"}], "sentAt": "${at(0).replace('Z', '448+00:00')}", "writeKey": "${WRITE_KEY}"}`;
  const headers = { authorization: `Basic ${btoa(`${WRITE_KEY}:`)}`, 'content-type': 'application/json' };
  expect(await post('/v1/batch', body, headers)).toBe(200);
  expect(await post('/v1/batch', gzipSync(body), { ...headers, 'content-encoding': 'gzip' })).toBe(200);
  const events = await byType();
  expect(events.get('Order Completed')).toMatchObject({
    id: 'm-track',
    userId: 'u',
    value: 1999,
    ts: NOW - 500,
    source: 'segment:analytics-python',
  });
  expect(events.get('page')).toMatchObject({ anonymousId: 'a', properties: { name: 'Python', category: 'Docs', path: '/docs' } });
  expect(events.get('identify')).toMatchObject({ userId: 'u', properties: { plan: 'pro' } });
});

test('what the Python libraries look for in a refusal is there: without it they take it for a broken connection', async () => {
  const response = await fetch(`${collector.url}/v1/batch`, {
    method: 'POST',
    body: '{',
    headers: { authorization: `Bearer ${WRITE_KEY}` },
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid_json', message: expect.any(String), detail: expect.any(String) });
});

test('posthog 7.91.1 for Python: the key on top of the body, traits beside the properties', async () => {
  const common = '"$lib": "posthog-python", "$lib_version": "7.91.1", "$geoip_disable": true, "$is_server": true';
  const body = `{"batch": [{"properties": {"seconds": 3, "token": "of a reset", ${common}}, "timestamp": "${at(-500)}", "distinct_id": "u", "event": "played", "uuid": "0190f5a0-0000-7000-8000-000000000000"}, {"timestamp": "${at(-500)}", "distinct_id": "u", "$set": {"plan": "pro"}, "event": "$set", "properties": {${common}}, "uuid": "b716f754-7879-4ee3-b57f-1d4b34613933"}], "historical_migration": false, "sent_at": "${at(0)}", "api_key": "${SERVER.key}"}`;
  expect(await post('/batch/', body, { 'content-type': 'application/json' })).toBe(200);
  expect(await post('/batch/', gzipSync(body), { 'content-type': 'application/json', 'content-encoding': 'gzip' })).toBe(200);
  const events = await byType();
  expect(events.get('played')).toMatchObject({
    id: '0190f5a0-0000-7000-8000-000000000000',
    userId: 'u',
    ts: NOW - 500,
    keyId: SERVER.id,
  });
  expect(events.get('played')?.properties).toMatchObject({ seconds: 3, token: 'of a reset' });
  expect(events.get('$set')).toMatchObject({ properties: { $set: { plan: 'pro' } }, source: 'segment:posthog-python' });
});

test('Segment for Java 3.5.2: live events to /v1/import/, the key in the body alone', async () => {
  const context = '{"library":{"name":"analytics-java","version":"3.5.2"},"instanceId":"21cf34d1-cd01-4056-a143-403999a8f669"}';
  const body = (key: string) =>
    `{"batch":[{"type":"track","messageId":"m-track","timestamp":"${at(-322)}","userId":"u","integrations":{},"event":"Order Completed","properties":{"revenue":19.99,"currency":"EUR"}},{"type":"identify","messageId":"m-identify","timestamp":"${at(-33)}","userId":"u","integrations":{},"traits":{"plan":"pro"}}],"sentAt":"${at(-60_000)}","context":${context},"sequence":1,"writeKey":"${key}"}`;
  expect(await post('/v1/import/', body(SERVER.key), { 'content-type': 'application/json; charset=UTF-8' })).toBe(200);
  expect(await post('/v1/import/', body(WRITE_KEY), { 'content-type': 'application/json; charset=UTF-8' })).toBe(200);
  for (const event of await collector.events()) expect(event).not.toHaveProperty('historical');
  // The clock of the sender is a minute behind, and corrected.
  expect((await byType()).get('Order Completed')).toMatchObject({
    id: 'm-track',
    value: 1999,
    ts: NOW + 60_000 - 322,
    source: 'segment:analytics-java',
  });
});

test('PostHog for browsers: an array or one event, plain, gzip or a form with base64, each event with its key', async () => {
  const captured = (id: string, rest: object = {}) => ({
    uuid: id,
    event: 'played',
    properties: {
      token: BROWSER.key,
      distinct_id: 'u',
      $lib: 'web',
      title: 'Été',
      $current_url: 'https://shop.example/?gclid=1',
    },
    ...rest,
  });
  const form = (value: unknown) => `data=${encodeURIComponent(Buffer.from(JSON.stringify(value)).toString('base64'))}`;
  const sentAt = `?_=${NOW - 60_000}&ver=1.449.2`;
  const tried: readonly [path: string, body: string | Uint8Array][] = [
    [`/e/${sentAt}`, JSON.stringify([captured('1', { timestamp: at(-61_000) }), captured('2', { timestamp: at(-61_000) })])],
    [`/i/v0/e/${sentAt}&compression=gzip-js`, gzipSync(JSON.stringify([captured('3', { timestamp: at(-61_000) })]))],
    [`/e/${sentAt}&compression=base64`, form(captured('4', { timestamp: at(-61_000) }))],
    ['/e/?compression=base64', `${form([captured('5', { offset: 1_000 })])}&ip=1`],
    ['/capture', JSON.stringify({ ...captured('6', { timestamp: at(-1_000) }), api_key: BROWSER.key })],
  ];
  for (const [path, body] of tried) expect([path, await post(path, body, { 'content-type': 'text/plain' })]).toEqual([path, 200]);
  const events = await collector.events();
  expect(events.map(({ id }) => id).sort()).toEqual(['1', '2', '3', '4', '5', '6']);
  for (const event of events) {
    expect(event).toMatchObject({
      type: 'played',
      userId: 'u',
      ts: NOW - 1_000,
      keyId: BROWSER.id,
      channel: 'paid-search',
      properties: { title: 'Été' },
    });
    expect(event.properties).not.toHaveProperty('token');
  }
  const mixed = JSON.stringify([captured('7'), captured('8', { properties: { token: SERVER.key } })]);
  const answer = await fetch(`${collector.url}/e/`, { method: 'POST', body: mixed });
  expect(await answer.json()).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: 'invalid_write_key' }] });
});

test('PostHog for browsers drops what is answered with 429, so a collector that is full answers 503', async () => {
  const recover = overload(collector);
  const body = JSON.stringify({ uuid: '1', event: 'e', properties: { token: BROWSER.key, distinct_id: 'u' } });
  const full = await fetch(`${collector.url}/e/`, { method: 'POST', body });
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await full.json()).toMatchObject({ code: 'overloaded', status: 503 });
  const track = JSON.stringify({ writeKey: BROWSER.key, event: 'e', userId: 'u' });
  expect((await fetch(`${collector.url}/v1/track`, { method: 'POST', body: track })).status).toBe(429);
  recover();
  expect(await post('/e/', body)).toBe(200);
});

test('no key is stored, and two that differ are refused', async () => {
  const properties = { token: SERVER.key, api_key: SERVER.key };
  const batch = [{ uuid: 'another', event: 'e', distinct_id: 'u', properties }];
  expect(await post('/batch/', JSON.stringify({ api_key: BROWSER.key, batch }))).toBe(200);
  const stored = (await collector.events()).find(({ id }) => id === 'another');
  expect(stored).toBeDefined();
  expect(JSON.stringify(stored)).not.toContain(SERVER.key);
  const headers = { authorization: `Bearer ${SERVER.key}` };
  const url = `${collector.url}/beacon/v1/batch?writeKey=${BROWSER.key}`;
  const body = JSON.stringify({ batch: [{ type: 'track', event: 'e', userId: 'u' }] });
  expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(401);
});

test('a token of a device is a property: only what has the form of a key is one', async () => {
  const event = { uuid: 'device', event: 'e', distinct_id: 'u', properties: { token: 'a1b2c3' } };
  const headers = { authorization: `Bearer ${BROWSER.key}` };
  const answer = await fetch(`${collector.url}/e/`, { method: 'POST', body: JSON.stringify(event), headers });
  expect([answer.status, await answer.json()]).toMatchObject([200, { accepted: 1, rejected: [] }]);
});

test('a form that holds no JSON is refused, and keys that are not known are', async () => {
  const refused = async (body: string) => post('/e/', body);
  expect(await refused('data=%')).toBe(401);
  expect(await refused(`data=${Buffer.from(`{"api_key":"${BROWSER.key}",`).toString('base64')}`)).toBe(400);
  expect(await refused('{"token":"phc_unknown","event":"e","distinct_id":"u"}')).toBe(401);
});

test('RudderStack’s beacon and pictures: a key in the URL is one that anybody may have', async () => {
  const batch = JSON.stringify({
    batch: [{ type: 'track', event: 'left', anonymousId: 'a', messageId: 'beacon' }],
    sentAt: at(0),
  });
  expect(await post(`/beacon/v1/batch?writeKey=${BROWSER.key}`, batch, { 'content-type': 'text/plain' })).toBe(200);
  expect(await post(`/beacon/v1/batch?writeKey=${SERVER.key}`, batch)).toBe(401);
  expect(await post('/beacon/v1/batch', batch)).toBe(401);
  expect(await post(`/v1/batch?writeKey=${BROWSER.key}`, batch)).toBe(401);

  const picture = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${collector.url}${path}`, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.ok)
      expect([response.headers.get('content-type'), bytes.subarray(0, 3).toString()]).toEqual(['image/gif', 'GIF']);
    return response.status;
  };
  const fields =
    'anonymousId=a&event=Mail%20Opened&messageId=pixel&properties.list=autumn&context.campaign.source=mail&context.campaign.medium=email';
  expect(await picture(`/pixel/v1/track?writeKey=${BROWSER.key}&${fields}`)).toBe(200);
  const data = Buffer.from(JSON.stringify({ writeKey: BROWSER.key, anonymousId: 'a', messageId: 'data', name: 'Mail' })).toString(
    'base64',
  );
  expect(await picture(`/v1/pixel/page?data=${encodeURIComponent(data)}`)).toBe(200);
  expect(await picture(`/pixel/v1/track?writeKey=${SERVER.key}&${fields}`)).toBe(401);
  expect(await picture('/v1/pixel/page?data=e30')).toBe(401);
  expect(await picture(`/pixel/v1/track?writeKey=${BROWSER.key}&event=unknown`)).toBe(400);
  expect(await picture(`/pixel/v1/track?writeKey=${BROWSER.key}&${fields}&${'a.'.repeat(12)}b=1`)).toBe(400);
  expect(await picture(`/pixel/v1/track?writeKey=${BROWSER.key}&${fields}`, { method: 'HEAD' })).toBe(404);
  const poisoned = `${fields}&context.library.__proto__.polluted=1&__proto__.polluted=1&constructor.prototype.polluted=1`;
  expect(await picture(`/pixel/v1/track?writeKey=${BROWSER.key}&${poisoned}`)).toBe(400);
  expect('polluted' in {}).toBe(false);

  const events = new Map((await collector.events()).map((event) => [event.id, event]));
  expect([...events.keys()].sort()).toEqual(['beacon', 'data', 'pixel']);
  expect(events.get('pixel')).toMatchObject({
    type: 'Mail Opened',
    channel: 'email',
    properties: { list: 'autumn' },
    source: 'segment:pixel',
  });
  expect(events.get('data')).toMatchObject({ type: 'page', properties: { name: 'Mail' } });
});

test('a key narrowed to origins is used in pictures of its pages', async () => {
  await collector.stop();
  const narrow = keyRecord(OTHER_BROWSER.key, 'browser', { origins: ['https://shop.example'] });
  collector = await startCollector({ keys: [narrow] });
  const status = async (headers: Record<string, string>) =>
    (await fetch(`${collector.url}/pixel/v1/track?writeKey=${narrow.key}&anonymousId=a&event=e`, { headers })).status;
  expect(await status({ referer: 'https://shop.example/cart' })).toBe(200);
  expect(await status({ referer: 'https://elsewhere.example/' })).toBe(403);
  expect(await status({})).toBe(403);
});
