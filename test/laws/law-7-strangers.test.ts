/** What somebody without a key can cost: little to parse, little to hold, and not for long. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createMemoryLog } from '@tributary/testkit/memory/memory-log';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createChunks } from '../../services/collector/src/bodies/chunks.ts';
import { ofForm } from '../../services/collector/src/bodies/decode-body.ts';
import { NATIVE, type Route, routeNamed } from '../../services/collector/src/formats/routes.ts';
import { UNKNOWN_KEY } from '../../services/collector/src/keys/write-key.ts';
import { NO_NAMES } from '../../services/collector/src/names/names.ts';
import { prepare, type Surroundings } from '../../services/collector/src/prepare.ts';
import {
  BROWSER,
  keyRecord,
  NO_RATES,
  NOW,
  OTHER_BROWSER,
  SENDER,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from '../../services/collector/test/start-collector.ts';

let collector: StartedCollector;
const sockets: Socket[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const socket of sockets.splice(0)) socket.destroy();
  await collector?.stop();
});

/** How often the parser is asked, and what comes of it. */
function parsedOf(bytes: Buffer, sender?: typeof SENDER, around = AROUND) {
  const parse = vi.spyOn(JSON, 'parse');
  const outcome = prepare(
    { bytes, route: NATIVE, sender, origin: undefined, isCloudEvent: false, attributes: undefined },
    around,
  );
  const calls = parse.mock.calls.length;
  vi.restoreAllMocks();
  return [calls, outcome.ok ? outcome.value.rejected.length : outcome.code];
}

const AROUND: Surroundings = {
  limits: {
    bodyBytes: 5_000_000,
    publicBodyBytes: 512 * 1024,
    bodyMs: 30_000,
    keylessBodyBytes: 65_536,
    keylessBodyMs: 3_000,
    eventAgeMs: Number.MAX_SAFE_INTEGER,
    publicEventAgeMs: Number.MAX_SAFE_INTEGER,
    batchEvents: 2_500,
  },
  partitions: 4,
  now: () => NOW,
  newId: () => 'id',
  authorise: () => UNKNOWN_KEY,
  names: NO_NAMES,
  rates: NO_RATES,
};

describe('law 7: the work of a request is bounded before it is parsed', () => {
  const lines = gzipSync(`{}\n${'{x}\n'.repeat(16_000)}`);

  test('a body whose key is not known is not parsed at all', () => {
    expect(parsedOf(lines)).toEqual([0, 'invalid_write_key']);
    expect(parsedOf(Buffer.from(`{"writeKey":"tw_nobody","batch":[${'[],'.repeat(10_000)}0]}`))).toEqual([
      0,
      'invalid_write_key',
    ]);
  });

  test('the key of a body is found wherever it stands, and only on its top it counts', async () => {
    collector = await startCollector();
    const post = async (body: string) => (await fetch(`${collector.url}/v1/batch`, { method: 'POST', body })).status;
    const event = '{"type":"track","event":"e","userId":"u","properties":{"writeKey":"another"}}';
    expect(await post(`{"batch":[${event}],"writeKey" : "${WRITE_KEY}"}`)).toBe(200);
    expect(await post(`{"batch":[{"type":"track","event":"e","userId":"u","writeKey":"${WRITE_KEY}"}]}`)).toBe(401);
  });

  test('more lines than events are allowed are neither parsed nor reported one by one', () => {
    const [calls, code] = parsedOf(lines, SENDER);
    expect(code).toBe('body_too_large');
    expect(calls).toBeLessThanOrEqual(2);
  });

  test('a form is decoded before its key is known: as cheaply as a text is replaced', () => {
    const text = `data=${'%2b'.repeat(200_000)}`;
    const bytes = Buffer.from(text);
    const msOf = (act: () => unknown) => {
      const beganMs = performance.now();
      act();
      return performance.now() - beganMs;
    };
    // The least of many: a machine that is busy, or has not compiled the one or the other yet, makes a run slower, never faster.
    const rounds = Array.from(
      { length: 60 },
      () => [msOf(() => ofForm(bytes)), msOf(() => text.replaceAll('%2b', '+'))] as const,
    );
    const [decoding, replacing] = [0, 1].map((i) => Math.min(...rounds.map((round) => round[i] as number))) as [number, number];
    expect(ofForm(Buffer.from('data=%2b%2F%3d&x')).toString('base64')).toBe('+w==');
    expect(decoding / replacing).toBeLessThan(3);
  });

  test('a gzip body inflates to a bounded multiple of what was sent', async () => {
    collector = await startCollector();
    const bomb = gzipSync(`[${'[],'.repeat(1_600_000)}0]`);
    expect(bomb.length).toBeLessThan(6_000);
    const { status, body } = await collector.post('/v1/events', bomb);
    expect([status, body['code']]).toEqual([413, 'body_too_large']);
    const [, most] = /must inflate within its bound \(got more than (\d+) bytes from \d+\)/.exec(String(body['detail'])) ?? [];
    expect(Number(most)).toBe(400 * bomb.length);
  });
});

