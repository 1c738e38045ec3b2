import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Event } from '@tributary/model/event';
import { validateEvent, validateProperties } from '@tributary/model/reading/validate-event';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ROUTES } from '../src/formats/routes.ts';
import { UNKNOWN_KEY } from '../src/keys/write-key.ts';
import { NO_NAMES } from '../src/names/names.ts';
import { type Delivery, prepare, type Surroundings } from '../src/prepare.ts';
import { BASIC, NO_RATES, NOW, SENDER, type StartedCollector, startCollector } from './start-collector.ts';

let collector: StartedCollector;
let before: number;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});
beforeEach(async () => {
  before = (await collector.events()).length;
});

async function added(): Promise<Event[]> {
  const events = await collector.events();
  return events.length === before ? [] : events;
}

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const event = (rest: string) => `{"type":"t","userId":"u","id":"bad",${rest}}`;
const zipped = gzipSync('{"type":"t","userId":"u"}');

describe('a body that is refused whole: a code, a fix, nothing written, no crash', () => {
  const bodies: readonly [string, string | Uint8Array, number, string][] = [
    ['an empty body', '', 400, 'invalid_json'],
    ['blanks', ' \n\t ', 400, 'invalid_json'],
    ['half an object', '{"type":"t"', 400, 'invalid_json'],
    ['a pretty-printed half', '{\n"type": "t",\n', 400, 'invalid_json'],
    ['NaN', '{"type":"t","userId":"u","value":NaN}', 400, 'invalid_json'],
    ['a trailing comma', '[{"type":"t","userId":"u"},]', 400, 'invalid_json'],
    ['a raw newline in a string', '{"type":"t\n","userId":"u"}', 400, 'invalid_json'],
    ['a form', 'type=t&userId=u', 400, 'invalid_json'],
    ['a string', '"t"', 400, 'invalid_json'],
    ['null', 'null', 400, 'invalid_json'],
    ['a number', '9007199254740993', 400, 'invalid_json'],
    ['an empty array', '[]', 400, 'empty_batch'],
    ['an empty batch', '{"batch":[]}', 400, 'empty_batch'],
    ['a batch that is not an array', '{"batch":{"length":1}}', 400, 'missing_field'],
    ['too many events', JSON.stringify(new Array(2_501).fill({ type: 't', userId: 'u' })), 413, 'body_too_large'],
    ['more than 5 MB', 'x'.repeat(5 * 1024 * 1024 + 1), 413, 'body_too_large'],
    ['2 MB of opened brackets', '['.repeat(2_000_000), 400, 'invalid_json'],
    ['a gzip stream cut off', zipped.subarray(0, zipped.length - 9), 400, 'invalid_gzip'],
    ['a gzip stream with a wrong checksum', Buffer.from(zipped).fill(0xff, zipped.length - 8), 400, 'invalid_gzip'],
    ['only the magic bytes of gzip', Buffer.from([0x1f, 0x8b]), 400, 'invalid_gzip'],
    ['gzip within gzip', gzipSync(zipped), 400, 'invalid_json'],
    ['UTF-16', Buffer.from('{"type":"t"}', 'utf16le'), 400, 'invalid_json'],
    ['random bytes', Buffer.from([0, 255, 254, 1, 128]), 400, 'invalid_json'],
    ['a poisoned context of the batch', '{"batch":[{}],"context":{"a":{"__proto__":1}}}', 400, 'forbidden_key'],
    ['a huge context of the batch', JSON.stringify({ batch: [{}], context: { a: 'x'.repeat(40_000) } }), 400, 'invalid_field'],
  ];
  test.each(bodies)('%s', async (_, body, status, code) => {
    const posted = await collector.post('/v1/events', body);
    expect(posted.status).toBe(status);
    expect(posted.headers.get('content-type')).toContain('application/problem+json');
    expect(posted.body).toMatchObject({ type: `urn:tributary:error:${code}`, title: expect.any(String), status, code });
    expect(posted.body['detail']).toMatch(/\S{3}/);
    expect(posted.body['message']).toBe(posted.body['detail']);
    expect(posted.body['fix']).toMatch(/\S{3}/);
    expect(await added()).toEqual([]);
  });

  test('nesting beyond every stack, wherever a message would show it', async () => {
    const nested = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
    for (const [path, body] of [
      ['/v1/track', nested],
      ['/v1/batch', nested],
      ['/v1/batch', `{"batch":{"a":${nested}}}`],
      ['/v1/batch', `{"batch":[{}],"context":${nested}}`],
    ] as const)
      expect((await collector.post(path, body)).status).toBe(400);
    expect(await added()).toEqual([]);
  });

  test('a body announced as larger than allowed is refused, and the answer reaches the client', async () => {
    const { status, body } = await collector.post('/v1/events', new Uint8Array(7 * 1024 * 1024));
    expect([status, body['code']]).toEqual([413, 'body_too_large']);
  });

  test('a body without an announced length is cut at the limit', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    await collector.post('/v1/events', endless).then(
      ({ status }) => expect(status).toBe(413),
      () => {}, // cut off while sending: as good
    );
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

test('a name holds no control that terminals obey, no separator and no turn of direction', async () => {
  const codes = [0x80, 0x85, 0x9b, 0x9f, 0x2028, 0x202e, 0x2066, 0xfeff];
  const named = codes.map((code) => ({ type: 't', userId: 'u', campaign: `a${String.fromCharCode(code)}[2J` }));
  const { body } = await collector.post('/v1/events', [...named, { type: 't', userId: '\u202eu' }]);
  expect([body['accepted'], new Set(body.rejected.map(({ code }) => code))]).toEqual([0, new Set(['invalid_field'])]);
  expect(body.rejected[2]?.['message']).toBe('campaign must hold no invisible control character (got U+009B)');
  const text = { type: 't', userId: 'عل\u200fی', campaign: 'می\u200cخواهم', properties: { note: '\u009b' } };
  expect((await collector.post('/v1/events', text)).body['accepted']).toBe(1);
});

describe('a gzip bomb', () => {
  test('of 1 GB in 1 MB is cut at the limit, without inflating it whole', async () => {
    const member = gzipSync(Buffer.alloc(10 * 1024 * 1024));
    const bomb = Buffer.concat(new Array(100).fill(member));
    expect(bomb.length).toBeLessThan(1.2 * 1024 * 1024);
    const rssBefore = process.memoryUsage.rss();
    const spent = process.cpuUsage();
    const answers = await Promise.all(Array.from({ length: 10 }, () => collector.post('/v1/events', bomb)));
    const { user, system } = process.cpuUsage(spent);
    expect(answers.map(({ status }) => status)).toEqual(new Array(10).fill(413));
    expect((user + system) / 1_000).toBeLessThan(5_000); // ms of the processor: 10 GB take ten times as long
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(300 * 1024 * 1024);
  });
  test('of one stream, 1000 : 1', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
    expect((await collector.post('/v1/events', bomb)).body['code']).toBe('body_too_large');
  });
});

describe('an item that is rejected alone: a code, and both its neighbours kept', () => {
  const items: readonly [string, string, string][] = [
    ['null', 'null', 'invalid_json'],
    ['a string', '"t"', 'invalid_json'],
    ['an array', '[[]]', 'invalid_json'],
    ['an array of 100 000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'invalid_json'],
    ['an empty object', '{}', 'missing_field'],
    ['a type of the wrong type', '{"type":7,"userId":"u"}', 'invalid_field'],
    ['no user', '{"type":"t"}', 'missing_user'],
    ['a user of the wrong type', '{"type":"t","userId":{"$ne":1}}', 'invalid_field'],
    ['a user key of 257 characters', `{"type":"t","userId":"${'u'.repeat(257)}"}`, 'invalid_field'],
    ['a control character in the user key', '{"type":"t","userId":"a\\u0000b"}', 'invalid_field'],
    ['a newline in the type', '{"type":"t\\nt","userId":"u"}', 'invalid_field'],
    ['__proto__ on top', event('"__proto__":{"historical":true}'), 'forbidden_key'],
    ['__proto__, escaped', event('"\\u005f_proto__":{}'), 'forbidden_key'],
    ['__proto__ as properties of properties', event('"properties":{"__proto__":{"a":1}}'), 'forbidden_key'],
    ['constructor, deep inside', event('"properties":{"a":[{"b":{"constructor":{"prototype":1}}}]}'), 'forbidden_key'],
    ['a type of the platform', '{"type":"tributary.put","userId":"u","id":"bad"}', 'invalid_field'],
    ['a lone surrogate', event('"properties":{"a":"\\ud800"}'), 'invalid_field'],
    ['a lone surrogate in a key', event('"properties":{"\\udfff":1}'), 'invalid_field'],
    ['a lone surrogate in the user key', '{"type":"t","userId":"\\ud83d"}', 'invalid_field'],
    ['2^53 + 1', event('"properties":{"n":9007199254740993}'), 'invalid_field'],
    ['2^53 + 1 as an amount', event('"value":9007199254740993'), 'invalid_field'],
    ['1e999', event('"properties":{"n":1e999}'), 'invalid_field'],
    ['a fraction of a minor unit', event('"value":19.99'), 'invalid_field'],
    ['a negative cost', event('"cost":-1'), 'invalid_field'],
    ['a string of 1 MB', event(`"properties":{"s":"${'x'.repeat(1_000_000)}"}`), 'event_too_large'],
    ['33 KB in two-byte characters', event(`"properties":{"s":"${'ä'.repeat(17_000)}"}`), 'event_too_large'],
    ['a type of 1 MB', `{"type":"${'x'.repeat(1_000_000)}","userId":"u"}`, 'invalid_field'],
    ['9 levels', event(`"properties":${deep(9)}`), 'too_deep'],
    ['100 000 levels', event(`"properties":${deep(100_000)}`), 'too_deep'],
    ['100 000 levels of arrays', event(`"properties":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'too_deep'],
    ['properties that are an array', event('"properties":[1]'), 'invalid_field'],
    ['a time before 1970', event('"ts":-1'), 'invalid_field'],
    ['a fractional time', event('"ts":1.5'), 'invalid_field'],
    ['a time in the year 10000', event('"ts":253402300800000'), 'invalid_field'],
    ['a time 25 h ahead', event(`"ts":${NOW + 25 * 3_600_000}`), 'ts_in_future'],
    ['a foreign field', event('"receivedAt":1'), 'invalid_field'],
    ['history that is none', event('"historical":"yes"'), 'invalid_field'],
    ['a currency that is none', event('"currency":"euro"'), 'invalid_field'],
  ];
  const good = (id: string) => `{"type":"t","userId":"u","id":"${id}"}`;
  test.each(items)('%s', async (_, item, code) => {
    const { status, body, headers } = await collector.post('/v1/events', `[${good('left')},${item},${good('right')}]`);
    expect([status, body['accepted'], headers.get('x-rejected-events')]).toEqual([200, 2, '1']);
    expect(body.rejected).toMatchObject([{ index: 1, code }]);
    const message = body.rejected[0]?.['message'];
    expect(message).toMatch(/\S{3}/);
    expect(String(message).length).toBeLessThan(400);
    expect((await collector.events()).slice(-2).map(({ id }) => id)).toEqual(['left', 'right']);
  });

  test('8 levels and 32 KB are taken', async () => {
    const body = `[${event(`"properties":${deep(8)}`)},${event(`"properties":{"s":"${'x'.repeat(32_500)}"}`)}]`;
    expect((await collector.post('/v1/events', body)).body).toMatchObject({ accepted: 2, rejected: [] });
  });

  test('bytes that are not UTF-8 reject their event, not its neighbours', async () => {
    const surrogate = Buffer.from([0xed, 0xa0, 0x80]); // U+D800 as raw bytes
    const body = Buffer.concat([
      Buffer.from(`[${good('left')},{"type":"t`),
      surrogate,
      Buffer.from(`","userId":"u"},${good('right')}]`),
    ]);
    const posted = await collector.post('/v1/events', body);
    expect(posted.body).toMatchObject({ accepted: 2, rejected: [{ index: 1, code: 'invalid_json' }] });
  });

  test('law 6: properties nest 8 levels where they are stored, whatever part of a call they come from: what both layers would park is refused', async () => {
    const call = (levels: number, part: string) =>
      `{"event":"t","userId":"u","distinct_id":"u","type":"track","${part}":${deep(levels)}}`;
    for (const part of ['$set', '$set_once', 'name', 'category', 'groupId', 'previousId'])
      for (const levels of [7, 8]) {
        const route = part.startsWith('$') ? '/capture' : '/v1/track';
        const { body } = await collector.post(route, call(levels, part));
        const code = JSON.stringify(body).includes('too_deep') ? 'too_deep' : undefined;
        expect([part, levels, code]).toEqual([part, levels, levels === 7 ? undefined : 'too_deep']);
      }
    for (const { properties = {} } of await added()) expect(validateProperties(properties)).toBeUndefined();
    expect(await added()).toHaveLength(before + 6);
  });

  test('law 6: bytes that are not UTF-8 in what the items of a batch share reject all of them', async () => {
    const item = '{"type":"track","event":"t","userId":"u"}';
    const body = Buffer.concat([
      Buffer.from('{"context":{"campaign":{"source":"news","medium":"email","name":"f'),
      Buffer.from([0xff]),
      Buffer.from(`"}},"batch":[${item},${item}]}`),
    ]);
    expect(JSON.stringify((await collector.post('/v1/batch', body)).body)).toContain('must be UTF-8');
    expect(await added()).toEqual([]);
  });

  test('a replacement character that was sent as such is fine', async () => {
    expect((await collector.post('/v1/events', event('"properties":{"a":"\ufffd"}'))).body['accepted']).toBe(1);
  });

  test('a bad line of NDJSON', async () => {
    const { body } = await collector.post('/v1/events', `${good('left')}\n{"type":\n\n${good('right')}\n`);
    expect(body).toMatchObject({ accepted: 2, rejected: [{ index: 1, code: 'invalid_json' }] });
  });

  test('of duplicate keys the last counts, and only it is written', async () => {
    await collector.post('/v1/events', '{"type":"t","userId":"first","userId":"last","id":"d","properties":{"a":1,"a":2}}');
    const events = await collector.events();
    expect(events.find(({ id }) => id === 'd')).toMatchObject({ userId: 'last', properties: { a: 2 } });
  });
});

describe('labels do not matter, bytes do', () => {
  const types = [
    'application/json',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json\t; charset=utf-16',
    'application/json;',
    ';;;',
    'nonsense',
    '/',
    `a/${'b'.repeat(5_000)}`,
    'application/octet-stream, application/json',
    'text/html; charset="',
  ];
  test.each(types)('content type %s', async (type) => {
    const { status, body } = await collector.post('/v1/events', '{"type":"t","userId":"u"}', { 'content-type': type });
    expect([status, body['accepted']]).toEqual([200, 1]);
  });
  test('gzip labelled as something else, plain text labelled as gzip', async () => {
    const body = '{"type":"t","userId":"u"}';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await collector.post('/v1/events', gzipSync(body), form)).body['accepted']).toBe(1);
    expect((await collector.post('/v1/events', body, { 'content-encoding': 'gzip' })).body['accepted']).toBe(1);
    expect((await collector.post('/v1/events', `\ufeff${body}`)).body['accepted']).toBe(1);
  });
});

test('a client that goes away in the middle of its body leaves nothing behind', async () => {
  const options = { method: 'POST', headers: { authorization: BASIC, 'content-length': '100000' } };
  const sending = request(`${collector.url}/v1/events`, options);
  sending.on('error', () => {});
  sending.write('x'.repeat(50_000));
  await expect.poll(() => collector.gate.bytes).toBeGreaterThan(50_000);
  sending.destroy();
  await expect.poll(() => collector.gate.bytes).toBe(0);
});

const surroundings: Surroundings = {
  limits: {
    bodyBytes: 1 << 20,
    publicBodyBytes: 512 * 1024,
    bodyMs: 30_000,
    keylessBodyMs: 3_000,
    eventAgeMs: Number.MAX_SAFE_INTEGER,
    publicEventAgeMs: Number.MAX_SAFE_INTEGER,
    keylessBodyBytes: 1 << 16,
    batchEvents: 2_500,
  },
  partitions: 16,
  now: () => NOW,
  newId: () => 'generated',
  authorise: () => UNKNOWN_KEY,
  names: NO_NAMES,
  rates: NO_RATES,
};
const delivery = (path: string, bytes: Buffer): Delivery => ({
  bytes,
  route: ROUTES[path] as Delivery['route'],
  sender: SENDER,
  origin: undefined,
  isCloudEvent: false,
  attributes: undefined,
});

function linesOf(path: string, bytes: Buffer): string[] {
  const prepared = prepare(delivery(path, bytes), surroundings);
  return prepared.ok ? prepared.value.entries.flatMap(({ body }) => body.split('\n')) : [];
}

function expectValid(line: string): void {
  const value = JSON.parse(line) as { properties?: unknown };
  expect(validateEvent(value).ok).toBe(true);
  expect(validateProperties(value.properties)).toBeUndefined();
  expect(Object.getPrototypeOf(value.properties ?? {})).toBe(Object.prototype);
}

const FIELD = fc.constantFrom(
  ...'type event userId anonymousId messageId id ts timestamp sentAt originalTimestamp context page url referrer search campaign name source'.split(
    ' ',
  ),
  ...'medium library properties traits revenue value cost currency channel historical specversion data time partitionkey writeKey'.split(
    ' ',
  ),
  ...'__proto__ constructor prototype toString distinct_id uuid previousId groupId element creative'.split(' '),
);

/** Values that like to break things, in places where events have fields. */
const wild = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      null,
      '',
      '\ud800',
      -1,
      1e308,
      2 ** 53,
      -0,
      1e-300,
      true,
      'x'.repeat(600),
      '2026-11-21T10:00:00Z',
      NOW,
      '19.99',
      'EUR',
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(FIELD, fc.string({ maxLength: 5 })), tie('value'), { maxKeys: 4 }),
  ),
}));
const wildItem = fc.dictionary(FIELD, wild.value, { maxKeys: 8 });
const paths = fc.constantFrom(...Object.keys(ROUTES));

