/** What browser libraries ask for without sending events: to whom it is given, what it costs, and that it repeats nothing. */
import { readdirSync } from 'node:fs';
import { get } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FOLDER } from '../src/scripts.ts';
import { keyRecord, type StartedCollector, startCollector } from './start-collector.ts';

const secret = '_'.padEnd(49, '0');
const BROWSER = keyRecord(`tb_00000000000b${secret}`, 'browser');
const SERVER = keyRecord(`ts_00000000000d${secret}`, 'server');
const SCRIPT = (key: string) => `/analytics.js/v1/${key}/analytics.min.js`;

let collector: StartedCollector;
beforeEach(async () => {
  collector = await startCollector({ keys: [BROWSER, SERVER] });
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
  const hashed = readdirSync(FOLDER).find((name) => /\.[0-9a-f]{20}\.js$/.test(name)) as string;
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