describe('law 7: few bytes with a key that anybody may have cost little', () => {
  /** How many queries of URLs are parsed, and what comes of the batch. */
  function queriesOf(body: object) {
    const parsed = vi.spyOn(globalThis, 'URLSearchParams');
    const route = routeNamed('batch') as Route;
    const bytes = gzipSync(JSON.stringify(body));
    const delivery = { bytes, route, sender: SENDER, origin: undefined, isCloudEvent: false, attributes: undefined };
    const outcome = prepare(delivery, AROUND);
    return [parsed.mock.calls.length, outcome.ok ? outcome.value.accepted : outcome.code];
  }

  test('a page that all events of a batch share is read once', () => {
    const context = { page: { url: `https://a.example/?utm_source=news&${'a=&'.repeat(100)}` } };
    const batch = Array.from({ length: 2_500 }, (_, i) => ({ type: 'page', anonymousId: `a${i}` }));
    expect(queriesOf({ context, batch })).toEqual([1, 2_500]);
  });

  test('a page that each event changes a part of counts once an event, and too many of them are not read at all', () => {
    const context = { page: { search: `?${'a=&'.repeat(2_000)}` } };
    const batch = Array.from({ length: 2_500 }, (_, i) => ({
      type: 'page',
      anonymousId: 'a',
      properties: { url: `https://a/${i}` },
    }));
    expect(queriesOf({ context, batch })).toEqual([0, 'body_too_large']);
    expect(queriesOf({ context, batch: batch.slice(0, 100) })).toEqual([100, 100]);
  });

  test('the rate is charged for what was sent, checks included, before anything is read; beyond it nothing is parsed', async () => {
    const key = keyRecord(BROWSER.key, 'browser', { eventsPerSecond: 1 });
    collector = await startCollector({ keys: [key] });
    const post = async (path: string, body: object) =>
      (await collector.post(path, body, { authorization: `Bearer ${key.key}` })).status;
    expect(await post('/v1/validate', new Array(9).fill({}))).toBe(200);
    expect(await post('/v1/events', new Array(9).fill({}))).toBe(200);
    expect(await post('/v1/validate', [{}])).toBe(429);
    const rates = { hasLeft: () => false, charge: () => {} };
    expect(parsedOf(Buffer.from('[{}]'), SENDER, { ...AROUND, rates })).toEqual([0, 'overloaded']);
  });
});

