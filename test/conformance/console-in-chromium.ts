/** The console in a browser, over a world of the API: a history with names that would do harm, signals, and a collector that rejected some. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '@tributary/model/event';
import { fieldsWith } from '@tributary/model/event-fields';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { readDefinitions } from '@tributary/signals/definitions/file';
import { expect } from 'vitest';
import { buildConsole } from '../../packages/console/build/build.ts';
import { readBuilt } from '../../packages/console/src/built.ts';
import { createWorld, event, NOON } from '../../services/api/test/world.ts';
import { startChromium } from './chromium.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const LONG = `long-${'x'.repeat(200)}`;
/** Each would run as HTML, as an attribute, as an address, or as a template. */
export const HOSTILE = [
  '<img src=x onerror="globalThis.ran=1">',
  '"><script>globalThis.ran=1</script>',
  "' onmouseover='globalThis.ran=1",
  'javascript:globalThis.ran=1',
  '</title><svg/onload=globalThis.ran=1>',
  '{{constructor.constructor("globalThis.ran=1")()}}',
  '__proto__',
  '&lt;b&gt;&amp;',
  '%3Cscript%3E',
  '\u202eright-to-left override',
];

/** Each text that an event may have, but its type, which makes a touch of it, and its id, which is ASCII. */
const TEXT_FIELDS = fieldsWith({ type: 'text' }).filter((field) => field !== 'type' && field !== 'id');
const allTexts = (text: string): Partial<Event> => Object.fromEntries(TEXT_FIELDS.map((field) => [field, text]));

function history(): Event[] {
  const channels = ['paid-search', 'email', 'display', 'بحث مدفوع', LONG];
  const usual = Array.from({ length: 60 }, (_, i) => {
    const ts = NOON - (i % 12) * DAY - HOUR;
    const touch = (at: number, hours: number) =>
      event({
        type: 'ad_click',
        userId: `u${i}`,
        ts: ts - hours * HOUR,
        channel: channels[at % 5] as string,
        campaign: `c${at % 3}`,
        cost: 35,
        currency: 'EUR',
      });
    const bought = event({ type: 'purchase', userId: `u${i}`, id: `order-${i}`, ts, value: 1_000 + i, currency: 'EUR' });
    return [touch(i, 30), touch(i + 1, 9), ...(i % 4 === 0 ? [touch(i + 2, 2)] : []), ...(i % 3 === 2 ? [] : [bought])];
  });
  const hostile = HOSTILE.map((name, i) => [
    event({ ...allTexts(name), type: 'ad_click', ts: NOON - 2 * HOUR, properties: { name, [name]: name } }),
    event({ type: name, userId: name, id: `${name.replaceAll(/[^ -~]|["\\]/g, '')} ${i}`, ts: NOON - HOUR }),
    event({ type: 'purchase', userId: name, id: `hostile-${i}`, ts: NOON - HOUR, value: 500, currency: 'EUR' }),
  ]);
  return [...usual, ...hostile].flat();
}

export const SHOP = 'shop.example/';

