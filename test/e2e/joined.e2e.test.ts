/** Keys of one person on running processes, each killed on the way (decision 43): the life of a shop, and its end by an erasure. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Platform, startPlatform } from '@tributary/local/launch';
import { DAY_MS } from '@tributary/model/time';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { segmentSnippet, servePages } from '../conformance/browser-pages.ts';
import { reportMissingChromium, startChromium } from '../conformance/chromium.ts';
import { type Client, createClient, type SentEvent, until } from './client.ts';
import { plantedInFolder, plantedInRedis } from './planted.ts';
import { isTrue, JOINED, type Shopper, shopper, under } from './shop-life.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-joined-'));
const dataDir = join(folder, 'data');
/** In all keys of the person who is erased. */
const MARKER = 'mürker-77f1';
const [ANNA, COOKIE, TABLET] = [`anna-${MARKER}`, `cookie-${MARKER}`, `tablet-${MARKER}`];
let platform: Platform;
let client: Client;
let redis: Redis;

beforeAll(async () => {
  const file = join(folder, 'definitions.json');
  writeFileSync(file, JSON.stringify(JOINED));
  platform = await startPlatform({
    dataDir,
    env: {
      TRIBUTARY_DEFINITIONS_FILE: file,
      TRIBUTARY_BATCH_EVERY_MS: '0',
      TRIBUTARY_BATCH_KEEP_GENERATIONS: '2',
      TRIBUTARY_LOG_LEVEL: 'warn',
      TRIBUTARY_TRIM_DELAY_MS: '1000',
      TRIBUTARY_PARTITIONS: '4',
    },
  });
  client = createClient(platform);
  redis = new Redis(platform.redisUrl);
  // A search sees nothing in what is compressed.
  await redis.config('SET', 'rdbcompression', 'no');
});
afterAll(async () => {
  redis?.disconnect();
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const missing = reportMissingChromium('the shop in Chromium (test/e2e/joined.e2e.test.ts)');

const sent: SentEvent[] = [];
const owners = new Map<string, string>();

async function send(...events: SentEvent[]): Promise<void> {
  for (const event of events) {
    await client.send([event]);
    sent.push(event);
  }
}

let orders = 0;
/** It is that of another user. */
const order = (): SentEvent => ({
  ...{ ts: Date.now(), id: `other-${++orders}`, source: 'shop' },
  ...{ type: 'purchase', userId: 'somebody else', value: 5, currency: 'EUR' },
});

async function live(one: Shopper, inTheMiddle = async () => {}): Promise<void> {
  owners.set(one.cookie, one.user);
  await send(...one.visit);
  await inTheMiddle();
  await send(one.signIn);
  await inTheMiddle();
  await send(one.order);
}

test('laws 1 and 3: what a visitor did before they signed in earns its credit at once and from history, while each role is killed', async () => {
  const nowMs = Date.now();
  const anna = shopper(ANNA, COOKIE, nowMs);
  await live(anna);
  await until('the order is credited to the ad', 180_000, isTrue(client, sent, owners));
  const { rows } = await client.read('/v1/attribution?model=linear');
  expect(rows).toMatchObject([{ channel: 'paid-search', conversions: 1, valueMinor: 9_999 }]);

  for (const role of ['collector', 'speed', 'archiver', 'api', 'recompute'] as const)
    await live(shopper(`user-${role}`, `cookie-${role}`, nowMs), async () => platform.roles[role].kill('SIGKILL'));
  await until('those of the others are, although each role was killed', 180_000, isTrue(client, sent, owners));

  const ofAnna = await under(client, ANNA, anna.order.id);
  expect(ofAnna).toMatchObject({ owner: ANNA, values: { orders: 1, all: 4 } });
  expect(await under(client, COOKIE, anna.order.id)).toEqual(ofAnna);
  platform.roles.recompute.kill('SIGKILL');
  platform.roles.speed.kill('SIGKILL');
  await client.generation();
  await until('real time and history say the same', 180_000, isTrue(client, sent, owners));
  await until('so does history alone', 180_000, isTrue(client, sent, owners, 'batch'));
  expect(await under(client, ANNA, anna.order.id)).toEqual(ofAnna);
  expect(await under(client, COOKIE, anna.order.id)).toEqual(ofAnna);

  // By hand, and undone.
  const byHand = async (method: 'POST' | 'DELETE', path: string, body?: object) => {
    const answer = await fetch(`${platform.apiUrl}/v1/users/user-api/links${path}`, {
      method,
      headers: { authorization: `Bearer ${platform.keys.admin}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBe(202);
    return (await answer.json()) as { eventId: string; at: number };
  };
  const tablet = shopper('user-speed', 'tablet', nowMs - 180_000).visit.map((event) => ({ ...event, id: `tablet-${event.id}` }));
  await send(...tablet);
  const linked = await byHand('POST', '', { key: 'tablet' });
  sent.push({ ts: linked.at, id: linked.eventId, type: 'alias', userId: 'user-api', source: 'tributary' });
  owners.set('tablet', 'user-api');
  await until('a link by hand moves what there is', 180_000, isTrue(client, sent, owners));
  const undone = await byHand('DELETE', '/tablet');
  sent.push({ ts: undone.at, id: undone.eventId, type: 'tributary.undo', userId: 'user-api', source: 'tributary' });
  owners.delete('tablet');
  await until('and undone it moves it back', 180_000, isTrue(client, sent, owners));

  // What happened before the lateness is frozen until the next generation.
  const late = shopper('otto', 'cookie-otto', nowMs, 9 * DAY_MS);
  await send(...late.visit, late.order);
  await client.generation();
  await until('the ad of an order of long ago is not known', 180_000, isTrue(client, sent, owners));
  owners.set('cookie-otto', 'otto');
  await send({ ...late.signIn, ts: Date.now() });
  await until('the link is read, and no event is on its way', 180_000, async () => {
    const { owner } = await client.read('/v1/users/cookie-otto/keys');
    return owner === 'otto' && (await client.read('/v1/activity')).meta.complete;
  });
  const generation = await client.generation();
  await until('the order of long ago is credited', 180_000, isTrue(client, sent, owners));
  const report = await until('the reconciliation is there', 30_000, () => client.read(`/v1/reconciliations/${generation}`));
  const classes = Object.values(report.reconciliation.views as Record<string, { classes: Record<string, { rows: number }> }>);
  expect(new Set(classes.flatMap((view) => Object.keys(view.classes)))).toEqual(new Set(['identity']));
  expect(report.reconciliation).toMatchObject({ equal: false, engineDefectRows: null });
}, 580_000);

const LIBRARIES = [
  {
    path: '/segment',
    anonymous: 'analytics.user().anonymousId()',
    order: "analytics.identify('by segment'); analytics.track('Order Completed', { revenue: 27.5, currency: 'EUR' })",
  },
  {
    path: '/posthog',
    anonymous: 'posthog.get_distinct_id()',
    order: "posthog.identify('by posthog'); posthog.capture('Order Completed', { revenue: 27.5, currency: 'EUR' })",
  },
];

test.skipIf(missing !== null)(
  'law 1: so it does through the libraries of Segment and PostHog in a page',
  async () => {
    const [url, key] = [platform.collectorUrl, platform.keys.write];
    const init = `posthog.init('${key}', { api_host: '${url}', opt_out_useragent_filter: true })`;
    const pages = await servePages({
      '/segment': segmentSnippet(url, key),
      '/posthog': `<script src="/posthog.js"></script><script>${init}</script>`,
    });
    const browser = await startChromium();
    try {
      for (const { path, anonymous, order: signInAndOrder } of LIBRARIES) {
        const page = await browser.newPage();
        await page.goto(`${pages.origin}${path}?utm_source=news&utm_medium=email&utm_campaign=winter`);
        // What stands in place of the library until it is loaded has no ids.
        const cookie = await until('the library is loaded', 180_000, () => page.evaluate<string>(anonymous));
        const journey = async (one: string) => (await client.read(`/v1/users/${encodeURIComponent(one)}/journey`)).journeys;
        await until('the visit is there', 180_000, async () => (await journey(cookie)).length === 1);
        await page.evaluate(signInAndOrder);
        const user = path.replace('/', 'by ');
        const touches = [{ type: 'page', channel: 'email', campaign: 'winter' }];
        await until(`${path}: the order follows the ad`, 180_000, async () => {
          expect(await journey(user)).toMatchObject([{ status: 'converted', touches, conversion: { valueMinor: 2750 } }]);
          return true;
        });
        await page.close();
        owners.set(cookie, user);
        const keys = await client.read(`/v1/users/${cookie}/keys`);
        expect(keys).toMatchObject({ owner: user, keys: [{ userId: cookie }] });
        const stored = await until('the page said its last', 180_000, async () => {
          const { signals, meta } = await client.read(`/v1/users/${encodeURIComponent(user)}/signals?limit=100`);
          return meta.complete && path === '/posthog' && !JSON.stringify(signals).includes('$pageleave') ? undefined : signals;
        });
        expect(await journey(cookie)).toEqual(await journey(user));
        sent.push(...(stored as SentEvent[]));
      }
    } finally {
      await browser.close();
      await pages.close();
    }
    await until('all of it is credited', 180_000, isTrue(client, sent, owners));
  },
  580_000,
);

test('law 9: who is erased goes under all keys, to the last byte, also under one that real time had not read when it was asked for', async () => {
  expect(await plantedInRedis(redis, COOKIE)).not.toEqual([]);
  const { visit, signIn } = shopper(ANNA, TABLET, Date.now());
  await send(...visit);
  const erase = () => client.admin('POST', '/v1/erasures', { users: [COOKIE] });
  platform.roles.speed.kill('SIGSTOP');
  try {
    await send(signIn);
    expect(await erase()).toMatchObject({ status: 503, body: { code: 'links_unread' } });
  } finally {
    platform.roles.speed.kill('SIGCONT');
  }
  const erased = await until('real time has read it', 60_000, async () => {
    const answer = await erase();
    return answer.status === 202 && answer;
  });
  const ids = (erased.body.erasures as { id: string }[]).map(({ id }) => id);
  expect(ids).toHaveLength(3);
  const others = sent.filter(({ userId, anonymousId }) => ![userId, anonymousId].some((key) => key?.includes(MARKER)));
  sent.splice(0, sent.length, ...others);
  await client.generation();
  await until('nothing of them counts', 180_000, isTrue(client, sent, owners));
  const isGone = async () => {
    await send(order());
    await client.generation();
    return (await plantedInRedis(redis, MARKER)).length === 0 && (await plantedInFolder(dataDir, MARKER)).length === 0;
  };
  await until('nothing is left anywhere', 300_000, isGone);
  await until('nothing else went', 180_000, isTrue(client, sent, owners));
  redis.disconnect();
  await platform.stop();
  expect(await plantedInFolder(dataDir, MARKER)).toEqual([]);
}, 580_000);