describe('law 7: answers that no client reads are bounded', () => {
  /** Sends it over a connection of its own; resolves once that is closed. */
  function send(text: string | Buffer): Promise<unknown> {
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
    sockets.push(socket.on('error', () => {}));
    socket.write(text);
    return new Promise((resolve) => socket.resume().on('close', resolve));
  }
  /** As if the kernel had no room: nothing that is answered leaves the process. */
  const block = (socket: Socket) => void Object.assign(socket, { _write() {}, _writev() {} });
  /** How many requests were handled, those for metrics apart. */
  async function handled(): Promise<number> {
    const text = await (await fetch(`${collector.url}/metrics`)).text();
    const counts = text.matchAll(/^tributary_collector_request_seconds_count{route="(?!\/metrics).* (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  test('hundreds of requests whose answers are not taken: eight are served, and the connection is closed', async () => {
    collector = await startCollector();
    collector.server.server.on('connection', block);
    const body = gzipSync(JSON.stringify(new Array(2_500).fill(0)));
    const head = `POST /v1/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${WRITE_KEY}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const one = Buffer.concat([Buffer.from(head), body]);
    await send(Buffer.concat(new Array<Buffer>(300).fill(one)));
    collector.server.server.off('connection', block);
    expect(await handled()).toBeLessThanOrEqual(8);
  });

  test('thousands of requests in one packet, without a key, are not served either', async () => {
    collector = await startCollector();
    await send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1_800));
    expect(await handled()).toBeLessThanOrEqual(8);
  });

  test('few bytes get a short answer: a hundred rejections are listed, the others are a number', async () => {
    collector = await startCollector();
    const body = gzipSync(JSON.stringify(new Array(2_500).fill(0)));
    for (const strict of ['0', '1']) {
      const answer = await collector.post('/v1/validate', body, { 'x-strict-mode': strict });
      expect(answer.headers.get('x-rejected-events')).toBe('2500');
      expect([answer.body.rejected.length, answer.body['rejectedMore']]).toEqual([100, 2_400]);
      expect(JSON.stringify(answer.body).length).toBeLessThan(16_000);
    }
  });

  test('an answer that is not taken in time is broken off, and beyond the budget the oldest are', async () => {
    collector = await startCollector({ waiting: { takeMs: 2_000, maxBytes: 20_000 } });
    collector.server.server.on('connection', block);
    const order: number[] = [];
    const closed: Promise<unknown>[] = [];
    const beganMs = performance.now();
    for (let i = 0; i < 6; i++) {
      const taken = once(collector.server.server, 'request');
      closed.push(send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n').then(() => order.push(i)));
      await taken;
    }
    await Promise.any(closed);
    expect(performance.now() - beganMs).toBeLessThan(2_000);
    await Promise.all(closed);
    expect(order.slice(0, 2)).toEqual([0, 1]);
    collector.server.server.off('connection', block);
    expect((await fetch(`${collector.url}/livez`)).status).toBe(200);
  });
});

describe('law 7: the rate of a key is charged for what was inflated, also where the request is refused', () => {
  const key = keyRecord(BROWSER.key, 'browser', { eventsPerSecond: 10 });
  const bodies: Readonly<Record<string, [number, string | Buffer]>> = {
    'too many events': [413, gzipSync(`[${'{},'.repeat(174_000)}{}]`)],
    'no JSON': [400, gzipSync(`[${'{},'.repeat(170_000)}`)],
    'too many lines': [413, gzipSync(`{}\n${'{x}\n'.repeat(120_000)}`)],
    'one event of much text': [200, gzipSync(JSON.stringify({ type: 't', userId: 'u', x: 'x'.repeat(500_000) }))],
    'gzip that grows too much': [413, gzipSync('x'.repeat(600_000))],
    'gzip that is broken': [400, gzipSync(`[${'{},'.repeat(170_000)}{}]`).subarray(0, -20)],
  };

  for (const [what, [status, body]] of Object.entries(bodies))
    test(what, async () => {
      collector = await startCollector({ keys: [key] });
      const post = async () => (await collector.post('/v1/validate', body, { authorization: `Bearer ${key.key}` })).status;
      expect([await post(), await post()]).toEqual([status, 429]);
    });

  test('also where the key stands in the body: beyond its rate nothing is parsed', async () => {
    collector = await startCollector({ keys: [key] });
    const post = async (body: string) => (await fetch(`${collector.url}/v1/track`, { method: 'POST', body })).status;
    const text = `{"writeKey":"${key.key}","a":${'['.repeat(500_000)}`;
    expect(await post(text)).toBe(400);
    const parse = vi.spyOn(JSON, 'parse');
    expect(await post(text)).toBe(429);
    expect(parse).not.toHaveBeenCalled();
  });

  test('each key that a body names is charged, the one that counts too', async () => {
    const other = keyRecord(OTHER_BROWSER.key, 'browser', { eventsPerSecond: 1 });
    collector = await startCollector({ keys: [key, other] });
    const batch = `[${'{},'.repeat(49)}{}]`;
    const body = `{"context":{"app":{"writeKey":"${key.key}"}},"writeKey":"${other.key}","batch":${batch}}`;
    const post = async (text: string) => (await fetch(`${collector.url}/v1/batch`, { method: 'POST', body: text })).status;
    expect([await post(body), await post(body)]).toEqual([200, 429]);
    expect(await post(`{"writeKey":"${other.key}","batch":[{}]}`)).toBe(429);
  });

  test('a batch of ordinary events is charged by their number', () => {
    let charged = 0;
    const rates = { hasLeft: () => true, charge: (_grant: unknown, events: number) => void (charged += events) };
    const text = 'x'.repeat(1_500);
    const batch = Array.from({ length: 40 }, (_, i) => ({ type: 't', userId: 'u', id: `${i}`, properties: { text } }));
    parsedOf(Buffer.from(JSON.stringify(batch)), SENDER, { ...AROUND, rates });
    expect(charged).toBe(40);
  });
});

test('law 7: slow bodies with one key leave room for those with another', async () => {
  collector = await startCollector({ keys: [BROWSER], gate: { maxBytes: 1_000_000 }, limits: { bodyMs: 2_000 } });
  const head = `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${BROWSER.key}\r\nContent-Length: 400000\r\n\r\n`;
  const answers = Array.from({ length: 10 }, () => {
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(head + 'x'.repeat(140_000));
    return new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString().slice(9, 12))));
  });
  await expect.poll(() => collector.gate.bytes).toBeGreaterThan(400_000);
  const large = { type: 't', userId: 'u', properties: { x: 'x'.repeat(30_000) } };
  expect((await collector.post('/v1/events', new Array(5).fill(large))).status).toBe(200);
  expect((await Promise.all(answers)).sort().join(' ')).toBe('408 408 408 429 429 429 429 429 429 429');
  expect(collector.gate.bytes).toBe(0);
});

test('law 7: requests whose key stands in the body or the URL have the share of that key, not one for all', async () => {
  const opened = Promise.withResolvers<void>();
  const [busy, quiet] = [BROWSER.key, OTHER_BROWSER.key];
  const log = createMemoryLog({ partitions: 4, turn: () => opened.promise });
  collector = await startCollector({ keys: [BROWSER, OTHER_BROWSER], log, gate: { maxEvents: 64 } });
  const send = (key: string, events = 16) => {
    const batch = new Array(events).fill({ type: 'track', event: 'e', userId: 'u' });
    return fetch(`${collector.url}/v1/batch`, { method: 'POST', body: JSON.stringify({ writeKey: key, batch }) });
  };
  const held = [send(busy), send(busy)];
  await expect.poll(() => collector.gate.events).toBe(32);
  expect((await send(busy)).status).toBe(429);
  const other = send(quiet, 8);
  await expect.poll(() => collector.gate.events).toBe(40);
  const picture = fetch(`${collector.url}/pixel/v1/track?writeKey=${quiet}&event=e&userId=u`);
  const refused = await fetch(`${collector.url}/pixel/v1/track?writeKey=${busy}&event=e&userId=u`);
  expect(refused.status).toBe(429);
  opened.resolve();
  expect((await Promise.all([...held, other, picture])).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect([collector.gate.bytes, collector.gate.events]).toEqual([0, 0]);
});

describe('law 7: slow connections without a key leave room for those with one', () => {
  function open(piece: string): Promise<string> {
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write(`POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n${piece}`);
    return new Promise((resolve) => socket.on('data', (data) => resolve(data.toString())));
  }

  test('they have a share of their own, and a time that is bounded', async () => {
    const limits = { keylessBodyMs: 1_000 };
    collector = await startCollector({ gate: { maxBytes: 100_000 }, keylessGate: { maxBytes: 100_000 }, limits });
    const answers = Array.from({ length: 6 }, () => open('x'.repeat(30_000)));
    await expect.poll(() => collector.keylessGate.bytes).toBeGreaterThan(90_000);
    const keyed = await collector.post('/v1/events', { type: 't', userId: 'u', properties: { x: 'x'.repeat(20_000) } });
    expect(keyed.status).toBe(200);
    const statuses = (await Promise.all(answers)).map((answer) => answer.slice(9, 12)).sort();
    expect(statuses).toEqual(['408', '408', '408', '429', '429', '429']);
    expect([collector.keylessGate.bytes, collector.gate.bytes]).toEqual([0, 0]);
  });

  test('what a sender causes by itself is not a 5xx, not on PostHog’s routes either: proxies would take out healthy collectors', async () => {
    const rated = keyRecord(BROWSER.key, 'browser', { eventsPerSecond: 1 });
    collector = await startCollector({ keys: [rated], limits: { keylessBodyMs: 200 } });
    for (const path of ['/e', '/batch', '/capture', '/i/v0/e']) {
      const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
      sockets.push(socket.on('error', () => {}));
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345678`);
      const answer = await new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())));
      expect(answer).toMatch(/^HTTP\/1.1 408 .*connection: close/is);
    }
    const event = JSON.stringify({ event: 'e', distinct_id: 'u', properties: { token: rated.key, x: 'x'.repeat(30_000) } });
    const post = async () => (await fetch(`${collector.url}/e/`, { method: 'POST', body: event })).status;
    expect([await post(), await post()]).toEqual([200, 429]);
  });

  test('a stranger with a wrong key in the header has no more time', async () => {
    collector = await startCollector({ limits: { keylessBodyMs: 500 } });
    const socket = connect(Number(new URL(collector.url).port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => {});
    socket.write('POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer unknown\r\nContent-Length: 5000000\r\n\r\nx');
    const answer = await new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())));
    expect(answer).toMatch(/^HTTP\/1.1 401 /);
  });

  test('dripped bytes are joined: what is held stays near what was sent', () => {
    const chunks = createChunks();
    let sent = '';
    for (let i = 0; i < 65_536; i++) {
      const size = i % 1_000 === 0 ? 2_000 : 1;
      const piece = String(i % 10).repeat(size);
      sent += piece;
      chunks.add(Buffer.from(piece));
      expect(chunks.heldBytes).toBeLessThanOrEqual(3 * sent.length + 1_024);
    }
    expect(chunks.joined().toString()).toBe(sent);
    chunks.clear();
    expect(chunks.heldBytes).toBeLessThan(1_024);
  });
});
