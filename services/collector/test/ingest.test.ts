import { gzipSync } from 'node:zlib';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  BASIC,
  KEY_ID,
  NOW,
  OTHER_WRITE_KEY,
  READ_KEY,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from './start-collector.ts';

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
  expect([collector.gate.bytes, collector.gate.events]).toEqual([0, 0]);
});

describe('native events', () => {
  test('one object is stored as it came, with the fields the collector adds', async () => {
    const { status, headers, body } = await collector.post('/v1/events', {
      type: 'ad_click',
      id: 'e1',
      userId: 'u1',
      ts: '2026-11-21T11:00:00.5+01:00',
      channel: 'paid-search',
      cost: 12,
      properties: { b: 1, a: [true, null] },
    });
    expect(status).toBe(200);
    expect(body).toEqual({ success: true, accepted: 1, rejected: [] });
    expect(headers.get('x-rejected-events')).toBe('0');
    expect(await collector.events()).toEqual([
      {
        ts: NOW - 2 * 3_600_000 + 500,
        keyId: KEY_ID,
        type: 'ad_click',
        id: 'e1',
        userId: 'u1',
        receivedAt: NOW,
        source: 'native',
        channel: 'paid-search',
        cost: 12,
        properties: { b: 1, a: [true, null] },
      },
    ]);
  });

  test('law 2: events of one request without time and id stay in its order, however they are sorted', async () => {
    const types = Array.from({ length: 1_200 }, (_, i) => `t${i % 7}`);
    await collector.post(
      '/v1/events',
      types.map((type) => ({ type, userId: 'u' })),
    );
    const events = await collector.events();
    expect(new Set(events.map(({ ts }) => ts)).size).toBe(1);
    const sorted = events.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
    expect(sorted.map(({ type }) => type)).toEqual(types);
  });

  test('an array, an envelope and newline-delimited JSON say the same', async () => {
    const events = ['a', 'b'].map((id) => ({ type: 't', id, userId: 'u', ts: NOW }));
    await collector.post('/v1/events', events);
    await collector.post('/v1/events', { batch: events, writeKey: WRITE_KEY });
    await collector.post('/v1/events', events.map((event) => JSON.stringify(event)).join('\r\n'));
    expect((await collector.events()).map(({ id }) => id)).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  test('every event lies in the partition of its user key, several of a partition in one entry', async () => {
    const batch = Array.from({ length: 200 }, (_, i) => ({ type: 't', id: `e${i}`, userId: `user-${i % 20}` }));
    await collector.post('/v1/events', batch);
    const entries = await collector.log.read(new Map([0, 1, 2, 3].map((p) => [p, null])), { maxEntries: 100, waitMs: 0 });
    expect(entries).toHaveLength(4);
    for (const { partition, body } of entries)
      for (const line of body.split('\n')) expect(partitionOf(userKeyOf(JSON.parse(line)), 4)).toBe(partition);
    expect(await collector.events()).toHaveLength(200);
  });

  test('an entry stays small: readers take it whole into memory', async () => {
    const batch = Array.from({ length: 100 }, (_, i) => ({
      type: 't',
      id: `e${i}`,
      userId: 'u',
      properties: { x: 'x'.repeat(9_000) },
    }));
    expect((await collector.post('/v1/events', batch)).body['accepted']).toBe(100);
    const entries = await collector.log.read(new Map([0, 1, 2, 3].map((p) => [p, null])), { maxEntries: 100, waitMs: 0 });
    expect(entries.length).toBeGreaterThan(2);
    for (const { body } of entries) expect(body.length).toBeLessThanOrEqual(256 * 1024);
    expect((await collector.events()).map(({ id }) => id)).toEqual(batch.map(({ id }) => id));
  });

  test('ts defaults to the receipt, id to a new one, null means absent', async () => {
    await collector.post('/v1/events', { type: 't', userId: null, anonymousId: 'a', id: null, ts: null, properties: null });
    expect(await collector.events()).toEqual([
      { ts: NOW, keyId: KEY_ID, type: 't', id: 'generated-1', anonymousId: 'a', receivedAt: NOW, source: 'native' },
    ]);
  });

  test('an unknown field is named, and so is what to do', async () => {
    const { body } = await collector.post('/v1/events', { type: 't', userId: 'u', color: 'red' });
    expect(body.rejected).toEqual([
      {
        index: 0,
        messageId: null,
        code: 'invalid_field',
        message: 'a name in an event must be one of its fields (got "color"). Put it into properties.',
      },
    ]);
  });

  test('history is flagged, and needs its time', async () => {
    const { body } = await collector.post('/v1/events', [
      { type: 't', userId: 'u', id: 'old', ts: 0, historical: true },
      { type: 't', userId: 'u', id: 'none', historical: true },
    ]);
    expect(body.rejected).toMatchObject([{ index: 1, messageId: 'none', code: 'missing_field' }]);
    expect(await collector.events()).toMatchObject([{ ts: 0, historical: true }]);
  });

  test('our importers send 2 500 events and 5 MB in one body, inflated or not', async () => {
    const properties = { x: 'x'.repeat(1_900) };
    const native = Array.from({ length: 2_500 }, (_, i) => ({ type: 't', id: `e${i}`, userId: `u${i}`, ts: NOW, properties }));
    const text = JSON.stringify(native).padEnd(5_000_000, ' ');
    expect((await collector.post('/v1/events', text)).body['accepted']).toBe(2_500);
    const calls = native.map(({ id, userId, ts }) => ({
      type: 'track',
      event: 't',
      messageId: id,
      userId,
      timestamp: ts,
      properties,
    }));
    const zipped = gzipSync(JSON.stringify({ batch: calls }).padEnd(5_000_000, ' '));
    expect((await collector.post('/v1/import', zipped)).body['accepted']).toBe(2_500);
  });
});

describe('CloudEvents', () => {
  const event = { specversion: '1.0', id: '7', source: '/shop', type: 'order', partitionkey: 'u9', time: '2026-11-21T10:00:00Z' };

  test('structured, batch and binary mode say the same', async () => {
    const full = { ...event, value: 250, currency: 'EUR', data: { a: 1 }, traceparent: '00-1' };
    await collector.post('/v1/events', full, { 'content-type': 'application/cloudevents+json; charset=utf-8' });
    await collector.post('/v1/events', [full], { 'content-type': 'application/cloudevents-batch+json' });
    await collector.post('/v1/events', full, { 'content-type': 'text/plain' });
    await collector.post(
      '/v1/events',
      { a: 1 },
      {
        'content-type': 'application/json',
        ...Object.fromEntries(
          Object.entries({ ...event, value: '250', currency: 'EUR' }).map(([name, value]) => [`ce-${name}`, value]),
        ),
      },
    );
    const stored = await collector.events();
    expect(stored).toHaveLength(4);
    for (const one of stored)
      expect(one).toEqual({
        ts: Date.UTC(2026, 10, 21, 10),
        keyId: KEY_ID,
        type: 'order',
        id: '/shop|7',
        userId: 'u9',
        receivedAt: NOW,
        source: '/shop',
        value: 250,
        currency: 'EUR',
        properties: { a: 1 },
      });
  });

  test('the content type says the mode: a structured event may carry its attributes as headers too', async () => {
    const attributes = Object.fromEntries(Object.entries(event).map(([name, value]) => [`ce-${name}`, value]));
    const headers = { 'content-type': 'application/cloudevents+json', ...attributes };
    await collector.post('/v1/events', { ...event, data: { a: 1 } }, headers);
    expect((await collector.events()).map(({ id, properties }) => [id, properties])).toEqual([['/shop|7', { a: 1 }]]);
  });

  test('law 3: source and id together are the duplicate key, however long or strange', async () => {
    const odd = [
      { ...event, source: '/other' },
      { ...event, source: '/shop|7', id: '8' },
      { ...event, id: '7|8' },
      { ...event, id: 'ü' },
      { ...event, id: 'x'.repeat(500) },
      { ...event, id: 'x'.repeat(501) },
    ];
    expect((await collector.post('/v1/events', odd)).body).toMatchObject({ accepted: 6, rejected: [] });
    expect(new Set((await collector.events()).map(({ id }) => id)).size).toBe(6);
  });

  test('data that is not an object, absent data, and a wrong version', async () => {
    const { body } = await collector.post('/v1/events', [{ ...event, data: [1] }, event, { ...event, specversion: '0.3' }]);
    expect(body.rejected).toMatchObject([{ index: 2, code: 'invalid_field' }]);
    expect((await collector.events()).map(({ properties }) => properties)).toEqual([{ data: [1] }, undefined]);
  });

  test('a binary-mode event without data', async () => {
    const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 'ping', 'ce-userid': 'J%C3%BCrgen' };
    expect((await collector.post('/v1/events', '', headers)).body['accepted']).toBe(1);
    expect(await collector.events()).toMatchObject([{ type: 'ping', userId: 'Jürgen' }]);
  });
});

describe('PostHog batches', () => {
  test('are read as the calls that mean the same', async () => {
    const batch = [
      { event: 'signup', distinct_id: 'u', uuid: 'p1', timestamp: '2026-11-21T11:59:00Z', properties: { $lib: 'posthog-node' } },
      { event: '$pageview', distinct_id: 'u', uuid: 'p2', properties: { $current_url: 'https://a.example/?gclid=1' } },
      { event: 'x', uuid: 'p3' },
    ];
    const sent = await fetch(`${collector.url}/batch/`, {
      method: 'POST',
      body: gzipSync(JSON.stringify({ api_key: WRITE_KEY, batch, sent_at: '2026-11-21T11:59:30Z' })),
    });
    expect(await sent.json()).toMatchObject({ accepted: 2, rejected: [{ index: 2, messageId: 'p3', code: 'missing_user' }] });
    expect(await collector.events()).toMatchObject([
      { type: 'signup', id: 'p1', ts: NOW - 30_000, source: 'segment:posthog-node' },
      { type: 'page', id: 'p2', channel: 'paid-search', page: 'https://a.example/?gclid=1' },
    ]);
  });
});

describe('the write key', () => {
  const one = { type: 't', userId: 'u' };
  const cases: readonly [string, Record<string, string>, number][] = [
    ['Basic with the key as user name', { authorization: BASIC }, 200],
    ['Basic with a password', { authorization: `Basic ${Buffer.from(`${WRITE_KEY}:x:y`).toString('base64')}` }, 200],
    ['Basic without a colon', { authorization: `Basic ${Buffer.from(WRITE_KEY).toString('base64')}` }, 200],
    ['Bearer, in any case', { authorization: `bEARER ${WRITE_KEY}` }, 200],
    ['an unknown key', { authorization: 'Bearer tw_0_0' }, 401],
    ['a read key', { authorization: `Bearer ${READ_KEY}` }, 401],
    ['another scheme', { authorization: `Digest ${WRITE_KEY}` }, 401],
    ['an empty key', { authorization: 'Basic Og==' }, 401],
    ['no base64 at all', { authorization: 'Basic \u00e9\u00e9' }, 401],
  ];
  test.each(cases)('%s', async (_, headers, status) => {
    const posted = await collector.post('/v1/events', one, headers);
    expect(posted.status).toBe(status);
    if (status === 401)
      expect(posted.body).toMatchObject({ code: 'invalid_write_key', fix: expect.stringContaining('write key') });
    expect(await collector.events()).toHaveLength(status === 200 ? 1 : 0);
  });

  async function keyless(body: object) {
    const response = await fetch(`${collector.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as { code?: string } };
  }

  test('stands in the body when there is no header, as sendBeacon needs it', async () => {
    expect((await keyless({ ...one, writeKey: WRITE_KEY })).status).toBe(200);
    expect((await keyless({ batch: [one], writeKey: WRITE_KEY })).status).toBe(200);
    expect((await keyless(one)).status).toBe(401);
    expect((await keyless({ ...one, writeKey: READ_KEY })).status).toBe(401);
    expect((await keyless({ ...one, writeKey: { $ne: '' } })).status).toBe(401);
    expect((await keyless([{ ...one, writeKey: WRITE_KEY }])).status).toBe(401);
    expect(await collector.events()).toHaveLength(2);
  });

  test('without a header a body has 512 KB, and inflates to 256 KB or 40 times what was sent: a stranger costs what they send', async () => {
    const events = (count: number) => ({
      batch: Array.from({ length: count }, (_, i) => ({
        ...one,
        id: `${i}`,
        properties: { token: 'mine', x: 'x'.repeat(7_000) },
      })),
      writeKey: WRITE_KEY,
    });
    expect((await keyless(events(70))).status).toBe(200);
    expect(await keyless(events(80))).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    const zipped = async (body: string) =>
      (await fetch(`${collector.url}/v1/events`, { method: 'POST', body: gzipSync(body) })).status;
    expect(await zipped(JSON.stringify(events(36)))).toBe(200);
    expect(await zipped(JSON.stringify(events(38)))).toBe(413);
    const varied = Array.from({ length: 1_500 }, (_, i) => ({
      ...one,
      id: `${i}`,
      properties: { x: `${Math.sin(i)}${Math.cos(i)}` },
    }));
    expect(await zipped(JSON.stringify({ batch: varied, writeKey: WRITE_KEY }))).toBe(200);
  });

  test('a body key that disagrees with the header is rejected, an item with another key alone', async () => {
    const wrong = await collector.post('/v1/batch', { batch: [{ type: 'identify', userId: 'u' }], writeKey: OTHER_WRITE_KEY });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'invalid_write_key' } });
    const mixed = await collector.post('/v1/events', [one, { ...one, writeKey: OTHER_WRITE_KEY }]);
    expect(mixed.body).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: 'invalid_write_key' }] });
    expect(await collector.events()).toHaveLength(1);
  });
});

describe('strict mode and validation', () => {
  const mixed = [
    { type: 't', userId: 'u', id: 'good' },
    { type: 't', id: 'bad' },
  ];

  test('one rejection refuses all, and nothing is written', async () => {
    const { status, body } = await collector.post('/v1/events', mixed, { 'x-strict-mode': '1' });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      success: false,
      code: 'strict_rejected',
      accepted: 0,
      rejected: [{ index: 1, messageId: 'bad', code: 'missing_user' }],
    });
    expect(await collector.events()).toEqual([]);
    expect((await collector.post('/v1/events', mixed.slice(0, 1), { 'x-strict-mode': '1' })).status).toBe(200);
  });

  test('validate checks as the named route would, and writes nothing', async () => {
    expect((await collector.post('/v1/validate', mixed)).body).toMatchObject({ accepted: 1, rejected: [{ index: 1 }] });
    expect((await collector.post('/v1/validate?as=track', { event: 'x', userId: 'u' })).body).toMatchObject({ accepted: 1 });
    expect((await collector.post('/v1/validate?as=nothing', mixed)).body).toMatchObject({ code: 'invalid_query' });
    expect((await collector.post('/v1/validate?as=__proto__', mixed)).body).toMatchObject({ code: 'invalid_query' });
    expect(await collector.events()).toEqual([]);
  });
});

describe('a log that fails', () => {
  test('law 6: one failed append of several refuses the request whole, and the same request again counts once by id', async () => {
    await collector.stop();
    const log = createMemoryLog({ partitions: 4 });
    collector = await startCollector({ log });
    const batch = Array.from({ length: 40 }, (_, i) => ({ type: 't', id: `e${i}`, userId: `u${i}` }));
    for (const fault of ['not-applied', 'reply-lost'] as const) {
      log.failNextAppend(fault);
      const { status, body, headers } = await collector.post('/v1/events', batch);
      expect(status).toBe(503);
      expect(body).toMatchObject({ code: 'log_unavailable', fix: expect.stringContaining('again') });
      expect(headers.get('retry-after')).toBe('1');
    }
    expect((await collector.post('/v1/events', batch)).status).toBe(200);
    expect(new Set((await collector.events()).map(({ id }) => id)).size).toBe(40);
  });

  test('law 6: the answer waits for the append', async () => {
    await collector.stop();
    const gate = Promise.withResolvers<void>();
    collector = await startCollector({ log: createMemoryLog({ partitions: 4, turn: () => gate.promise }) });
    let answered = false;
    const posted = collector.post('/v1/events', { type: 't', userId: 'u' }).then((answer) => {
      answered = true;
      return answer;
    });
    await expect.poll(() => collector.gate.events).toBe(1);
    expect(answered).toBe(false);
    gate.resolve();
    expect((await posted).status).toBe(200);
  });

  test('the log is not ready: /readyz says so, /livez does not mind', async () => {
    await collector.log.close();
    const ready = await fetch(`${collector.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ok: false, detail: expect.stringContaining('closed') });
    expect((await fetch(`${collector.url}/livez`)).status).toBe(200);
  });
});
