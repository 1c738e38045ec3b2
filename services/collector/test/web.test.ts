/** What the tracker of pages may send, and what becomes of it. What the tracker does send is in test/conformance/tracker*.browser.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { BROWSER, keyRecord, NOW, SERVER, type StartedCollector, startCollector, WRITE_KEY } from './start-collector.ts';

const VIEW = '0123456789abcdef0123456789abcdef';
const NARROW = keyRecord(`tb_00000000000e_${'0'.repeat(48)}`, 'browser', { origins: ['https://shop.example'] });

let collector: StartedCollector;
afterEach(() => collector.stop());

async function start(options: object = {}) {
  collector = await startCollector({ keys: [BROWSER, SERVER, NARROW], ...options });
}

interface Call {
  readonly event: string;
  readonly properties?: object;
  readonly url?: string;
  readonly seq?: number;
}

const callOf = ({ event, properties = {}, url = 'https://shop.example/', seq = 0 }: Call) => ({
  timestamp: NOW - 1_000,
  messageId: `${VIEW}.${seq}`,
  type: event === 'page' ? 'page' : 'track',
  event,
  anonymousId: 'v1',
  context: { page: { url } },
  properties: { viewId: VIEW, layout: 992, ...properties },
});

/** As a page sends it: a text, without a header, the key in the body. */
async function send(calls: readonly object[], key = BROWSER.key, path = '/web', headers: Record<string, string> = {}) {
  const body = JSON.stringify({ writeKey: key, sentAt: NOW, batch: calls });
  const answer = await fetch(`${collector.url}${path}`, { method: 'POST', body, headers });
  return {
    status: answer.status,
    body: (await answer.json()) as { code?: string; rejected?: { code: string; message: string }[] },
  };
}

const PAGE = { nav: 'load', vw: 1_280, vh: 720, docH: 2_000 };
const CLICK = { ex: 1, ey: 2, px: 3, py: 4, kind: 'click', path: 'main:1' };
const ACTIVITY = { seq: 0, engagedMs: 1_000, visibleMs: 2_000, maxScrollBp: 10_000 };
const BANDS = [1_000, ...new Array(19).fill(0)];

test('events of pages are events of the platform: time, page, element, campaign and what their type may say', async () => {
  await start();
  const url = 'https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=autumn&utm_content=red';
  const { status } = await send([
    callOf({ event: 'page', properties: { ...PAGE, referrer: 'https://www.google.com/' }, url }),
    callOf({ event: 'click', properties: { ...CLICK, element: 'hero\n 1', bot: 'webdriver' }, url, seq: 1 }),
    callOf({ event: 'page', properties: { ...PAGE, nav: 'push', referrer: url }, url, seq: 2 }),
    callOf({ event: 'activity', properties: { ...ACTIVITY, bands: BANDS, last: true }, seq: 3 }),
    { ...callOf({ event: 'Signup', url, seq: 4 }), properties: { plan: 'pro' } },
    { ...callOf({ event: 'Installed', url, seq: 5 }), properties: { channel: 'partner' } },
  ]);
  expect(status).toBe(200);
  const events = (await collector.events()).sort((a, b) => a.id.localeCompare(b.id));
  const common = { anonymousId: 'v1', source: 'web', keyId: BROWSER.id, ts: NOW - 1_000, receivedAt: NOW, page: url };
  expect(events).toMatchObject([
    {
      ...common,
      type: 'page',
      id: `${VIEW}.0`,
      channel: 'email',
      campaign: 'autumn',
      creative: 'red',
      properties: { ...PAGE, viewId: VIEW },
    },
    { ...common, type: 'click', element: 'hero 1', properties: { ...CLICK, bot: 'webdriver', layout: 992 } },
    { ...common, type: 'page', properties: { nav: 'push' } },
    { type: 'activity', page: 'https://shop.example/', properties: { ...ACTIVITY, bands: BANDS, last: true } },
    { ...common, type: 'Signup', properties: { plan: 'pro' } },
    { ...common, type: 'Installed', channel: 'partner' },
  ]);
  // A document is come to once.
  for (const i of [1, 2, 3, 4])
    expect([i, events[i]?.channel, events[i]?.campaign, events[i]?.creative]).toEqual([i, undefined, undefined, undefined]);
  expect(events[1]?.properties).not.toHaveProperty('element');
});