/** A page with twelve elements as on a slide about attention, one with names that would do harm, and many more. */
function webHistory(): Event[] {
  let sent = 0;
  const at = (type: string, page: string, properties: object, element?: string) => {
    const ts = NOON - (sent % 9) * DAY - 2 * HOUR;
    const said = { viewId: `v${sent}`, layout: 992, ...properties };
    return event({
      ...{ type, ts, id: `web-${sent++}`, userId: `w${sent % 5}`, page },
      ...(element !== undefined && { element }),
      properties: said,
    });
  };
  const slide = [2, 4, 2, 15, 2, 3, 4, 25, 2, 5, 8, 6];
  const boxes = (keys: readonly string[]) =>
    keys.map((key, i) => [key, slide[i % 12], slide[i % 12], 1, 40 + (i % 3) * 400, 40 + Math.floor(i / 3) * 220, 380, 200]);
  const report = (page: string, keys: readonly string[], more: object = {}) =>
    at('activity', page, {
      ...{
        seq: 0,
        engagedMs: 375,
        visibleMs: 900,
        hoverMs: 375,
        fromScrollBp: 0,
        maxScrollBp: 6_000,
        bands: [100, 90, 60, 40, ...Array(16).fill(5)],
      },
      ...{
        els: boxes(keys),
        moves: keys.slice(0, 4).flatMap((key, i) => [
          [key, 17 * i, 20],
          [key, 119, 30 + i],
        ]),
      },
      ...more,
    });
  const shop = [
    ...Array.from({ length: 7 }, () => at('page', `https://${SHOP}`, { nav: 'load' })),
    report(
      `https://${SHOP}`,
      slide.map((_unused, i) => `part-${i}`),
    ),
    // Another class of viewports: its places are other ones.
    report(`https://${SHOP}`, ['part-0'], { layout: 0 }),
    ...[3, 7, 7].map((i) => at('click', `https://${SHOP}`, { kind: 'click', ex: 5_000, ey: 2_000 }, `part-${i}`)),
    ...['change', 'focus', 'submit'].map((action) =>
      at('form', `https://${SHOP}`, { action, form: 'pay', field: 'card', ms: 1_500 }),
    ),
    at('link', `https://${SHOP}`, { target: 'outbound', host: 'maps.example' }),
  ];
  const harmful = HOSTILE.flatMap((name) => [
    at('page', `https://shop.example/${name}`, { nav: 'load' }),
    report('https://shop.example/harm', HOSTILE, { layout: 1440 }),
    at('form', 'https://shop.example/harm', { action: 'focus', form: name, field: name, ms: 10 }),
    at('link', 'https://shop.example/harm', { target: 'outbound', host: name }),
  ]);
  const buyer = { ...at('page', 'https://shop.example/pay', { nav: 'load' }), userId: 'u0', ts: NOON - HOUR - 1 };
  const viewed = at('page', 'https://shop.example/harm', { nav: 'load', layout: 1440 });
  const many = Array.from({ length: 230 }, (_, i) =>
    at('page', `https://shop.example/${LONG.slice(0, 150)}/${i}`, { nav: 'load', layout: 0 }),
  );
  return [...shop, buyer, ...harmful, viewed, ...many];
}

const DEFINITIONS = readDefinitions(
  JSON.stringify({
    signals: {
      clicks2d: { count: 'ad_click', window: '2d' },
      lastPage: { last: '*.page' },
      spend: { sum: 'purchase.value', window: '30d' },
    },
    sessions: { web: { gap: '30m' } },
    segments: { buyer: { enter: "type == 'purchase'", ttl: '14d', byDay: true } },
    counts: { clicked: { count: 'ad_click', by: 'channel' }, anything: { count: '*', by: 'campaign' } },
    signalRetention: { days: 40 },
    web: {},
  }),
  sha256Hex,
);

/** As a collector of this version answers, with what pages and clients may have sent. */
export const REJECTED = HOSTILE.slice(0, 6).map((name, i) => ({
  reason: i < 4 ? 'invalid_field' : 'too_deep',
  keyId: i % 2 === 0 ? '0123456789ab' : null,
  count: 10 - i,
  firstAt: new Date(NOON - HOUR).toISOString(),
  lastAt: new Date(NOON - i * 60_000).toISOString(),
  message: `properties.${name} must be a decimal amount such as 19.99`,
  origin: i === 0 ? 'https://shop.example' : null,
  sample: i === 5 ? null : { type: 'track', event: name, userId: 'string(17)', properties: { [name]: 'string(1)' } },
}));

/** One never said how far it is, one did a moment ago, one is new. */
const COMPUTATIONS = [
  { name: 'coViewed', version: '<img/src=x/onerror=globalThis.ran=1>', mostLagMs: 60_000, at: NOON - HOUR },
  { name: 'scores', version: '7', mostLagMs: 600_000, at: NOON - DAY },
  { name: 'topics', version: '1', mostLagMs: 60_000, at: NOON },
].map((one) => ({
  ...one,
  reads: { kinds: [], signals: ['lastPage'] },
  writes: { fields: HOSTILE.slice(0, 3) },
  by: 'key ta_admin',
}));

