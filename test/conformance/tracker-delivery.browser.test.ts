/**
 * What a page saw arrives once, whatever becomes of the page, of its visitor's consent and of the collector. In a real Chromium. TRACKER_KILLS=200
 * kills as many tabs, at other moments than the suite does.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { reportMissingChromium, startChromium } from './chromium.ts';
import { openShop, type Shop, visit } from './tracker-shop.ts';

const missing = reportMissingChromium(
  'what the tracker delivers in Chromium (test/conformance/tracker-delivery.browser.test.ts)',
);
const WAIT = { timeout: 30_000, interval: 20 };
const { TRACKER_KILLS = '50' } = process.env;
const KILLS = Number(TRACKER_KILLS);

describe.skipIf(missing !== null)('in Chromium', () => {
  let browser: Browser;
  let shop: Shop;
  let context: BrowserContext;

  beforeAll(async () => {
    [shop, browser] = await Promise.all([openShop(), startChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
    expect(shop.collector.defects).toEqual([]);
  });
  afterEach(async () => {
    shop.gate.release();
    await context.close();
    shop.gate.mood = 'pass';
    shop.gate.attempts.length = 0;
  });

  async function enter(path: string, before?: () => void): Promise<Page> {
    const visitor = await visit(browser);
    context = visitor.context;
    if (before) await context.addInitScript(before);
    await visitor.page.goto(`${shop.origin}${path}`);
    await becomes(visitor.page, '!Array.isArray(window.tributary ?? [])', true);
    return visitor.page;
  }

  const becomes = (page: Page, expression: string, value: unknown) =>
    expect.poll(() => page.evaluate(expression), WAIT).toEqual(value);
  const STORED = `Object.keys(localStorage).filter((name) => name.startsWith('tributary:')).length`;
  const ofType = async (type: string) => (await shop.events()).filter((event) => event.type === type);
  const sentIds = () => shop.gate.attempts.map(({ body }) => body.batch.map(({ messageId }) => messageId));

  test('a body is a text with its key, asks for no permission, and leaves the store once it was answered', async () => {
    shop.page('/own/plain', '');
    const page = await enter('/own/plain');
    await becomes(page, STORED, 0);
    await page.evaluate(`tributary.push(['track', 'Plain', { said: 'grüß €' }], ['user', 'ada'], ['track', 'Known'])`);
    expect(await page.evaluate(STORED)).toBe(2);
    await page.goto('about:blank');
    await expect.poll(async () => (await ofType('Known'))[0]?.userId, WAIT).toBe('ada');
    expect((await ofType('Plain'))[0]?.properties).toMatchObject({ said: 'grüß €' });
    for (const { headers, path } of shop.gate.attempts) {
      expect(path).toBe('/own');
      expect(headers['content-type']).toBe('text/plain;charset=UTF-8');
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('cookie');
    }
  });

  test('what a collector did not take is kept, waits, and is sent again under the same ids and with the time of that attempt', async () => {
    shop.page('/own/trouble', '');
    shop.gate.mood = 503;
    const page = await enter('/own/trouble');
    await expect.poll(() => shop.gate.attempts.length, WAIT).toBe(1);
    await page.evaluate(`tributary.push(['track', 'Trouble'])`);
    await page.evaluate(`history.pushState(0, '', '/own/trouble/later')`);
    // A pause after a failure: no attempt is made with each view.
    expect(await page.evaluate(STORED)).toBeGreaterThan(3);
    expect(shop.gate.attempts).toHaveLength(1);
    shop.gate.mood = 'take';
    await page.goto(`${shop.origin}/own/trouble`);
    await expect.poll(async () => (await ofType('Trouble')).length, WAIT).toBe(1);
    expect(await page.evaluate(STORED)).toBeGreaterThan(3);
    shop.gate.mood = 'pass';
    await page.goto(`${shop.origin}/own/trouble`);
    await becomes(page, STORED, 0);
    const [first, ...later] = sentIds();
    expect(later.filter((ids) => ids.includes(first?.[0] ?? ''))).toHaveLength(2);
    const times = shop.gate.attempts.map(({ body }) => body.sentAt);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    // Twice in the log, once by its id (law 3).
    const arrived = (await shop.collector.events()).filter(({ type }) => type === 'Trouble');
    expect(arrived).toHaveLength(2);
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(1);
    expect(await ofType('Trouble')).toHaveLength(1);
  });

  test('while a collector does not answer, only a page that goes asks again; after a while its events are sent again', async () => {
    const asked = () =>
      shop.gate.attempts
        .filter(({ text }) => text.includes('/own/hangs'))
        .map(({ body }) => body.batch.map(({ messageId }) => messageId));
    shop.page('/own/hangs', '');
    shop.gate.mood = 'hang';
    const page = await enter('/own/hangs', () => {
      // Time is up when the test says so.
      AbortSignal.timeout = () => {
        const giveUp = new AbortController();
        Object.assign(window, { giveUp: () => giveUp.abort() });
        return giveUp.signal;
      };
      const send = window.fetch;
      Object.assign(window, { ended: 0 });
      window.fetch = (...args) => send(...args).finally(() => Object.assign(window, { ended: Reflect.get(window, 'ended') + 1 }));
    });
    await expect.poll(() => asked().length, WAIT).toBe(1);
    for (let i = 0; i < 8; i++) await page.evaluate(`history.pushState(0, '', '/own/hangs/${i}')`);
    expect(asked()).toHaveLength(1);
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await hide(true);
    await expect.poll(() => asked().length, WAIT).toBe(2);
    await hide(false);
    const [first = [], second = []] = asked();
    expect(second.filter((id) => first.includes(id))).toEqual([]);
    shop.gate.mood = 'pass';
    await page.evaluate('giveUp()');
    shop.gate.release();
    await becomes(page, 'ended', 2);
    expect(await page.evaluate(STORED)).toBe(first.length + second.length);
    await page.evaluate('{ const now = performance.now.bind(performance); performance.now = () => now() + 20_000; }');
    await page.evaluate(`history.pushState(0, '', '/own/hangs/last')`);
    await becomes(page, STORED, 0);
    expect(asked().slice(2).flat()).toEqual(expect.arrayContaining([...first, ...second]));
  });

  test('what would be refused again is given up', async () => {
    shop.page('/own/refused', '');
    for (const status of [400, 401, 403, 413]) {
      shop.gate.mood = status;
      const page = await enter('/own/refused');
      await becomes(page, STORED, 0);
      await context.close();
    }
    const views = shop.gate.attempts.flatMap(({ body }) => body.batch).filter(({ event }) => event === 'page');
    expect(views).toHaveLength(4);
  });

  test('at most 200 events, 64 KB and 24 hours are kept, the newest, in bodies of at most 48 KB', async () => {
    shop.page('/own/bounds', '');
    shop.gate.mood = 503;
    const page = await enter('/own/bounds');
    await page.evaluate(`for (let i = 0; i < 400; i++) tributary.push(['track', 'Small', { i }])`);
    const kept = `Object.entries(localStorage).filter(([name]) => name.startsWith('tributary:')).map(([, text]) => text)`;
    const stored = (await page.evaluate(kept)) as string[];
    expect(stored.length).toBeLessThanOrEqual(200);
    expect(stored.join('').length).toBeLessThanOrEqual(65_536);
    expect(stored.join('').length).toBeGreaterThan(60_000);
    expect(stored.some((text) => text.includes('"i":399'))).toBe(true);
    expect(stored.some((text) => text.includes('"i":0}'))).toBe(false);
    await page.evaluate(
      `for (let i = 0; i < 30; i++) tributary.push(['track', 'Wide', { text: '€'.repeat(4000) }]); tributary.push(['track', 'Huge', { text: 'x'.repeat(16000) }])`,
    );
    await page.evaluate(`localStorage.setItem('tributary:old.0', JSON.stringify({ timestamp: Date.now() - 86400001, messageId: 'old.0' }));
      localStorage.setItem('tributary:broken', '{'); localStorage.setItem('other', 'kept')`);
    shop.gate.mood = 'pass';
    await page.goto(`${shop.origin}/own/bounds`);
    await becomes(page, STORED, 0);
    expect(await page.evaluate(`localStorage.getItem('other')`)).toBe('kept');
    expect(sentIds().flat()).not.toContain('old.0');
    for (const { text } of shop.gate.attempts) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(48 * 1024);
    expect((await ofType('Wide')).length).toBeGreaterThanOrEqual(15);
    expect(await ofType('Huge')).toEqual([]);
  });

  test('consent: while it is pending nothing is stored or sent; denied takes all away; a browser that asks not to be tracked has denied', async () => {
    const sentOf = (path: string) =>
      shop.gate.attempts.filter(({ text }) => text.includes(path)).flatMap(({ body }) => body.batch.map(({ event }) => event));
    const nothing = async (one: Page) => {
      const before = shop.gate.attempts.length;
      await one.mouse.click(5, 5);
      await one.evaluate(`tributary.push(['track', 'Unasked']); history.pushState(0, '', '?' + Math.random())`);
      expect(await one.evaluate('Object.keys(localStorage)')).toEqual([]);
      expect(shop.gate.attempts).toHaveLength(before);
    };
    shop.page('/own/pending', '', 'data-consent="pending"');
    const page = await enter('/own/pending');
    await nothing(page);
    await page.evaluate(
      `for (let i = 0; i < 60; i++) tributary.push(['track', 'Waited', { i }]); tributary.push(['consent', 'granted'])`,
    );
    await becomes(page, STORED, 0);
    expect(sentOf('/own/pending')).toHaveLength(50);
    expect(sentOf('/own/pending')).toEqual(expect.arrayContaining(['page', 'click', 'Unasked', 'Waited']));
    shop.gate.mood = 503;
    await page.evaluate(`tributary.push(['track', 'Kept'])`);
    expect(await page.evaluate('Object.keys(localStorage).length')).toBeGreaterThan(1);
    await page.evaluate(`tributary.push(['consent', 'denied'])`);
    await nothing(page);
    await context.close();

    shop.gate.mood = 'pass';
    for (const [path, before] of [
      ['/own/asks-gpc', () => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })],
      ['/own/asks-dnt', () => Object.defineProperty(navigator, 'doNotTrack', { value: '1' })],
    ] as const) {
      shop.page(path, '');
      const asking = await enter(path, before);
      await nothing(asking);
      await asking.evaluate(`tributary.push(['consent', 'granted'])`);
      await expect.poll(() => sentOf(path), WAIT).toEqual(['page']);
      await context.close();
    }
  });

  test('a page whose browser stores nothing sends all the same', async () => {
    shop.page('/own/stateless', '');
    const page = await enter('/own/stateless', () => {
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    });
    await page.evaluate(`tributary.push(['track', 'Stateless'])`);
    await page.goto('about:blank');
    await expect.poll(async () => (await ofType('Stateless')).length, WAIT).toBe(1);
  });

  test('hosts that share the visitor give its id with their links, and believe it only from each other, and only at once', async () => {
    const other = shop.elsewhere;
    const hosts = [shop.origin, other].map((origin) => new URL(origin).host).join(' ');
    shop.page(
      '/own/here',
      `<a id="there" href="${other}/own/there?x=1#end">there</a><a id="stranger" href="https://stranger.example/">stranger</a>`,
      `data-domains="${hosts}"`,
    );
    shop.page('/own/there', '', `data-domains="${hosts}"`);
    const page = await enter('/own/here');
    const visitor = `localStorage.getItem('tributary')`;
    const id = await page.evaluate(visitor);
    await page.evaluate(`addEventListener('click', (event) => event.target.id === 'stranger' && event.preventDefault())`);
    await page.click('#stranger');
    expect(await page.getAttribute('#stranger', 'href')).toBe('https://stranger.example/');
    await page.click('#there');
    await page.waitForURL('**/own/there**');
    expect(page.url()).toMatch(/\/own\/there\?x=1&_tr=[0-9a-f]{32}\.\d{13}#end$/);
    await becomes(page, visitor, id);
    const given = new URL(page.url()).searchParams.get('_tr') ?? '';
    await context.close();
    // The same link from elsewhere, and one that is old.
    for (const [from, link] of [
      ['about:blank', given],
      [`${shop.origin}/own/here`, `${'0'.repeat(32)}.${Date.now() - 121_000}`],
    ] as const) {
      const stranger = await enter('/own/here');
      await stranger.goto(`${other}/own/there?_tr=${link}`, { referer: from === 'about:blank' ? '' : from });
      await becomes(stranger, `${visitor}?.length`, 32);
      expect(await stranger.evaluate(visitor)).not.toBe(link.slice(0, 32));
      await context.close();
    }
    for (const { text } of shop.gate.attempts) expect(text).not.toContain('_tr=');
  });

  test('law 3: tabs that are killed at any moment lose no click that their page has seen, and double none', async () => {
    // Each tab has a page of its own: beyond 500 names of elements the collector keeps none, and segments of digits are ids.
    const nameOf = (run: number) => [...String(run)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
    const body = '<button data-track="none">x</button><script src="/kill.js"></script>';
    for (let run = 0; run < KILLS; run++) shop.page(`/own/kill/${nameOf(run)}`, body);
    shop.page(
      '/kill.js',
      `let n = 0; const run = location.pathname.split('/').pop(); const [button] = document.getElementsByTagName('button');
      addEventListener('pointerdown', () => (button.dataset.track = 'click-' + n++), true);
      addEventListener('click', () => { const ask = new XMLHttpRequest(); ask.open('POST', '/witness?' + run + ' ' + button.dataset.track, false); ask.send(); });`,
    );
    // A tab that is killed takes no leave, so that the program around it makes no difference; the shell opens one in a quarter of the time.
    const shell = await startChromium({ shellDoes: true });
    onTestFinished(() => shell.close());
    context = await shell.newContext();
    const moods = ['pass', 'take', 503, 'hang'] as const;
    let seed = 20_261_075 + KILLS;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    /** A page that is not killed sends what the others left; before they are more than may be kept. */
    const deliver = async () => {
      shop.gate.mood = 'pass';
      shop.gate.release();
      const page = await context.newPage();
      await page.goto(`${shop.origin}/own/after`);
      await becomes(page, STORED, 0);
      await page.close();
    };
    shop.page('/own/after', '');
    for (let run = 0; run < KILLS; run++) {
      shop.gate.mood = moods[random(moods.length)] as (typeof moods)[number];
      const page = await context.newPage();
      await page.goto(`${shop.origin}/own/kill/${nameOf(run)}`, { waitUntil: 'load' });
      const session = await context.newCDPSession(page);
      const crashed = new Promise((resolve) => page.once('crash', resolve));
      const mouse = (type: 'mousePressed' | 'mouseReleased') =>
        session.send('Input.dispatchMouseEvent', { type, x: 15, y: 15, button: 'left', clickCount: 1 }).catch(() => {});
      for (let i = 0; i < 6; i++) void [mouse('mousePressed'), mouse('mouseReleased')];
      await new Promise((resolve) => setTimeout(resolve, random(40)));
      void session.send('Page.crash').catch(() => {});
      await crashed;
      await page.close();
      if (run % 8 === 7 || run === KILLS - 1) await deliver();
    }
    const killed = (await ofType('click')).filter(({ page = '' }) => page.includes('/own/kill/'));
    const clicks = killed.map(({ page = '', element }) => `${page.split('/').at(-1)} ${element}`);
    process.stdout.write(`${KILLS} tabs killed, ${shop.witnessed.length} clicks seen by their pages, ${clicks.length} arrived\n`);
    expect(shop.witnessed.length).toBeGreaterThan(KILLS / 2);
    expect(shop.witnessed.map(decodeURIComponent).filter((click) => !clicks.includes(click))).toEqual([]);
    expect(clicks.length).toBe(new Set(clicks).size);
  });

  test('a page is left and another one is there as soon as without a tracker, while the collector never answers', async () => {
    shop.page('/own/slow', 'x');
    shop.page('/own/slow2', 'x');
    const page = await enter('/own/slow');
    const durations: Record<'hang' | 'none', number[]> = { hang: [], none: [] };
    for (let i = 0; i < 14; i++) {
      const kind = i % 2 === 0 ? 'hang' : 'none';
      shop.gate.mood = 'hang';
      await page.goto(`${shop.origin}/own/slow`);
      await becomes(page, '!Array.isArray(window.tributary ?? [])', true);
      if (kind === 'none') await page.evaluate(`tributary.push(['consent', 'denied'])`);
      else for (let j = 0; j < 5; j++) await page.evaluate(`tributary.push(['track', 'Slow', { text: 'x'.repeat(2000) }])`);
      const before = performance.now();
      await page.goto(`${shop.origin}/own/slow2`, { waitUntil: 'domcontentloaded' });
      durations[kind].push(performance.now() - before);
    }
    const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
    const [hang, none] = [median(durations.hang), median(durations.none)];
    process.stdout.write(
      `a navigation takes ${hang.toFixed(0)} ms while the collector hangs, ${none.toFixed(0)} ms without events\n`,
    );
    expect(hang).toBeLessThan(none + 100);
  });
});