test.each([
  ['load', 'email', 'autumn', 'red'],
  ['push', undefined, undefined, undefined],
  ['replace', undefined, undefined, undefined],
  ['pop', undefined, undefined, undefined],
  ['hash', undefined, undefined, undefined],
  ['bfcache', undefined, undefined, undefined],
])('a document is come to by its load alone: %s', async (nav, channel, campaign, creative) => {
  await start();
  const url = 'https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=autumn&utm_content=red';
  await send([callOf({ event: 'page', properties: { ...PAGE, nav }, url })]);
  const [event] = await collector.events();
  expect([event?.properties?.['nav'], event?.channel, event?.campaign, event?.creative]).toEqual([
    nav,
    channel,
    campaign,
    creative,
  ]);
});

test('only a key that anybody may have is taken, on its origins, for what happened lately', async () => {
  await start();
  const view = callOf({ event: 'page', properties: PAGE });
  for (const key of [SERVER.key, WRITE_KEY])
    expect(await send([view], key)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect(await send([view], NARROW.key)).toMatchObject({ status: 403 });
  expect(await send([view], NARROW.key, '/web', { origin: 'https://shop.example' })).toMatchObject({ status: 200 });
  const old = { ...view, timestamp: NOW - 80 * 3_600_000 };
  expect((await send([old])).body.rejected).toMatchObject([{ code: 'ts_too_old' }]);
  expect((await send([{ ...view, properties: { ...view.properties, revenue: 5 } }])).body.rejected).toHaveLength(1);
  expect(await collector.events()).toHaveLength(1);
});

describe('what says more than its type may is refused alone', () => {
  const els = (cursorMs: number, viewportMs: number) => ({ els: [['hero', cursorMs, viewportMs, 1, 0, 0, 10, 10]] });
  test.each([
    ['click', { ...CLICK, ex: 10_000 }, 'properties.ex must be a whole number from 0 to 9999'],
    ['click', { ...CLICK, ey: 0.5 }, 'properties.ey must be a whole number'],
    ['click', { ...CLICK, kind: 'tap' }, 'properties.kind must be one of click, rage, dead'],
    ['click', { ...CLICK, path: 'x'.repeat(401) }, 'properties.path must be a text of at most 200 characters'],
    ['click', { ...CLICK, text: 'Buy now' }, 'the properties of this event must be some of'],
    ['click', { ...CLICK, viewId: 'x' }, 'properties.viewId must be 32 hexadecimal digits'],
    ['click', { ...CLICK, layout: 991 }, 'properties.layout must be one of 0, 576, 992, 1440'],
    ['click', { ...CLICK, element: 7 }, 'properties.element must be a text'],
    ['page', { ...PAGE, nav: undefined }, 'properties.nav must be one of load'],
    ['page', { ...PAGE, title: 'Shop' }, 'the properties of this event must be some of'],
    ['link', { target: 'ftp' }, 'properties.target must be one of internal'],
    ['form', { form: 'f', field: 'name', action: 'type', ms: 1 }, 'properties.action must be one of focus'],
    ['form', { form: 'f', field: 'name', action: 'change', ms: 1, value: 'x' }, 'the properties of this event must be some of'],
    ['form', { form: 'f', field: 'name', action: 'change', ms: 1, length: 3 }, 'the properties of this event must be some of'],
    [
      'activity',
      { ...ACTIVITY, engagedMs: 60_001, visibleMs: 70_000 },
      'properties.engagedMs must be a whole number from 0 to 60000',
    ],
    ['activity', { ...ACTIVITY, engagedMs: 2_001 }, 'properties.engagedMs must be at most visibleMs'],
    ['activity', { ...ACTIVITY, hoverMs: 1_001 }, 'properties.hoverMs must be at most engagedMs'],
    ['activity', { ...ACTIVITY, bands: [1] }, 'properties.bands must be 20 whole numbers'],
    ['activity', { ...ACTIVITY, bands: [1, ...BANDS.slice(0, 19)] }, 'the sum of properties.bands must be at most engagedMs'],
    [
      'activity',
      { ...ACTIVITY, ...els(1, 0) },
      'the sum of what the pointer was over, in properties.els, must be at most hoverMs',
    ],
    [
      'activity',
      { ...ACTIVITY, ...els(0, 1_001) },
      'the sum of what was in the viewport, in properties.els, must be at most engagedMs',
    ],
    ['activity', { ...ACTIVITY, moves: [['hero', 0, 1]] }, 'the sum of properties.moves must be at most hoverMs'],
    ['activity', { ...ACTIVITY, els: [['hero', 0, 0, 1, 0, 0, 10]] }, 'properties.els must be at most 100 rows'],
    ['activity', { ...ACTIVITY, moves: new Array(201).fill(['hero', 0, 0]) }, 'properties.moves must be at most 200 rows'],
    ['activity', { ...ACTIVITY, last: false }, 'properties.last must be true, or absent'],
  ])('%s %o', async (event, properties, message) => {
    await start();
    const good = callOf({ event: 'click', properties: CLICK, seq: 1 });
    const { status, body } = await send([callOf({ event, properties }), good]);
    expect(status).toBe(200);
    expect(body.rejected).toMatchObject([{ code: 'invalid_field', message: expect.stringContaining(message) }]);
    expect(await collector.events()).toHaveLength(1);
  });
});

test('what is at every bound is taken', async () => {
  await start();
  const activity = {
    ...ACTIVITY,
    engagedMs: 60_000,
    visibleMs: 60_000,
    hoverMs: 60_000,
    lost: 3,
    bands: [60_000, ...BANDS.slice(1)],
  };
  const els = Array.from({ length: 100 }, (_, i) => [
    `${i}`.padEnd(64, 'é'),
    600,
    600,
    1,
    10_000_000,
    10_000_000,
    10_000_000,
    10_000_000,
  ]);
  const moves = Array.from({ length: 200 }, (_, i) => [`${i}`.padEnd(20, 'é'), 255, 300]);
  const form = { form: 'f'.repeat(64), field: '', action: 'abandon', ms: 0 };
  const { body } = await send([
    callOf({ event: 'activity', properties: { ...activity, els, moves } }),
    callOf({ event: 'form', properties: form, seq: 1 }),
    callOf({ event: 'link', properties: { target: 'mailto' }, seq: 2 }),
    callOf({ event: 'link', properties: { target: 'outbound', host: 'x.example:8443', path: '/' }, seq: 3 }),
  ]);
  expect(body).toMatchObject({ accepted: 4, rejected: [] });
});

test('the path is a setting, scripts lie beside it, and what was not built is not found', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-'));
  await start({ trackerPath: '/assets/shop', trackerFolder: folder });
  const asked = (path: string, headers = {}) => fetch(`${collector.url}${path}`, { headers });
  expect((await asked('/assets/shop.js')).status).toBe(404);
  writeFileSync(join(folder, 'web.js'), 'core');
  writeFileSync(join(folder, 'web-attention.js'), 'later');
  const script = await asked('/assets/shop.js?v=1', { origin: 'https://shop.example' });
  expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  // A module is loaded from another origin only where the answer names it.
  expect(script.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(script.headers.get('content-encoding')).toBe('gzip');
  expect(await script.text()).toBe('core');
  expect(await (await asked('/assets/shop-attention.js')).text()).toBe('later');
  for (const other of ['/web.js', '/assets/web.js', '/assets/shop-attention', '/assets/shop.js.map'])
    expect([other, (await asked(other)).status]).toEqual([other, 404]);
  const view = callOf({ event: 'page', properties: PAGE });
  expect((await send([view], BROWSER.key, '/web')).status).toBe(404);
  expect((await send([view], BROWSER.key, '/assets/shop')).status).toBe(200);
  rmSync(folder, { recursive: true });
});