async function startRejecting() {
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ since: new Date(NOON - DAY).toISOString(), rejections: REJECTED })),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** Every page, with what can be chosen on it. */
export const ADDRESSES = [
  'attribution',
  'attribution?by=campaign&show=value&days=all',
  'attribution?show=difference&against=linear&days=7',
  'paths',
  'conversions',
  'conversion?id=order-0&user=u0',
  `conversion?id=hostile-0&user=${encodeURIComponent(HOSTILE[0] as string)}`,
  'web?days=all',
  'web?days=all&layout=1440&page=shop.example%2Fharm&basis=viewport&over=moves',
  'web?from=2020-01-01&to=2020-01-02',
  'user?id=u0',
  `user?id=${encodeURIComponent(HOSTILE[1] as string)}`,
  'user?id=unknown',
  'signals',
  'signals?user=u0&name=clicks2d&span=weeks',
  'signals?name=buyer&kind=segment',
  `signals?kind=signals&name=lastPage&user=${encodeURIComponent(HOSTILE[0] as string)}`,
  'signals?name=unknown',
  'signals?count=anything',
  'subjects',
  'subjects?user=u0',
  `subjects?user=${encodeURIComponent(HOSTILE[0] as string)}`,
  'live',
  'operations',
  'rejections',
  'rejections?reason=too_deep&key=0123456789ab',
  'dead-letters',
  'system',
] as const;
const { CONSOLE_SCREENSHOTS: SHOTS = '' } = process.env;
const WIDTHS = [1_440, 1_024, 390] as const;

export type ConsoleInChromium = Awaited<ReturnType<typeof startConsole>>;