describe('whatever comes', () => {
  test('only valid events are written, and valid neighbours always', () => {
    const good = { type: 'track', event: 'e', userId: 'neighbour', messageId: 'good', timestamp: NOW };
    fc.assert(
      fc.property(fc.array(fc.oneof(wildItem, wild.value), { maxLength: 5 }), fc.nat(5), (items, at) => {
        const batch = items.toSpliced(Math.min(at, items.length), 0, good);
        const lines = linesOf('/v1/batch', Buffer.from(JSON.stringify({ batch })));
        for (const line of lines) expectValid(line);
        expect(lines.filter((line) => line.includes('"userId":"neighbour"'))).toHaveLength(1);
      }),
      { numRuns: 1_000 },
    );
  });

  test('every route reads any object without a throw', () => {
    fc.assert(
      fc.property(paths, wildItem, fc.boolean(), (path, item, inBatch) => {
        const body = inBatch ? { batch: [item], context: item['context'], sentAt: item['sentAt'] } : item;
        for (const line of linesOf(path, Buffer.from(JSON.stringify(body)))) expectValid(line);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a valid body with bytes overwritten, cut out or put in never throws', () => {
    const body = Buffer.from(
      JSON.stringify({
        batch: [{ type: 'track', event: 'é', userId: 'u', timestamp: NOW, properties: { revenue: 1.5, a: [1, '\u{1f600}'] } }],
      }),
    );
    const bodies = fc.constantFrom(body, gzipSync(body));
    const wound = fc.tuple(fc.nat(), fc.nat(4), fc.uint8Array({ maxLength: 4 }));
    fc.assert(
      fc.property(bodies, fc.array(wound, { minLength: 1, maxLength: 3 }), (bytes, wounds) => {
        let broken = bytes;
        for (const [at, cut, put] of wounds) {
          const start = at % (broken.length + 1);
          broken = Buffer.concat([broken.subarray(0, start), put, broken.subarray(start + cut)]);
        }
        for (const line of linesOf('/v1/batch', broken)) expectValid(line);
      }),
      { numRuns: 3_000 },
    );
  });
});
