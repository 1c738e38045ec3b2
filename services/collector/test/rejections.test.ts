/** What was rejected is visible to those who may read: why, of which key, in what form; never what it said of somebody. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { validateProperties } from '@tributary/model/reading/validate-event';
import { invalid } from '@tributary/model/refusal';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { createRejections, type RejectionRow } from '../src/checks/rejections.ts';
import { ruleText, sampleOf } from '../src/checks/sample.ts';
import {
  BROWSER,
  KEY_ID,
  keyRecord,
  NOW,
  OTHER_BROWSER,
  READ_KEY,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from './start-collector.ts';

let collector: StartedCollector;
afterEach(() => collector?.stop());

async function listed(key = READ_KEY) {
  const answer = await fetch(`${collector.url}/v1/rejections`, { headers: { authorization: `Bearer ${key}` } });
  return { status: answer.status, body: (await answer.json()) as { since: string; rejections: RejectionRow[]; code?: string } };
}

test('the last of each reason, key and message, with the form of the event, the newest first', async () => {
  let now = NOW;
  collector = await startCollector({ keys: [BROWSER], now: () => now });
  const order = (revenue: unknown) => ({
    type: 'track',
    event: 'Order Completed',
    userId: 'anna@shop.example',
    properties: { revenue, email: 'anna@shop.example' },
  });
  await collector.post('/v1/batch', { batch: [order('viel'), order(1), order('mehr'), { type: 'track', userId: 'anna' }] });
  now += 1_000;
  await collector.post('/v1/track', { ...order(9.99) }, { authorization: `Bearer ${BROWSER.key}` });
  await collector.post('/v1/track', { ...order('x') }, { 'x-strict-mode': '1' });
  await collector.post('/v1/track', '{"email":"anna@shop.example"');
  await collector.post('/v1/track', '{}', { authorization: 'Bearer anna@shop.example' });
  await collector.post('/v1/validate?as=track', { type: 'track', userId: 'u' });

  const { status, body } = await listed();
  expect(status).toBe(200);
  expect(body.since).toBe(new Date(NOW).toISOString());
  expect(body.rejections.map(({ reason, keyId, count }) => [reason, keyId, count])).toEqual([
    ['invalid_write_key', null, 1],
    ['invalid_json', KEY_ID, 1],
    ['invalid_field', KEY_ID, 3],
    ['forbidden', BROWSER.id, 1],
    ['missing_field', KEY_ID, 1],
  ]);
  expect(body.rejections[2]).toEqual({
    reason: 'invalid_field',
    keyId: KEY_ID,
    count: 3,
    firstAt: new Date(NOW).toISOString(),
    lastAt: new Date(NOW + 1_000).toISOString(),
    message: 'properties.revenue must be a decimal amount such as 19.99',
    origin: null,
    sample: {
      type: 'track',
      event: 'Order Completed',
      userId: 'string(17)',
      properties: { revenue: 'string(1)', email: 'string(17)' },
    },
  });
  expect(JSON.stringify(body)).not.toContain('anna');
});

test('of one request the first 16 messages are counted apart, whatever values they quote, and all others as what they are', async () => {
  collector = await startCollector();
  const order = (revenue: unknown) => ({ type: 'track', event: 'Order Completed', userId: 'u', properties: { revenue } });
  const unfit = (field: string) => ({ type: 'track', event: 'e', userId: 'u', properties: { [field]: '\ud800' } });
  const orders = Array.from({ length: 30 }, (_, i) => order(`x${i}`));
  await collector.post('/v1/batch', { batch: orders });
  expect((await listed()).body.rejections).toMatchObject([{ reason: 'invalid_field', count: 30 }]);
  const fields = Array.from({ length: 20 }, (_, i) => unfit(`field${String.fromCharCode(97 + i)}`));
  await collector.post('/v1/batch', { batch: [...orders, ...fields, { type: 'track', userId: 'u' }, unfit('fielda')] });
  const { rejections } = (await listed()).body;
  expect(
    rejections.map(({ reason, message, count }) => [reason, /field[a-t]|^other messages$/.exec(message)?.[0], count]),
  ).toEqual([
    ['missing_field', 'other messages', 1],
    ['invalid_field', 'other messages', 5],
    ...['o', 'n', 'm', 'l', 'k', 'j', 'i'].map((letter) => ['invalid_field', `field${letter}`, 1]),
  ]);
});

test('nothing that an event says of somebody is shown, whatever is wrong with it', async () => {
  collector = await startCollector({ keys: [BROWSER] });
  const secret = '8"SECRET (got "a": "SECRET';
  const good = { type: 't', userId: secret, properties: { x: secret, [secret]: secret } };
  const bad = [
    ...[
      'type',
      'id',
      'userId',
      'channel',
      'campaign',
      'currency',
      'page',
      'ts',
      'value',
      'source',
      'historical',
      'properties',
      secret,
    ].flatMap((field) =>
      [secret, `\u0001${secret}`, { [secret]: secret }, `${secret}${'x'.repeat(3_000)}`].map((value) => ({
        ...good,
        [field]: value,
      })),
    ),
    { ...good, [`__proto__${secret}`]: 1 },
    secret,
    [secret],
  ];
  for (const key of [WRITE_KEY, BROWSER.key])
    for (const item of bad)
      for (const path of ['/v1/events', '/v1/track', '/v1/batch', '/e/'])
        await collector.post(path, JSON.stringify(path === '/v1/batch' ? { batch: [item] } : item), {
          authorization: `Bearer ${key}`,
        });
  const { body } = await listed();
  expect(body.rejections.length).toBeGreaterThan(6);
  expect(JSON.stringify(body)).not.toContain('SECRET');
});

test('a request from a page that its key does not name is filed under that key, also where the key stands in the body', async () => {
  const narrow = keyRecord(OTHER_BROWSER.key, 'browser', { origins: ['https://shop.example'] });
  collector = await startCollector({ keys: [narrow] });
  const body = JSON.stringify({ writeKey: narrow.key, event: 'e', userId: 'u' });
  const headers = { origin: 'https://anna.example' };
  expect((await fetch(`${collector.url}/v1/track`, { method: 'POST', body, headers })).status).toBe(403);
  const [row] = (await listed()).body.rejections;
  const message = 'the key must be used from one of its origins';
  expect(row).toMatchObject({ reason: 'forbidden', keyId: narrow.id, count: 1, message, origin: headers.origin, sample: null });
  await fetch(`${collector.url}/v1/track`, { method: 'POST', body, headers: { origin: 'chrome-extension://abc' } });
  expect((await listed()).body.rejections[0]).toMatchObject({ count: 2, origin: null });
});

test('orders that are dropped stay in sight when a page that the key does not name sends some too', async () => {
  const narrow = keyRecord(OTHER_BROWSER.key, 'browser', { origins: ['https://shop.example'] });
  collector = await startCollector({ keys: [narrow] });
  const order = { event: 'Order Completed', userId: 'u', properties: { revenue: 9.99 } };
  const body = JSON.stringify({ writeKey: narrow.key, ...order });
  for (const origin of ['https://shop.example', 'https://other.example'])
    await fetch(`${collector.url}/v1/track`, { method: 'POST', body, headers: { origin } });
  const { rejections } = (await listed()).body;
  expect(rejections.map(({ reason, keyId }) => [reason, keyId])).toEqual([
    ['forbidden', narrow.id],
    ['forbidden', narrow.id],
  ]);
  expect(rejections[0]?.message).toBe('the key must be used from one of its origins');
  expect(rejections[1]).toMatchObject({
    message: expect.stringContaining('properties.revenue, which is money, must come with'),
    sample: { event: 'Order Completed' },
  });
});

test('a key that may read is needed', async () => {
  collector = await startCollector();
  expect(await listed(WRITE_KEY)).toMatchObject({
    status: 403,
    body: { code: 'forbidden', detail: 'the key must have the scope "read" (got one with the scope "write", tw_…)' },
  });
  expect(await listed('unknown')).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
});

test('what is to be sent again does not count as a rejection', async () => {
  collector = await startCollector({ gate: { maxEvents: 0 } });
  expect((await collector.post('/v1/events', { type: 't', userId: 'u' })).status).toBe(429);
  expect((await listed()).body.rejections).toEqual([]);
});

describe('law 7: what is kept is bounded', () => {
  test('in rows: of many keys those that were rejected last', () => {
    const { note, list } = createRejections(() => NOW);
    for (let i = 0; i < 2_000; i++) note('forbidden', `k${i}`, { count: 1, rule: 'm' });
    const { rejections } = list();
    expect([rejections.length, rejections[0]?.keyId, rejections.at(-1)?.keyId]).toEqual([500, 'k1999', 'k1500']);
  });

  test('in messages: of one key the last ones, and none of another key', () => {
    const { note, list } = createRejections(() => NOW);
    note('forbidden', 'other', { count: 1, rule: 'm' });
    for (let i = 0; i < 100; i++) note('forbidden', 'k', { count: 1, rule: `m${i}` });
    const { rejections } = list();
    expect(rejections.map(({ message }) => message)).toEqual([...Array.from({ length: 8 }, (_, i) => `m${99 - i}`), 'm']);
    note('invalid_field', 'k', { count: 1, rule: 'of another reason' });
    expect(list().rejections).toHaveLength(10);
  });

  test('in bytes, whatever the event holds; and nothing of a value is shown', () => {
    const secret = 'q7SECRETq7';
    const text = fc.oneof(fc.string(), fc.constantFrom(secret, `${secret}@x.de`, `${secret} `.repeat(40), '+49 170 1234567'));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 6 },
        text,
        fc.double(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (item) => {
        const shown = JSON.stringify(sampleOf({ userId: item, properties: item, event: `${secret}1`, [`${secret}@x`]: item }));
        expect(shown).not.toMatch(/SECRET|1234567/);
        expect(shown.length).toBeLessThan(8_192);
      }),
    );
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i % 100}x${'y'.repeat(i % 50)}`, secret]));
    expect(JSON.stringify(sampleOf(wide)).length).toBeLessThan(8_192);
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`) as unknown;
    expect(JSON.stringify(sampleOf(deep)).length).toBeLessThan(200);
    const first = sampleOf([[['x'], 'y']]);
    expect(first).toEqual([[['string(1)', '1 in all'], '2 in all'], '1 in all']);
  });

  test('a rule has nothing of the value, whatever its words are', () => {
    const got = 'anna@shop.example (got "SECRET"): 4917012345';
    const refusal = invalid('invalid_field', { field: 'type', must: 'be one of track, page', got, fix: 'Ask SECRET' });
    expect(refusal.message).toBe(`type must be one of track, page (got ${got}). Ask SECRET.`);
    expect(ruleText(refusal)).toBe('type must be one of track, page');
  });

  test('a place in an event is named by names of fields that read like one', () => {
    const saidOf = (value: unknown) => {
      const bad = validateProperties(value, 'event', -1);
      return bad === undefined ? '' : ruleText(bad);
    };
    const name = 'Dr. Anna SECRET has it';
    const bads = [
      { constructor: 1 },
      2 ** 60,
      Number.POSITIVE_INFINITY,
      '\ud800',
      { '\ud800': 1 },
      JSON.parse('['.repeat(9) + ']'.repeat(9)) as unknown,
    ];
    for (const bad of bads)
      for (const field of [
        name,
        `${name} reads as SECRET`,
        `${name} got: SECRET`,
        `SECRET.${name}.SECRET`,
        'SECRET.x@shop.example',
        `SECRET ${'x'.repeat(90)}`,
        `${'x '.repeat(300)}SECRET`,
      ])
        for (const at of [{ [field]: bad }, { a: { [field]: bad } }, { list: [{ [field]: bad }] }, { [field]: { anna: bad } }])
          expect(saidOf({ properties: at }), field).toMatch(
            /^event\.properties(?:\.a|\.list\[0\])?\.\(field\) must (?:(?!SECRET|anna).)+$/,
          );
    expect(saidOf({ properties: { items: [{ price: 2 ** 60 }] } })).toBe(
      'event.properties.items[0].price must be an integer below 2^53, as readers of JSON take larger ones for others',
    );
  });

  test('in work and in memory, however long a name is and however many there are', () => {
    const msOf = (act: () => unknown) => {
      const times = Array.from({ length: 5 }, () => {
        const beganMs = performance.now();
        for (let i = 0; i < 50; i++) act();
        return performance.now() - beganMs;
      });
      return Math.min(...times);
    };
    const places = [100, 50_000].map((times) => ['event', 'properties', '"a@b 12345 '.repeat(times)]);
    const [short, long] = places.map((field) => invalid('invalid_field', { field, must: 'be valid Unicode', got: 'x' }));
    const rule = 'event.properties.(field) must be valid Unicode';
    expect([short, long].map((refusal) => refusal && ruleText(refusal))).toEqual([rule, rule]);
    expect(msOf(() => long && ruleText(long)) / msOf(() => short && ruleText(short))).toBeLessThan(20);
    // A text that is a part of another would keep the other in memory: as many rows as there may be would hold 250 MB.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { note, list } = createRejections(() => NOW);
    collect();
    const beforeBytes = process.memoryUsage().heapUsed;
    for (let i = 0; i < 500; i++) {
      const value = JSON.parse(`{"a${i}": "${'ab '.repeat(170_000)}\\ud800"}`) as unknown;
      const bad = validateProperties(value);
      if (bad !== undefined) note('invalid_field', `k${i}`, { count: 1, rule: ruleText(bad) });
    }
    collect();
    expect(list().rejections).toHaveLength(500);
    expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(50_000_000);
  });

  test('no more fields are read than are shown', () => {
    let read = 0;
    const wide = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`f${i}`, 1]));
    for (const field of Object.keys(wide)) Object.defineProperty(wide, field, { enumerable: true, get: () => (read += 1) });
    sampleOf(wide);
    expect(read).toBe(60);
  });
});
