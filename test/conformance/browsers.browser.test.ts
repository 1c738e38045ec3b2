/** Libraries of pages, unmodified, in a real Chromium: what it lets a page of another origin send, and what a page that goes still sends. */
import type { Event } from '@tributary/model/event';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BROWSER,
  keyRecord,
  OTHER_BROWSER,
  type StartedCollector,
  startCollector,
} from '../../services/collector/test/start-collector.ts';
import { type Pages, segmentSnippet, servePages } from './browser-pages.ts';
import { reportMissingChromium, startChromium } from './chromium.ts';
import { type Exchange, watch } from './seen.ts';

const KEY = BROWSER.key;
const ELSEWHERE = keyRecord(OTHER_BROWSER.key, 'browser', { origins: ['https://elsewhere.example'] });
const WAIT = { timeout: 30_000 };

const missing = reportMissingChromium('libraries of pages in Chromium (test/conformance/browsers.browser.test.ts)');

describe.skipIf(missing !== null)('in Chromium', () => {
  let browser: Browser;
  let collector: StartedCollector;
  let exchanges: Exchange[];
  let pages: Pages;

  beforeAll(async () => {
    collector = await startCollector({ now: Date.now, keys: [BROWSER, ELSEWHERE] });
    exchanges = watch(collector);
    const url = collector.url;
    const posthog = (options: object) => `<script src="/posthog.js"></script>
      <script>posthog.init('${KEY}', ${JSON.stringify({ api_host: url, opt_out_useragent_filter: true, ...options })})</script>`;
    pages = await servePages({
      '/segment': segmentSnippet(url, KEY),
      '/posthog': posthog({}),
      '/posthog-plain': posthog({ disable_compression: true, autocapture: false }),
      // The script of PostHog's package that stands for its HTML snippet, here from a bundle of the page's own.
      '/posthog-bootstrap': `<script src="/posthog-bootstrap.js" data-asset-host="${url}"></script>
        <script>posthog.init('${KEY}', { api_host: '${url}', opt_out_useragent_filter: true })
        posthog.capture('before it came', { seconds: 1 })</script>`,
      // What every HTML snippet of PostHog leaves for the script: calls in an array, init's in \`_i\`.
      '/posthog-snippet': `<script>window.posthog = Object.assign([['capture', 'queued', { seconds: 2 }]], {
        __SV: 1, _i: [['${KEY}', { api_host: '${url}', opt_out_useragent_filter: true }, 'posthog']] });
        posthog.people = [];
        </script><script async crossorigin="anonymous" src="${url}/array/${KEY}/array.js"></script>`,
      '/rudder': `<script src="/rudder.js"></script><script>
        const rudder = new rudderanalytics.RudderAnalytics();
        rudder.load('${KEY}', '${url}', { configUrl: '${url}' });
        rudder.page('Shop', 'Rudder');
        rudder.track('rudder tracked', { plan: 'pro' });
        rudder.identify('rudder user', { plan: 'pro' });
      </script>`,
      '/rudder-beacon': `<script src="/rudder.js"></script><script>
        const rudder = new rudderanalytics.RudderAnalytics();
        rudder.load('${KEY}', '${url}', { configUrl: '${url}', useBeacon: true });
        let accepted = false;
        rudder.track('rudder left', {}, () => (accepted = true));
      </script>`,
      '/direct': `<script>
        const body = (event, writeKey) => JSON.stringify({ writeKey, batch: [{ type: 'track', event, anonymousId: 'a' }] });
        async function post(event, writeKey) {
          const init = { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' } };
          return (await fetch('${url}/v1/batch', { ...init, body: body(event, writeKey) })).json();
        }
        async function sendAll() {
          navigator.sendBeacon('${url}/v1/batch', new Blob([body('json beacon', '${KEY}')], { type: 'application/json' }));
          const picture = new Image();
          const shown = new Promise((resolve) => picture.addEventListener('load', () => resolve(picture.width)));
          picture.src = '${url}/pixel/v1/track?writeKey=${KEY}&anonymousId=a&event=picture';
          return [await post('with credentials', '${KEY}'), await post('elsewhere', '${ELSEWHERE.key}'), await shown];
        }
      </script>`,
      '/plain': '',
    });
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await pages?.close();
    await collector?.stop();
    expect(collector.defects).toEqual([]);
  });

  async function open(path: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(`${pages.origin}${path}`);
    return page;
  }

  /** The events of one library, by type, once these types have come. */
  async function arrived(source: string, ...types: readonly string[]): Promise<ReadonlyMap<string, Event>> {
    const byType = async () => {
      const events = await collector.events();
      return new Map(events.filter((event) => event.source === source).map((event) => [event.type, event]));
    };
    await expect.poll(async () => [...(await byType()).keys()], WAIT).toEqual(expect.arrayContaining([...types]));
    return byType();
  }

  test("Segment's snippet loads the library from the collector, and a part of it that only some pages need", async () => {
    const page = await open('/segment?utm_source=news&utm_medium=email&ajs_uid=u&ajs_event=Mail%20Followed');
    await page.evaluate("analytics.track('Order Viewed', { step: 1 })");
    const events = await arrived('segment:analytics.js', 'page', 'Mail Followed', 'Order Viewed');
    expect(events.get('page')).toMatchObject({ channel: 'email', anonymousId: expect.any(String) });
    expect(events.get('Order Viewed')).toMatchObject({ properties: { step: 1 }, keyId: '00000000000b' });
    const scripts = exchanges
      .filter(({ path }) => path.endsWith('.js'))
      .map(({ path, status }) => [path.replace(/\.[0-9a-f]{20}\./, '.'), status]);
    expect(scripts).toEqual(
      expect.arrayContaining([
        [`/analytics.js/v1/${KEY}/analytics.min.js`, 200],
        ['/analytics-next/bundles/queryString.bundle.js', 200],
      ]),
    );
    await page.close();
  });

  test('posthog-js: configuration, zipped batches, and a beacon when the page goes', async () => {
    const page = await open('/posthog?utm_source=news&utm_medium=email&utm_campaign=autumn');
    await page.evaluate("posthog.capture('played', { seconds: 3 })");
    const events = await arrived('segment:web', 'page', 'played');
    expect(events.get('page')).toMatchObject({ channel: 'email', campaign: 'autumn', anonymousId: expect.any(String) });
    expect(events.get('played')).toMatchObject({ properties: { seconds: 3 }, keyId: '00000000000b' });
    expect(Math.abs((events.get('played')?.ts ?? 0) - Date.now())).toBeLessThan(60_000);
    await page.evaluate("posthog.capture('left')");
    // A script that leaves its own page may never answer who called it.
    await page.goto(`${pages.origin}/plain`);
    await arrived('segment:web', 'left', '$pageleave');
    const asked = exchanges.map(({ path, status }) => `${status} ${path.split('?')[0]}`);
    expect(asked).toContain(`200 /array/${KEY}/config.js`);
    expect(asked).toContain('200 /i/v0/e');
    expect(asked.filter((one) => !/^2/.test(one))).toEqual([]);
    expect(JSON.stringify(await collector.events())).not.toContain(KEY);
    await page.close();
  });

  test.each([
    ['/posthog-bootstrap', 'before it came', '/static/array.js'],
    ['/posthog-snippet', 'queued', `/array/${KEY}/array.js`],
  ])("PostHog's snippet loads the library from the collector: %s", async (at, type, script) => {
    const before = exchanges.length;
    const page = await open(`${at}?utm_source=news&utm_medium=email`);
    const events = await arrived('segment:web', 'page', type);
    expect(events.get(type)).toMatchObject({ properties: { seconds: expect.any(Number) }, keyId: '00000000000b' });
    const asked = exchanges.slice(before).map(({ path, status }) => `${status} ${path.split('?')[0]}`);
    expect(asked).toContain(`200 ${script}`);
    expect(asked).toContain(`200 /array/${KEY}/config.js`);
    expect(asked.filter((one) => !/^2/.test(one))).toEqual([]);
    await page.close();
  });

  test('posthog-js without compression: JSON that is asked for beforehand', async () => {
    const page = await open('/posthog-plain');
    await page.evaluate("posthog.capture('plainly played')");
    await arrived('segment:web', 'plainly played');
    await page.close();
  });

  test("RudderStack's library: source configuration, its own headers, each call by itself", async () => {
    const page = await open('/rudder?utm_source=news&utm_medium=email');
    const events = await arrived('segment:RudderLabs JavaScript SDK', 'page', 'rudder tracked', 'identify');
    expect(events.get('page')).toMatchObject({ channel: 'email', properties: { name: 'Rudder' } });
    expect(events.get('rudder tracked')).toMatchObject({ properties: { plan: 'pro' } });
    expect(events.get('identify')).toMatchObject({ userId: 'rudder user', properties: { plan: 'pro' } });
    expect(exchanges.some(({ path, status }) => path.startsWith('/sourceConfig') && status === 200)).toBe(true);
    await page.close();
  });

  test("RudderStack's library sends beacons", async () => {
    const page = await open('/rudder-beacon');
    await expect.poll(() => page.evaluate('accepted'), WAIT).toBe(true);
    await page.goto(`${pages.origin}/plain`);
    await arrived('segment:RudderLabs JavaScript SDK', 'rudder left');
    expect(exchanges.some(({ path, status }) => path.startsWith('/beacon/v1/batch') && status === 200)).toBe(true);
    await page.close();
  });

  test('a page sends a JSON beacon, a fetch with credentials and a picture; a key of other pages is refused, and the page reads why', async () => {
    const page = await open('/direct');
    const answers = await page.evaluate('sendAll()');
    expect(answers).toMatchObject([{ success: true }, { code: 'forbidden' }, 1]);
    await expect
      .poll(async () => (await collector.events()).map(({ type }) => type), WAIT)
      .toEqual(expect.arrayContaining(['json beacon', 'with credentials', 'picture']));
    await page.close();
  });
});
