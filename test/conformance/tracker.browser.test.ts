/** The tracker in a real Chromium, under a strict policy, in pages of another origin than the collector's: what it sees, and what it never sends. */
import type { Event } from '@tributary/model/event';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reportMissingChromium, startChromium } from './chromium.ts';
import { openShop, type Shop, type Visit, visit } from './tracker-shop.ts';

const missing = reportMissingChromium('the tracker in Chromium (test/conformance/tracker.browser.test.ts)');
const WAIT = { timeout: 30_000, interval: 20 };

describe.skipIf(missing !== null)('in Chromium', () => {
  let browser: Browser;
  let shop: Shop;
  let open: Visit | undefined;

  beforeAll(async () => {
    [shop, browser] = await Promise.all([openShop(), startChromium({ keepsPages: true })]);
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
    expect(shop.collector.defects).toEqual([]);
  });
  afterEach(async () => {
    await open?.context.close();
    expect(open?.violations).toEqual([]);
    // Each body is a text, so that no browser asks beforehand, and nothing of it was refused.
    expect(shop.exchanges.filter(({ method, status }) => method === 'OPTIONS' || status !== 200)).toEqual([]);
  });

  /** A new visitor's page; `path` begins with a name that no other test has. */
  async function enter(path: string, options: { frozenAt?: number; before?: () => void } = {}): Promise<Page> {
    open = await visit(browser, options.frozenAt);
    if (options.before) await open.context.addInitScript(options.before);
    await open.page.goto(`${shop.origin}${path}`);
    await becomes(open.page, '!Array.isArray(window.tributary ?? [])', true);
    return open.page;
  }

  /** What has come from pages of this name, once there is as much of a type. */
  async function seen(name: string, type: string, least: number): Promise<Event[]> {
    const own = async () =>
      (await shop.events()).filter((event) => event.type === type && event.page?.startsWith(`${shop.origin}/${name}`));
    await expect.poll(async () => (await own()).length, WAIT).toBeGreaterThanOrEqual(least);
    return own();
  }

  /** The policy of the page lets no text be run in it, which `waitForFunction` does. */
  const becomes = (page: Page, expression: string, value: unknown) =>
    expect.poll(() => page.evaluate(expression), WAIT).toEqual(value);
  const leave = (page: Page) => page.goto('about:blank');

  test('views: load, push, replace, pop, the same address again, and a page from the cache; the referrer of a later view is the one before', async () => {
    shop.page('/views', '<a id="on" href="/views-on">on</a>');
    shop.page('/views-on', 'on');
    const page = await enter('/views?utm_source=news&utm_medium=email&session=s3cret#s3cret');
    for (const [how, url] of [
      'push /views/cart?step=s3cret',
      'push /views/cart?step=s3cret#top',
      'replace /views/paid',
      'replace /views/paid',
    ].map((step) => step.split(' ')))
      await page.evaluate(`new Promise((resolve) => setTimeout(() => { history.${how}State(0, '', '${url}'); resolve(); }, 2))`);
    await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 2))`);
    await page.evaluate('history.go(-1)');
    await page.waitForURL('**/cart?step=s3cret');
    // A page is hidden a moment after it has gone.
    await page.evaluate(
      `addEventListener('pagehide', () => { const began = performance.now(); while (performance.now() - began < 5); })`,
    );
    await page.click('#on', { force: true });
    await page.waitForURL('**/views-on');
    await page.evaluate('history.back()');
    const at = (path: string) => `${shop.origin}${path}`;
    const views = await seen('views', 'page', 6);
    expect(views.map(({ page: url, channel, properties: { nav, referrer } = {} }) => [nav, url, referrer, channel])).toEqual([
      ['load', at('/views?utm_source=news&utm_medium=email'), '', 'email'],
      ['push', at('/views/cart'), at('/views?utm_source=news&utm_medium=email'), undefined],
      ['replace', at('/views/paid'), at('/views/cart'), undefined],
      ['pop', at('/views/cart'), at('/views/paid'), undefined],
      ['load', at('/views-on'), at('/views/cart'), undefined],
      ['bfcache', at('/views/cart'), at('/views/cart'), undefined],
    ]);
    const { properties: { vw, vh, docH, layout, bot, viewId } = {} } = views[0] as Event;
    expect([vw, vh, docH, layout, bot]).toEqual([1_200, 800, 800, 992, 'webdriver']);
    expect(new Set(views.map(({ properties }) => properties?.['viewId'])).size).toBe(6);
    expect(views[0]?.id).toBe(`${viewId}.0`);
    expect(new Set(views.map(({ anonymousId }) => anonymousId)).size).toBe(1);
    const gone = views[3]?.properties?.['viewId'];
    const reports = (await seen('views', 'activity', 4)).filter(({ properties }) => properties?.['viewId'] === gone);
    expect(reports.map(({ properties }) => properties?.['last'])).toEqual([true]);
  });

  test('without the navigation interface history is watched; fragments are views where the page says so', async () => {
    shop.page('/hash', '', 'data-hash="on"');
    const page = await enter('/hash#/cart', { before: () => Object.defineProperty(window, 'navigation', { value: undefined }) });
    await page.evaluate(`location.hash = '/user/jane@x.example?token=s3cret'`);
    await page.waitForURL('**jane**');
    await page.evaluate(
      `history.pushState(0, '', '/hash/pushed'); history.replaceState(0, '', '/hash/replaced'); history.back()`,
    );
    await page.waitForURL('**jane**');
    const views = await seen('hash', 'page', 5);
    expect(views.map(({ page: url, properties: { nav } = {} }) => [nav, url?.slice(shop.origin.length)])).toEqual([
      ['load', '/hash#/cart'],
      ['hash', '/hash#/user/:id'],
      ['push', '/hash/pushed'],
      ['replace', '/hash/replaced'],
      ['pop', '/hash#/user/:id'],
    ]);
  });

  test('a page that is rendered beforehand is viewed when it is shown', async () => {
    shop.page('/beforehand', '');
    const page = await enter('/beforehand', {
      before: () => {
        Object.defineProperty(document, 'prerendering', { value: true, configurable: true });
        (window as unknown as { tributary: unknown[] }).tributary = [['track', 'Beforehand']];
      },
    });
    expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
    await page.evaluate(
      `Object.defineProperty(document, 'prerendering', { value: false }); document.dispatchEvent(new Event('prerenderingchange'))`,
    );
    await leave(page);
    expect(await seen('beforehand', 'page', 1)).toHaveLength(1);
    expect(await seen('beforehand', 'Beforehand', 1)).toHaveLength(1);
  });

  test('clicks: where in the box of the tracked element, by the keyboard its middle, three that are near are rage, one on a label is one', async () => {
    shop.page(
      '/clicks',
      `<link rel="stylesheet" href="/clicks.css"><main data-track="hero" id="hero"><button id="buy">Buy s3cret</button></main>
       <label id="label">s3cret <input type="checkbox" id="box"></label><div id="shadow"></div><script src="/clicks.js"></script>`,
    );
    shop.page('/clicks.css', 'main { margin: 13px; width: 400px; height: 200px }');
    shop.page(
      '/clicks.js',
      `const root = document.querySelector('#shadow').attachShadow({ mode: 'open' });
      const section = document.createElement('section'); section.dataset.track = 'deep'; root.append(section);
      const inner = section.appendChild(document.createElement('p')).attachShadow({ mode: 'open' });
      inner.append(document.createElement('span'), document.createElement('b')); inner.lastChild.textContent = 's3cret';
      root.host.addEventListener('click', (event) => event.stopPropagation(), true);`,
    );
    // Rage is three clicks within a second: this page has one moment for all of them, however slow the machine is.
    const page = await enter('/clicks', { frozenAt: Date.now() });
    const box = await page.locator('#hero').boundingBox();
    const { x = 0, y = 0, width = 0, height = 0 } = box ?? {};
    await page.mouse.click(x + width * 0.75, y + height / 2);
    await page.evaluate(`buy.click(); buy.focus()`);
    await page.keyboard.press('Enter');
    await page.click('#label', { position: { x: 2, y: 2 } });
    const deep = await page.locator('#shadow b').boundingBox();
    for (let i = 0; i < 4; i++) await page.mouse.click((deep?.x ?? 0) + 2 + i, (deep?.y ?? 0) + 2);
    await leave(page);
    const clicks = await seen('clicks', 'click', 7);
    expect(clicks.map(({ element, properties: { kind, path } = {} }) => [element, kind, path])).toEqual([
      ['hero', 'click', 'html:1>body:2>main:1'],
      ['hero', 'click', 'html:1>body:2>main:1>button:1'],
      [undefined, 'click', 'html:1>body:2>label:2'],
      ['deep', 'click', expect.stringMatching(/^body:2>div:3>>>section:1>p:1>>>b:2$/)],
      ['deep', 'click', expect.any(String)],
      ['deep', 'rage', expect.any(String)],
      ['deep', 'rage', expect.any(String)],
    ]);
    const [first, second] = clicks.map(
      ({ properties: { ex, ey, px, py } = {} }) => ({ ex, ey, px, py }) as Record<string, number>,
    );
    expect(Math.abs((first?.['ex'] ?? 0) - 7_500)).toBeLessThan(20);
    expect(first).toMatchObject({ px: Math.floor(x + width * 0.75) });
    expect(second).toMatchObject({ ex: 5_000, ey: 5_000, px: Math.floor(x + width / 2), py: Math.floor(y + height / 2) });
  });

  test('a click is at its place in the element, whatever the width, and of the class of that width', async () => {
    shop.page(
      '/widths',
      '<link rel="stylesheet" href="/widths.css"><meta name="viewport" content="width=device-width"><main data-track="hero"></main>',
    );
    shop.page('/widths.css', 'body { margin: 0 } main { margin: 20px 10%; width: 40%; height: 20vw }');
    const page = await enter('/widths');
    const layouts = [
      [390, 0],
      [800, 576],
      [1_200, 992],
      [1_600, 1_440],
    ] as const;
    for (const [width] of layouts) {
      await page.setViewportSize({ width, height: 800 });
      await page.goto(`${shop.origin}/widths`);
      await becomes(page, '!Array.isArray(window.tributary ?? [])', true);
      const box = await page.locator('main').boundingBox();
      await page.mouse.click((box?.x ?? 0) + 0.75 * (box?.width ?? 0), (box?.y ?? 0) + 0.25 * (box?.height ?? 0));
    }
    await leave(page);
    // On a machine with other work a page may be there for a second after its click, which is reported as dead as well.
    const clicked = async () =>
      (await seen('widths', 'click', layouts.length)).filter(({ properties }) => properties?.['kind'] === 'click');
    await expect.poll(async () => (await clicked()).length, WAIT).toBe(layouts.length);
    const clicks = await clicked();
    expect(clicks.map(({ element, properties }) => [element, properties?.['layout']])).toEqual(
      layouts.map(([, layout]) => ['hero', layout]),
    );
    for (const { properties } of clicks) {
      expect(Math.abs(Number(properties?.['ex']) - 7_500)).toBeLessThan(100);
      expect(Math.abs(Number(properties?.['ey']) - 2_500)).toBeLessThan(200);
    }
  });

  test('links: where to, without the query; files, mail and telephone; the middle button opens a link too', async () => {
    const hosts = `<a id="in" href="/links/42?token=s3cret">in</a><a id="out" href="https://other.example/a/jane@x.example?q=s3cret#s3cret">out</a>
      <a id="file" href="https://other.example/list.pdf?s3cret">file</a><a id="named" download href="/links.csv">named</a>
      <a id="mail" href="mailto:jane-s3cret@x.example">mail</a><a id="tel" href="tel:+49151s3cret">tel</a><a id="js" href="#s3cret">#</a>`;
    shop.page('/links', `${hosts}<script src="/links.js"></script>`);
    shop.page(
      '/links.js',
      `addEventListener('click', (event) => event.preventDefault()); addEventListener('auxclick', (event) => event.preventDefault());`,
    );
    const page = await enter('/links');
    for (const id of ['in', 'out', 'file', 'named', 'mail', 'tel', 'js']) await page.click(`#${id}`);
    await page.click('#out', { button: 'middle' });
    await leave(page);
    const links = await seen('links', 'link', 8);
    const own = new URL(shop.origin).host;
    expect(links.map(({ properties: { target, host, path } = {} }) => [target, host, path])).toEqual([
      ['internal', own, '/links/:id'],
      ['outbound', 'other.example', '/a/:id'],
      ['download', 'other.example', '/list.pdf'],
      ['download', own, '/links.csv'],
      ['mailto', undefined, undefined],
      ['tel', undefined, undefined],
      ['internal', own, '/links'],
      ['outbound', 'other.example', '/a/:id'],
    ]);
    expect(await seen('links', 'click', 7)).toHaveLength(7);
  });

  test('forms: which fields, for how long, sent or left; never what was typed, nor how long it is', async () => {
    const TYPES =
      'text password email tel url search number date datetime-local month week time color range checkbox radio hidden file'.split(
        ' ',
      );
    const fields = TYPES.map((type) => `<input type="${type}" name="${type}" id="t-${type}">`).join('');
    const more =
      '<textarea name="note"></textarea><select name="plan"><option>a<option>s3cret-plan</select><div contenteditable id="free"></div>';
    shop.page(
      '/forms',
      `<form id="order">${fields}${more}<button id="send">s3cret</button></form>
      <form name="search"><input name="id" id="q"><input name="jane@x.example"></form><script src="/forms.js"></script>`,
    );
    shop.page('/forms.js', `addEventListener('submit', (event) => event.preventDefault())`);
    const page = await enter('/forms');
    const typed: Record<string, string> = {
      email: 's3cret@x.example',
      url: 'https://s3cret.example/',
      number: '739154',
      tel: '0739154',
      date: '1973-09-15',
      'datetime-local': '1973-09-15T07:39',
      month: '1973-09',
      week: '1973-W37',
      time: '07:39',
      color: '#739154',
      range: '73',
    };
    for (const type of TYPES.filter((one) => one !== 'hidden')) {
      const field = page.locator(`#t-${type}`);
      if (type === 'checkbox' || type === 'radio') await field.check();
      else if (type === 'file')
        await field.setInputFiles({ name: 's3cret.txt', mimeType: 'text/plain', buffer: Buffer.from('s3cret') });
      else if (/^(text|password|search)$/.test(type)) await field.pressSequentially('s3cret');
      else await field.fill(typed[type] ?? '');
    }
    await page.locator('textarea').fill('s3cret words');
    await page.locator('select').focus();
    await page.locator('select').selectOption('s3cret-plan');
    await page.locator('#free').pressSequentially('s3cret');
    await page.click('#send');
    await page.locator('#q').focus();
    await page.keyboard.type('s3cret query');
    await page.locator('[name="jane@x.example"]').focus();
    await leave(page);
    const forms = await seen('forms', 'form', TYPES.length + 4);
    const rows = forms.map(({ properties: { form, field, action } = {} }) => `${form} ${field} ${action}`);
    const changed = [...TYPES.filter((type) => type !== 'hidden'), 'note', 'plan'].map((name) => `order ${name} change`);
    expect(rows).toEqual([...changed, 'order plan submit', 'search id change', 'search :id focus', 'search :id abandon']);
    for (const { properties } of forms)
      expect(Object.keys(properties ?? {}).sort()).toEqual([
        '$originalTimestamp',
        '$sentAt',
        'action',
        'bot',
        'field',
        'form',
        'layout',
        'ms',
        'viewId',
      ]);
  });

  /** The sums of what the reports of a page say; `last`: how many of them are the last. */
  async function activityOf(name: string): Promise<Record<string, number>> {
    await expect
      .poll(async () => (await seen(name, 'activity', 1)).some(({ properties }) => properties?.['last']), WAIT)
      .toBe(true);
    const reports = (await seen(name, 'activity', 1)).map(({ properties }) => properties as Record<string, number>);
    const sum = (field: string) => reports.reduce((all, one) => all + Number(one[field] ?? 0), 0);
    return {
      engagedMs: sum('engagedMs'),
      visibleMs: sum('visibleMs'),
      hoverMs: sum('hoverMs'),
      last: sum('last'),
      reports: reports.length,
    };
  }

  test('time without an input, or in another window, is not engaged; 15 s that are, are reported at once', async () => {
    shop.page('/idle', '');
    const page = await enter('/idle', { frozenAt: Date.now() });
    const focus = (has: boolean) =>
      page.evaluate(`document.hasFocus = () => ${has}; dispatchEvent(new Event('${has ? 'focus' : 'blur'}'))`);
    // Each input covers [t, t + 5000): the second comes just as the first ends.
    for (const ms of [5_000, 5_000, 4_999]) {
      await page.clock.runFor(ms);
      await page.keyboard.press('Shift');
    }
    expect(await page.evaluate('Object.keys(localStorage).length')).toBeLessThan(3);
    await page.clock.runFor(1);
    await page.mouse.move(5, 5);
    const [report] = await seen('idle', 'activity', 1);
    expect(report?.properties).toMatchObject({ seq: 0, engagedMs: 15_000, visibleMs: 15_000 });
    await page.clock.runFor(1_000);
    await focus(false);
    await page.mouse.move(9, 9);
    await page.clock.runFor(3_600_000);
    await focus(true);
    await page.clock.runFor(1_000);
    await leave(page);
    expect(await activityOf('idle')).toMatchObject({ engagedMs: 16_000, visibleMs: 15_000 + 3_602_000, reports: 2 });
  });

  test('whatever was typed, clicked or stood in an address: none of it is on the wire', () => {
    expect(shop.wire.length).toBeGreaterThan(10);
    // Ids are made at random, and times of sending are of now: what is as short as a number they may hold within.
    const secrets =
      /s3cret|Secret title|(?<!\w)#?0?739154|(?<!\w)1973-?09|(?<![\w:])07:39|(?<!\w)jane[@-]|session=|token=|1973-W37/i;
    for (const typed of [
      '"0739154"',
      ' 739154',
      '#739154',
      '1973-09-15',
      '"19730915"',
      '"07:39"',
      '/jane@x.example',
      'mailto:jane-s3',
    ])
      expect(secrets.test(typed), typed).toBe(true);
    expect(shop.wire.filter((text) => secrets.test(text)).map((text) => secrets.exec(text))).toEqual([]);
  });
});