export async function startConsole() {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-console-'));
  await buildConsole(folder);
  const rejecting = await startRejecting();
  const world = await createWorld({ console: readBuilt(folder), definitions: DEFINITIONS, collectors: [rejecting.url] });
  const events = history();
  const web = webHistory();
  for (const one of [...events.slice(0, 150), ...web.slice(0, 20)]) await world.ingest(one);
  await world.cut(1);
  await world.publish(1);
  for (const one of [...events.slice(150), ...web.slice(20)]) await world.ingest(one);
  const parked = HOSTILE.map((raw, i) => ({ at: `${i}.0`, code: 'invalid_json', message: `the record ${raw} is not JSON`, raw }));
  await world.commit(0, { parked }, {});
  for (const one of COMPUTATIONS) await world.deps.computations.write(one, 9);
  await world.deps.computations.note('scores', { version: '7', after: 'elsewhere', at: NOON - 5_000 });
  await world.tick();
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  const api = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
  const browser = await startChromium({ shellDoes: true });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, sample }) =>
      console.error(`policy: ${violatedDirective} ${sample}`),
    );
  });
  const page = await context.newPage();
  await page.clock.setFixedTime(NOON);
  const troubles: string[] = [];
  const own = new Set([api]);
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => troubles.push('a dialog')));
  page.on('console', (message) => {
    if (!message.text().includes('the server responded with a status of ')) troubles.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (!own.has(origin) && protocol !== 'blob:') troubles.push(`asked ${request.url()}`);
    if (/tr_reader_x|ta_admin_x/.test(request.url())) troubles.push('a key in an address');
  });

  async function open(path: string): Promise<void> {
    await page.goto(`${api}/ui/${path}`);
    await settled();
  }

  /** Leads to another page as a link of the console does: what is loaded stays, which takes a fifth of the time. Its questions may be under way. */
  async function lead(path: string): Promise<void> {
    await page.evaluate((address) => {
      const link = document.createElement('a');
      link.href = address;
      document.querySelector('main')?.append(link);
      link.click();
      link.remove();
    }, `/ui/${path}`);
  }

  /** As `open`, from another page of the console. */
  async function follow(path: string): Promise<void> {
    await lead(path);
    await settled();
  }

  /** Every question of the page is answered. */
  async function settled(): Promise<void> {
    await page.locator('main h1').waitFor();
    await page.waitForFunction(
      () => document.querySelector('.waiting, [aria-busy="true"], .sankey.is-waiting, .schematic.is-waiting') === null,
    );
  }

  async function logIn(key: string): Promise<void> {
    await page.getByLabel('Key', { exact: true }).fill(key);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('.shell').waitFor();
    await settled();
  }

  async function expectNoFaults(where: string): Promise<void> {
    await page.evaluate(AXE);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect([where, colorScheme, await page.evaluate(faults, colorScheme === 'dark')]).toEqual([where, colorScheme, []]);
    }
  }

  /** What is drawn beyond the edges of its panel, where nothing scrolls to it. */
  const stickingOut = () => page.evaluate(beyondPanels);

  /** As people would see it, into the folder that CONSOLE_SCREENSHOTS names: whole, at three widths, in both themes. */
  async function shoot(name: string): Promise<void> {
    if (SHOTS === '') return;
    mkdirSync(SHOTS, { recursive: true });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const file = `${name.replaceAll(/[^\w-]+/g, '_').slice(0, 60)}-${width}-${colorScheme}.png`;
        await page.screenshot({ path: join(SHOTS, file), fullPage: true });
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  /** Another platform with the same pages, into which nothing came yet. */
  async function startEmpty() {
    const empty = await createWorld({ console: readBuilt(folder), collectors: [] });
    await empty.tick();
    await empty.app.listen({ host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${(empty.app.server.address() as AddressInfo).port}`;
    own.add(url);
    return { world: empty, url };
  }

  const answer = async (path: string) => (await world.get(path)).body;
  const tableOf = (caption: string) =>
    page.locator('table', { has: page.locator('caption', { hasText: new RegExp(`^${caption}$`) }) });
  /** The texts of all cells, row by row, without what is small beside a figure. */
  const cellsOf = (caption: string) =>
    tableOf(caption)
      .locator('tbody tr:not(.beside)')
      .evaluateAll((rows) =>
        rows.map((row) =>
          [...row.querySelectorAll('td')].map((cell) => {
            const copy = cell.cloneNode(true) as HTMLElement;
            for (const small of copy.querySelectorAll('.small')) small.remove();
            return copy.textContent?.trim() ?? '';
          }),
        ),
      );

  async function close(): Promise<void> {
    await browser.close();
    await world.app.close();
    rejecting.close();
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    ...{ world, api, browser, context, page, troubles },
    ...{ open, lead, follow, settled, logIn, expectNoFaults, stickingOut, shoot, startEmpty, answer, tableOf, cellsOf, close },
  };
}

interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

/** Runs in the page. What is not colour is the same in both themes. */
async function faults(isColourAlone: boolean): Promise<string[]> {
  const { axe } = globalThis as unknown as { readonly axe: Axe };
  // The size of targets is a rule of WCAG 2.2 that is off by itself.
  const all = { rules: { 'target-size': { enabled: true } } };
  const asked = isColourAlone ? { runOnly: { type: 'rule', values: ['color-contrast'] } } : all;
  // What holds is not listed, and no element gets a selector: a fault shows its HTML.
  const { violations } = await axe.run({ ...asked, resultTypes: ['violations'], selectors: false });
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** Runs in the page. */
function beyondPanels(): string[] {
  const isCut = (element: Element, panel: Element): boolean => {
    for (let one = element.parentElement; one !== null && one !== panel; one = one.parentElement)
      if (getComputedStyle(one).overflowX !== 'visible') return true;
    return false;
  };
  const isCovered = (head: Element): boolean => {
    const [title, button] = ['h2, h3', '.quiet'].map((one) => head.querySelector(one)?.getBoundingClientRect());
    return title !== undefined && button !== undefined && button.left < title.right && button.top < title.bottom;
  };
  const covered = [...document.querySelectorAll('.panel-head')].filter(isCovered);
  const beyond = [...document.querySelectorAll('.panel')].flatMap((panel) => {
    const { left, right } = panel.getBoundingClientRect();
    return [...panel.querySelectorAll<HTMLElement>('*')]
      .filter((one) => one.childElementCount === 0 && one.textContent !== '' && one.checkVisibility())
      .filter((one) => one.closest('.hidden-text') === null)
      .filter((one) => {
        const box = one.getBoundingClientRect();
        return box.width > 0 && (box.left < left - 1 || box.right > right + 1) && !isCut(one, panel);
      })
      .map((one) => `${one.tagName} ${one.textContent?.slice(0, 40)}`);
  });
  return [...beyond, ...covered.map((head) => `a button before or over ${head.querySelector('h2, h3')?.textContent}`)];
}
