/**
 * The unmodified `@segment/analytics-next` against the real collector, in jsdom: the browser bundle runs as a script of a
 * page of another origin. jsdom has no fetch, so the library falls back to XMLHttpRequest, which jsdom guards as a browser
 * does: each request is preflighted, and fails without the right CORS headers.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createMemoryLog, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import { JSDOM, VirtualConsole } from 'jsdom';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  BROWSER,
  OTHER_WRITE_KEY,
  type StartedCollector,
  startCollector,
  WRITE_KEY,
} from '../../services/collector/test/start-collector.ts';
import { counted, type Exchange, overload, watch } from './seen.ts';

interface BrowserAnalytics {
  initialized?: boolean;
  track(event: string, properties?: object, options?: object): Promise<unknown>;
  page(category?: string, name?: string, properties?: object): Promise<unknown>;
  screen(category?: string, name?: string): Promise<unknown>;
  identify(userId: string, traits?: object): Promise<unknown>;
  group(groupId: string, traits?: object): Promise<unknown>;
  alias(to: string, from?: string): Promise<unknown>;
}

const PAGE = 'http://www.shop.example/landing?utm_source=newsletter&utm_medium=email&utm_campaign=autumn&utm_content=hero#top';
const REFERRER = 'https://www.google.com/';

let bundle: string;
let log: MemoryLog;
let collector: StartedCollector;
let exchanges: Exchange[];
let pages: JSDOM[];

beforeAll(async () => {
  const entry = createRequire(import.meta.url).resolve('@segment/analytics-next/package.json');
  bundle = await readFile(join(dirname(entry), 'dist/umd/standalone.js'), 'utf8');
});
beforeEach(async () => {
  log = createMemoryLog({ partitions: 4 });
  collector = await startCollector({ log, now: Date.now, keys: [BROWSER] });
  exchanges = watch(collector);
  pages = [];
});
afterEach(async () => {
  for (const page of pages) page.window.close();
  await collector.stop();
  expect(collector.defects).toEqual([]);
});

/** A page as Segment's snippet builds it: the key and the CDN on `window.analytics`, then the bundle. */
async function open({
  loadOptions = {},
  writeKey = WRITE_KEY,
  url = PAGE,
  referrer = REFERRER,
  waitMs = 10_000,
} = {}): Promise<BrowserAnalytics> {
  const page = new JSDOM('<!doctype html><title>Landing</title><body></body>', {
    url,
    referrer,
    runScripts: 'outside-only',
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(),
  });
  pages.push(page);
  expect('fetch' in page.window).toBe(false);
  Object.assign(page.window, {
    analytics: Object.assign([], { _writeKey: writeKey, _cdn: collector.url, _loadOptions: loadOptions }),
  });
  page.window.eval(bundle);
  const analytics = () => (page.window as unknown as { analytics: BrowserAnalytics }).analytics;
  await expect.poll(() => analytics().initialized, { timeout: waitMs }).toBe(true);
  return analytics();
}

const sent = () => exchanges.filter(({ method }) => method === 'POST');
const arrived = async () => (await collector.events()).length;

test('every method arrives with its type, ids, user and page, each preflighted', async () => {
  const analytics = await open();
  await analytics.page('Shop', 'Landing');
  await analytics.alias('u'); // once the visitor is identified, the library sends their own id here
  await analytics.track('Order Completed', { revenue: 19.99, currency: 'EUR' });
  await analytics.identify('u', { plan: 'pro' });
  await analytics.group('g', { size: 3 });
  await analytics.screen('Shop', 'Cart');
  await expect.poll(arrived).toBe(6);

  expect(sent().map(({ path }) => path)).toEqual(['/v1/p', '/v1/a', '/v1/t', '/v1/i', '/v1/g', '/v1/s']);
  expect(new Set(sent().map(({ status }) => status))).toEqual(new Set([200]));
  expect(exchanges.some(({ method, path }) => method === 'OPTIONS' && path === '/v1/t')).toBe(true);
  expect(sent()[0]?.headers).toMatchObject({ origin: 'http://www.shop.example', 'content-type': 'text/plain' });
  const events = new Map((await collector.events()).map((event) => [event.type, event]));
  const visit = { channel: 'email', campaign: 'autumn', creative: 'hero' };
  const bare = PAGE.split('#')[0];
  expect(events.get('page')).toMatchObject({
    ...visit,
    page: expect.stringContaining('http://www.shop.example/landing'),
    properties: { name: 'Landing', category: 'Shop', url: bare },
  });
  expect(events.get('page')).not.toHaveProperty('userId');
  expect(events.get('Order Completed')).toMatchObject({ ...visit, value: 1999, currency: 'EUR' });
  expect(events.get('identify')).toMatchObject({ userId: 'u', properties: { plan: 'pro' } });
  expect(events.get('group')).toMatchObject({ userId: 'u', properties: { groupId: 'g', size: 3 } });
  expect(events.get('screen')).toMatchObject({ ...visit, userId: 'u' });
  const { anonymousId } = events.get('page') ?? {};
  expect(events.get('alias')).toMatchObject({ userId: 'u', properties: { previousId: anonymousId } });
  expect(anonymousId).toMatch(/./);
  for (const event of events.values()) {
    expect(event.anonymousId).toBe(anonymousId);
    expect(event.id).toMatch(/^ajs-next-/);
    expect(event.source).toBe('segment:analytics.js');
    expect(Math.abs(event.ts - Date.now())).toBeLessThan(10_000);
  }
});

