/** What browser libraries ask for without sending events: to whom it is given, what it costs, and that it repeats nothing. */
import { on, once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { get, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { POSTHOG, SEGMENT } from '../src/clients/scripts.ts';
import { BROWSER, OTHER_BROWSER, SERVER, type StartedCollector, startCollector } from './start-collector.ts';

const SCRIPT = (key: string) => `/analytics.js/v1/${key}/analytics.min.js`;

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector({ keys: [BROWSER, OTHER_BROWSER, SERVER] });
});
afterEach(async () => {
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

const asked = (path: string, init: RequestInit = {}) => fetch(`${collector.url}${path}`, init);

test('settings and scripts are for keys that anybody may have', async () => {
  const paths = (key: string) => [
    `/v1/projects/${key}/settings`,
    SCRIPT(key),
    `/sourceConfig/?p=web&v=3.34.1&writeKey=${key}`,
    `/array/${key}/config`,
    `/array/${key}/config.js`,
    `/array/${key}/array.js`,
  ];
  for (const path of paths(BROWSER.key)) expect([path, (await asked(path)).status]).toEqual([path, 200]);
  for (const key of [SERVER.key, 'tb_unknown', '%3Cscript%3E'])
    for (const path of paths(key)) {
      const answer = await asked(path);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      expect(await answer.text()).not.toMatch(/script>|tb_unknown/);
    }
  const authorization = `Basic ${btoa(`${BROWSER.key}:`)}`;
  expect((await asked('/sourceConfig', { headers: { authorization } })).status).toBe(200);
  const twice = async (writeKey: string) =>
    (await asked(`/sourceConfig?writeKey=${writeKey}`, { headers: { authorization } })).json();
  expect(await twice(BROWSER.key)).toMatchObject({ source: { id: BROWSER.id } });
  expect(await twice(OTHER_BROWSER.key)).toMatchObject({
    status: 401,
    detail: expect.stringContaining('must be the key of the authorization header'),
  });
});

test("Segment's script is the one of the package, zipped for those who can read that, and so are its parts", async () => {
  const zipped = await asked(SCRIPT(BROWSER.key));
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(zipped.headers.get('content-type')).toContain('javascript');
  const plain = await asked(SCRIPT(BROWSER.key), { headers: { 'accept-encoding': 'identity' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  const text = await plain.text();
  expect(await zipped.text()).toBe(text);
  const names = [...text.matchAll(/(\d+):"([0-9a-f]{20})"/g)];
  expect(names.length).toBeGreaterThan(5);
  const kept = async (name: string) => (await asked(`/analytics-next/bundles/${name}`)).headers.get('cache-control');
  const hashed = readdirSync(SEGMENT.folder).find((name) => /\.[0-9a-f]{20}\.js$/.test(name)) as string;
  expect([await kept(hashed), await kept('standalone.js')]).toEqual(['public, max-age=31536000', 'public, max-age=3600']);
  const isZipped = async (accepted: string) => {
    const { headers } = await asked(SCRIPT(BROWSER.key), { headers: { 'accept-encoding': accepted } });
    return headers.get('content-encoding') === 'gzip';
  };
  for (const accepted of ['gzip', 'br, gzip;q=0.5', 'gzip; q=1, *;q=0'])
    expect([accepted, await isZipped(accepted)]).toEqual([accepted, true]);
  for (const refused of ['gzip;q=0', 'br, gzip; q=0.000, x', 'x-gzip-not'])
    expect([refused, await isZipped(refused)]).toEqual([refused, false]);
  for (const name of ['..%2fpackage.json', 'standalone.js.map', 'standalone.js.gz', 'no.js', '__proto__'])
    expect([name, (await asked(`/analytics-next/bundles/${name}`)).status]).toEqual([name, 404]);
});

test("PostHog's script is the one of the package, under both addresses that snippets have, and so are its parts", async () => {
  const plain = readFileSync(join(POSTHOG.folder, 'array.js'), 'utf8');
  for (const path of ['/static/array.js', '/static/array.js?v=1.449.2', `/array/${BROWSER.key}/array.js`]) {
    const zipped = await asked(path);
    expect([path, zipped.status, zipped.headers.get('content-encoding')]).toEqual([path, 200, 'gzip']);
    expect(zipped.headers.get('content-type')).toContain('javascript');
    expect(await zipped.text()).toBe(plain);
    expect(await (await asked(path, { headers: { 'accept-encoding': 'identity' } })).text()).toBe(plain);
  }
  for (const name of ['web-vitals.js', 'loader-bootstrap.js', 'exception-autocapture.js'])
    expect([name, (await asked(`/static/${name}`)).status]).toEqual([name, 200]);
  for (const name of ['module.js', 'main.js', 'array.js.map', '..%2fpackage.json', 'toolbar.js', '__proto__'])
    expect([name, (await asked(`/static/${name}`)).status]).toEqual([name, 404]);
});

test('flags are the same for all, whatever is sent', async () => {
  for (const path of ['/flags/?v=2&config=true', '/decide/?v=3', '/decide']) {
    const answer = await asked(path, { method: 'POST', body: '{"token":"<b>"}' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ flags: {}, featureFlags: {}, sessionRecording: false });
  }
  expect(await collector.events()).toEqual([]);
});

test('law 7: scripts that clients ask for and do not read are counted as other answers are', async () => {
  await collector.stop();
  collector = await startCollector({ keys: [BROWSER], waiting: { maxBytes: 100_000 } });
  const path = SCRIPT(BROWSER.key);
  // More than the budget: the connection that waits longest is broken off, before the kernel has all of the script.
  await expect(
    new Promise((resolve, reject) => {
      get(`${collector.url}${path}`, { headers: { 'accept-encoding': 'identity' } }, (response) =>
        response.resume().on('end', resolve).on('error', reject),
      ).on('error', reject);
    }),
  ).rejects.toThrow();
  expect((await asked(path)).status).toBe(200);
});

/** A connection that sends, and reads nothing until it is resumed. */
function connection(): Socket {
  const socket = connect(Number(new URL(collector.url).port), '127.0.0.1').pause();
  return socket.on('error', () => {});
}

const ask = (socket: Socket, path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);

/** What the collector has read of each connection that has closed. */
function bytesRead(): number[] {
  const closed: number[] = [];
  collector.server.server.on('connection', (socket: Socket) => socket.once('close', () => closed.push(socket.bytesRead)));
  return closed;
}

const MIB = 'x'.repeat(1024 * 1024);

test.each([
  ['of a length', 'Content-Length: 300000000', MIB],
  ['in chunks', 'Transfer-Encoding: chunked', `100000\r\n${MIB}\r\n`],
])('law 7: a body that no route reads is read to a bound: one %s', async (_, length, chunk) => {
  const closed = bytesRead();
  const heads = ['POST /flags/', 'POST /v1/m', 'GET /livez', `GET /array/${BROWSER.key}/config`, 'POST /nowhere'];
  for (const head of heads) {
    const socket = connection().resume();
    const end = new Promise((resolve) => socket.on('close', resolve));
    const text = Readable.from(new Array(64).fill(chunk));
    socket.write(`${head} HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    text.pipe(socket);
    await end;
    text.destroy();
  }
  await expect.poll(() => closed).toHaveLength(heads.length);
  expect(Math.max(...closed)).toBeLessThan(2_000_000);
});

test('a body of ordinary size that no route reads costs no connection', async () => {
  const socket = connection();
  const answers = on(socket.resume(), 'data');
  for (let i = 0; i < 3; i++) {
    socket.write(`POST /flags/ HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n`);
    socket.write('x'.repeat(500_000));
    expect(String((await answers.next()).value)).toMatch(/^HTTP\/1.1 200 /);
  }
  socket.destroy();
});

test('law 7: what the kernel holds of scripts that are not read is bounded: the connections of long ago are reset', async () => {
  await collector.stop();
  collector = await startCollector({ keys: [BROWSER], scripts: { maxBytes: 1_000_000 } });
  const plain = await asked(SCRIPT(BROWSER.key), { headers: { 'accept-encoding': 'identity' } });
  const { byteLength } = await plain.arrayBuffer();
  let taken = 0;
  collector.server.server.on('request', (_request, response: ServerResponse) => response.once('close', () => taken++));
  const closed: number[] = [];
  const unread = Array.from({ length: 30 }, (_, i) => connection().on('close', () => closed.push(i)));
  for (const [i, socket] of unread.entries()) {
    ask(socket, SCRIPT(BROWSER.key));
    await expect.poll(() => taken, { interval: 2 }).toBe(i + 1);
  }
  for (const socket of unread) socket.resume();
  const reset = unread.length - Math.floor(1_000_000 / byteLength);
  await expect.poll(() => closed.sort((a, b) => a - b)).toEqual(Array.from({ length: reset }, (_, i) => i));
  for (const socket of unread) socket.destroy();
});

test('law 7: a connection that was given a script and asks for nothing further is reset, one that goes on is not', async () => {
  await collector.stop();
  collector = await startCollector({ keys: [BROWSER], scripts: { idleMs: 300 } });
  const page = connection().resume();
  const idle = connection().resume();
  const reset = new Promise((resolve) => idle.on('close', resolve));
  for (const socket of [page, idle]) ask(socket, SCRIPT(BROWSER.key));
  await once(page, 'data');
  ask(page, '/livez');
  await reset;
  expect(page.destroyed).toBe(false);
  page.destroy();
});