test('with a browser key every method arrives, and value and cost of a call are properties', async () => {
  const analytics = await open({ writeKey: BROWSER.key });
  const properties = { value: 3, cost: 0.5, currency: 'EUR', title: 'Rain' };
  await analytics.track('Video Played', properties);
  await analytics.page('Shop', 'Landing');
  await analytics.identify('u', { plan: 'pro' });
  await expect.poll(arrived).toBe(3);
  const events = await collector.events();
  const played = events.find(({ type }) => type === 'Video Played');
  expect(played).toMatchObject({ channel: 'email', campaign: 'autumn', keyId: BROWSER.id, properties });
  for (const field of ['value', 'cost', 'currency']) expect(played).not.toHaveProperty(field);
});

test('without a campaign the referrer names the channel, and a page of the same site is not a touch', async () => {
  const url = 'http://www.shop.example/other';
  await (await open({ url })).page();
  await (await open({ url, referrer: PAGE })).page();
  await expect.poll(arrived).toBe(2);
  const channels = (await collector.events()).map(({ channel }) => channel);
  expect(channels.toSorted()).toEqual(['organic-search', undefined]);
});

test('batches arrive whole', async () => {
  const strategy = { strategy: 'batching', config: { size: 3, timeout: 200 } };
  const analytics = await open({ loadOptions: { integrations: { 'Segment.io': { deliveryStrategy: strategy } } } });
  for (let i = 0; i < 7; i++) void analytics.track('e', { i });
  await expect.poll(arrived).toBe(7);
  expect(new Set(sent().map(({ path }) => path))).toEqual(new Set(['/v1/b']));
  expect(new Set((await collector.events()).map(({ id }) => id)).size).toBe(7);
});

describe('retries get through once the collector recovers, and count once', () => {
  test('429', async () => {
    const analytics = await open();
    const recover = overload(collector);
    void analytics.track('e');
    await expect.poll(() => sent().map(({ status }) => status)).toContain(429);
    recover();
    await expect.poll(arrived, { timeout: 60_000 }).toBe(1);
    expect(sent().at(-1)?.status).toBe(200);
  });

  test('503 after the write: twice in the log, once by id', async () => {
    const analytics = await open();
    log.failNextAppend('reply-lost');
    void analytics.track('e');
    await expect.poll(() => sent().map(({ status }) => status), { timeout: 60_000 }).toEqual([503, 200]);
    const events = await collector.events();
    expect(events).toHaveLength(2);
    expect(counted(events)).toHaveLength(1);
  });
});

describe('what cannot succeed is dropped at once', () => {
  test('401: the settings name a key that is not the one of the page', async () => {
    const analytics = await open({ loadOptions: { integrations: { 'Segment.io': { apiKey: 'unknown' } } } });
    void analytics.track('e');
    await expect.poll(() => sent().map(({ status }) => status)).toEqual([401]);
    await new Promise((resolve) => setTimeout(resolve, 6_000)); // its first retry would come within 5 s
    expect(sent()).toHaveLength(1);
  });

  test('413', async () => {
    await collector.stop();
    collector = await startCollector({ log, limits: { bodyBytes: 3_000 } });
    exchanges = watch(collector);
    const analytics = await open({ writeKey: OTHER_WRITE_KEY });
    void analytics.track('e', { x: 'x'.repeat(4_000) });
    await expect.poll(() => sent().map(({ status }) => status)).toEqual([413]);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(sent()).toHaveLength(1);
  });
});

test('an origin that is not allowed cannot send', async () => {
  await collector.stop();
  collector = await startCollector({ log, origins: 'https://elsewhere.example' });
  exchanges = watch(collector);
  await expect(open({ waitMs: 2_000 })).rejects.toThrow();
  expect(sent()).toEqual([]);
});
