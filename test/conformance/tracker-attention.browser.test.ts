/** What people look at, in a real Chromium whose clock stands still until it is moved: each basis to the millisecond, and what measuring costs. */
import { split } from '@tributary/model/amounts/money';
import type { Event } from '@tributary/model/event';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { reportMissingChromium, startChromium } from './chromium.ts';
import { openShop, type Shop, type Visit, visit } from './tracker-shop.ts';

const missing = reportMissingChromium('attention in Chromium (test/conformance/tracker-attention.browser.test.ts)');
const WAIT = { timeout: 30_000, interval: 20 };

interface Sums {
  readonly engagedMs: number;
  readonly hoverMs: number;
  readonly lost: number;
  readonly bands: readonly number[];
  /** By key: ms under the pointer, ms in the viewport, how often it was seen for the first time. */
  readonly els: Readonly<Record<string, readonly [number, number, number]>>;
  readonly moves: Readonly<Record<string, number>>;
}

/** Attention begins with watching the document. */
const OBSERVING = `{ const { observe } = MutationObserver.prototype;
  MutationObserver.prototype.observe = function (...args) { globalThis.observing = (globalThis.observing ?? 0) + (args[0] === document); observe.apply(this, args); }; }`;

describe.skipIf(missing !== null)('in Chromium', () => {
  let browser: Browser;
  let shop: Shop;
  let open: Visit | undefined;

  beforeAll(async () => {
    [shop, browser] = await Promise.all([openShop(), startChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });
  afterEach(async () => {
    await open?.context.close();
    expect(open?.violations).toEqual([]);
    expect(shop.exchanges.filter(({ status }) => status !== 200)).toEqual([]);
  });

  const becomes = (page: Page, expression: string, value: unknown) =>
    expect.poll(() => page.evaluate(expression), WAIT).toEqual(value);

  /** A page of 1200 × 800 whose elements have a place by class; time begins when attention is there. */
  async function enter(name: string, body: string, style: string): Promise<Page> {
    shop.page(
      `/${name}.css`,
      `body { margin: 0; position: relative } * { position: absolute } body > i { height: 4000px; width: 1px } ${style}`,
    );
    shop.page(`/${name}`, `<link rel="stylesheet" href="/${name}.css"><i></i>${body}`);
    open = await visit(browser, Date.now());
    await open.context.addInitScript(OBSERVING);
    await open.page.goto(`${shop.origin}/${name}`);
    await becomes(open.page, 'globalThis.observing', 1);
    return open.page;
  }

  async function sumsOf(page: Page, name: string): Promise<Sums> {
    await page.goto('about:blank');
    const own = async () =>
      (await shop.events()).filter((event) => event.type === 'activity' && event.page === `${shop.origin}/${name}`);
    await expect.poll(async () => (await own()).some(({ properties }) => properties?.['last']), WAIT).toBe(true);
    return sumOf(await own());
  }

  function sumOf(events: readonly Event[]): Sums {
    const els: Record<string, [number, number, number]> = {};
    const moves: Record<string, number> = {};
    const bands = new Array<number>(20).fill(0);
    let [engagedMs, hoverMs, lost] = [0, 0, 0];
    for (const { properties } of events) {
      const report = properties as unknown as {
        engagedMs: number;
        hoverMs: number;
        lost?: number;
        bands: number[];
        els: [string, number, number, number][];
        moves: [string, number, number][];
      };
      engagedMs += report.engagedMs;
      hoverMs += report.hoverMs;
      lost += report.lost ?? 0;
      for (const [i, ms] of report.bands.entries()) bands[i] = (bands[i] ?? 0) + ms;
      for (const [key, cursorMs, viewportMs, isSeen] of report.els) {
        const [a, b, c] = els[key] ?? [0, 0, 0];
        els[key] = [a + cursorMs, b + viewportMs, c + isSeen];
      }
      for (const [key, cell, ms] of report.moves) moves[`${key} ${cell}`] = (moves[`${key} ${cell}`] ?? 0) + ms;
    }
    return { engagedMs, hoverMs, lost, bands, els, moves };
  }

  const total = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

  test('the worked example: nav 800, hero 2500, cta 9500, elsewhere 1200 of 14 000 ms', async () => {
    const style =
      'nav { width: 1200px; height: 100px } main { top: 100px; width: 1200px; height: 700px } div { top: 800px; width: 1200px; height: 2000px }';
    const page = await enter(
      'example',
      '<nav data-track="nav"></nav><main data-track="hero"></main><div data-track="cta"></div>',
      style,
    );
    let at = 0;
    const until = async (ms: number) => {
      await page.clock.runFor(ms - at);
      at = ms;
    };
    const show = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    await until(1_200);
    await page.mouse.move(100, 50);
    await until(2_000);
    await page.mouse.move(100, 300);
    await until(4_500);
    await page.evaluate(
      `globalThis.overCta = 0; addEventListener('pointerover', ({ target }) => { overCta += target.localName === 'div' ? 1 : 0 }, true)`,
    );
    await page.mouse.wheel(0, 600);
    await becomes(page, '[scrollY, overCta]', [600, 1]);
    await until(6_000);
    await page.mouse.click(100, 300);
    await until(13_000);
    await page.keyboard.press('Shift');
    await until(15_000);
    await show(true);
    await until(40_000);
    await show(false);
    await until(41_000);
    const { engagedMs, hoverMs, els, bands, moves } = await sumsOf(page, 'example');
    expect([engagedMs, hoverMs]).toEqual([14_000, 14_000]);
    const cursor = Object.fromEntries(Object.entries(els).map(([key, [ms]]) => [key, ms]));
    expect(cursor).toEqual({ nav: 800, hero: 2_500, cta: 9_500 });
    const tenths = (n: number) => Math.floor((2_000 * n + engagedMs) / (2 * engagedMs));
    expect(['cta', 'hero', 'nav'].map((key) => tenths(cursor[key] ?? 0))).toEqual([679, 179, 57]);
    // Everything is visible all the time, or under the fold: shares of all engaged time.
    expect(total(Object.values(els).map(([, ms]) => ms))).toBe(14_000);
    expect(total(bands)).toBe(14_000);
    expect(total(Object.values(moves))).toBe(12_800);
    expect(Object.values(els).map(([, , first]) => first)).toEqual([1, 1, 1]);
  });

  test('time in the viewport is shared by visible pixels over the innermost elements, in order of their keys; scrolling changes the shares', async () => {
    const style =
      'main { width: 1000px; height: 3000px } b { width: 300px; height: 200px; top: 100px } u { left: 400px; top: 700px; width: 500px; height: 333px } s { top: 2900px; width: 50px; height: 50px }';
    const page = await enter(
      'shares',
      '<main data-track="main"><b data-track="b"></b><u data-track="a"></u><s data-track="far"></s></main>',
      style,
    );
    await page.evaluate(`globalThis.scrolls = 0; addEventListener('scroll', () => scrolls++)`);
    await page.clock.runFor(1_001);
    await page.evaluate('scrollTo(0, 250)');
    await becomes(page, 'scrolls', 1);
    // A scroll is measured at once where none was for 100 ms; the next one then.
    await page.clock.runFor(50);
    await page.evaluate('scrollTo(0, 3000)');
    await becomes(page, 'scrolls', 2);
    await page.clock.runFor(1_950);
    const { engagedMs, els, bands } = await sumsOf(page, 'shares');
    const first = split(1_001, [500 * 100, 300 * 200]);
    const second = split(100, [500 * 333, 300 * 50]);
    expect(engagedMs).toBe(3_001);
    expect(els).toMatchObject({
      a: [0, (first[0] ?? 0) + (second[0] ?? 0), expect.any(Number)],
      b: [0, (first[1] ?? 0) + (second[1] ?? 0), 1],
      main: [0, 0, 1],
    });
    expect(els).not.toHaveProperty('far');
    expect(total(bands)).toBe(3_001);
    const inBands = (ms: number, top: number) =>
      split(
        ms,
        Array.from({ length: 20 }, (_, i) => Math.max(0, Math.min(top + 800, 200 * (i + 1)) - Math.max(top, 200 * i))),
      );
    const expected = [inBands(1_001, 0), inBands(100, 250), inBands(1_900, 3_000)];
    expect(bands).toEqual(bands.map((_, i) => total(expected.map((one) => one[i] ?? 0))));
  });

  test('seen is half of an element, 30 % of a large one, half of the viewport of a tall one, for a second without a break; a click is enough', async () => {
    const style = `p { margin: 0 } #half { top: 700px; width: 100px; height: 200px } #less { top: 701px; left: 110px; width: 100px; height: 200px }
      #large { top: 650px; left: 220px; width: 500px; height: 500px } #small { top: 651px; left: 730px; width: 100px; height: 497px }
      #tall { top: 400px; left: 1100px; width: 50px; height: 3000px } #taller { top: 401px; left: 1151px; width: 49px; height: 3000px }
      #clicked { top: 790px; left: 1000px; width: 50px; height: 50px }`;
    const ids = ['half', 'less', 'large', 'small', 'tall', 'taller', 'clicked'];
    const page = await enter('seen', ids.map((id) => `<p id="${id}" data-track="${id}"></p>`).join(''), style);
    await page.clock.runFor(999);
    await page.evaluate(`document.hasFocus = () => false; dispatchEvent(new Event('blur'))`);
    await page.clock.runFor(5_000);
    await page.evaluate(`document.hasFocus = () => true; dispatchEvent(new Event('focus'))`);
    await page.clock.runFor(999);
    await page.keyboard.press('Shift');
    const sums = async () => {
      // A report each time that the page is hidden.
      const before = (await shop.events()).filter(({ type, page: url }) => type === 'activity' && url?.endsWith('/seen')).length;
      await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true }); document.dispatchEvent(new Event('visibilitychange'));
        Object.defineProperty(document, 'hidden', { value: false, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`);
      const own = async () =>
        (await shop.events()).filter(({ type, page: url }) => type === 'activity' && url?.endsWith('/seen'));
      await expect.poll(async () => (await own()).length, WAIT).toBe(before + 1);
      const { els } = sumOf(await own());
      return Object.keys(els).filter((key) => els[key]?.[2] === 1);
    };
    expect(await sums()).toEqual([]);
    await page.clock.runFor(1_000);
    await page.mouse.click(1_010, 795);
    expect((await sums()).sort()).toEqual(['clicked', 'half', 'large', 'tall']);
    await page.clock.runFor(3_000);
    expect((await sums()).sort()).toEqual(['clicked', 'half', 'large', 'tall']);
  });

  test('the pointer is over the innermost element, through open shadow roots, and its time adds up by cells of the box', async () => {
    const style =
      'main { width: 1600px; height: 1600px; left: 0 } #host { left: 200px; top: 160px; width: 160px; height: 160px }';
    const page = await enter('deep', '<main data-track="outer"></main>', style);
    await page.evaluate(`{ const host = document.createElement('div'); host.id = 'host'; document.getElementsByTagName('main')[0].append(host); const root = host.attachShadow({ mode: 'open' }); const inner = document.createElement('section'); inner.dataset.track = 'inner';
      inner.append(document.createElement('p')); root.append(inner); const sheet = new CSSStyleSheet(); sheet.replaceSync('section, p { position: absolute; inset: 0; margin: 0 }'); root.adoptedStyleSheets = [sheet]; }`);
    await page.clock.runFor(1_000);
    await page.mouse.move(50, 50);
    await page.clock.runFor(500);
    await page.mouse.move(201, 161);
    await page.clock.runFor(300);
    await page.mouse.move(215, 181);
    await page.clock.runFor(700);
    await page.mouse.move(150, 150);
    await page.clock.runFor(100);
    const { els, moves } = await sumsOf(page, 'deep');
    expect([els['outer']?.[0], els['inner']?.[0]]).toEqual([600, 1_000]);
    expect(moves).toEqual({ 'outer 0': 500, 'inner 0': 300, 'inner 33': 700, 'outer 17': 100 });
    expect(els['inner']?.[1]).toBeGreaterThan(0);
  });

  test('a click that nothing comes of is dead after a second, beside the click that it was', async () => {
    const style =
      'p { width: 100px; height: 20px } #works { top: 100px } #scrolls { top: 200px } #field { top: 300px } #link { top: 400px }';
    const page = await enter(
      'dead',
      '<p id="dead" data-track="dead">x</p><p id="works" data-track="works">x</p><p id="scrolls" data-track="scrolls">x</p><input id="field"><a id="link" href="#x">x</a>',
      style,
    );
    await page.evaluate(
      `works.addEventListener('click', () => setTimeout(() => { works.className = 'on' }, 900)); scrolls.addEventListener('click', () => scrollTo(0, 1))`,
    );
    await page.evaluate(`globalThis.scrolls = 0; addEventListener('scroll', () => scrolls++)`);
    for (const id of ['works', 'scrolls', 'field', 'link']) {
      await page.click(`#${id}`);
      if (id === 'scrolls') await becomes(page, 'scrolls', 1);
      await page.clock.runFor(1_500);
    }
    await page.click('#dead');
    await page.clock.runFor(999);
    await page.clock.runFor(1);
    await page.goto('about:blank');
    const kinds = async () =>
      (await shop.events())
        .filter(({ type, page: url }) => type === 'click' && url?.endsWith('/dead'))
        .map(({ element, properties }) => `${element} ${properties?.['kind']}`);
    await expect.poll(kinds, WAIT).toContain('dead dead');
    expect((await kinds()).filter((kind) => kind.endsWith('dead'))).toEqual(['dead dead']);
    expect(await kinds()).toHaveLength(6);
  });

  test('a report is bounded: the elements that were looked at longest, and how many were left out', async () => {
    const many = Array.from(
      { length: 150 },
      (_, i) => `<b class="c${i}" data-track="${`element ${i} `.padEnd(64, ' -')}"></b>`,
    ).join('');
    const style = Array.from(
      { length: 150 },
      (_, i) => `.c${i} { left: ${(i % 15) * 60}px; top: ${Math.floor(i / 15) * 60}px; width: ${20 + (i % 30)}px; height: 50px }`,
    ).join('');
    const page = await enter('many', many, style);
    await page.clock.runFor(3_000);
    const { els, lost, engagedMs } = await sumsOf(page, 'many');
    expect(Object.keys(els)).toHaveLength(100);
    expect(lost).toBe(50);
    expect(total(Object.values(els).map(([, ms]) => ms))).toBeLessThan(engagedMs);
    expect(Math.min(...Object.values(els).map(([, ms]) => ms))).toBeGreaterThan(10);
  });

  test('a second of a moving pointer, 60 movements over 6 elements, costs at most 1 ms of the main thread', async () => {
    const boxes = Array.from({ length: 60 }, (_, i) => `<b class="c${i}" data-track="b${i}"></b>`).join('');
    const style = Array.from(
      { length: 60 },
      (_, i) => `.c${i} { left: ${(i % 10) * 110}px; top: ${Math.floor(i / 10) * 120}px; width: 100px; height: 110px }`,
    ).join('');
    shop.page('/busy.css', `body { margin: 0 } b { position: absolute } ${style}`);
    shop.page('/busy', `<link rel="stylesheet" href="/busy.css">${boxes}`);
    // A minute at once, by a clock of the page that goes on with each movement; reports and requests are part of it.
    const clock = 'globalThis.at = 0; performance.now = () => at;';
    const minute = `{ const boxes = document.getElementsByTagName('b');
      for (let i = 0; i < 3600; i++) {
        const box = boxes[Math.floor(i / 10) % boxes.length]; const init = { bubbles: true, composed: true, clientX: i % 1000, clientY: i % 700, pointerType: 'mouse' };
        if (i % 10 === 0) box.dispatchEvent(new PointerEvent('pointerover', init));
        box.dispatchEvent(new PointerEvent('pointermove', init)); at += 1000 / 60;
      } }`;
    const quickest = async (isTracked: boolean) => {
      open = await visit(browser);
      await open.context.addInitScript(clock + (isTracked ? OBSERVING : 'window.tributary = { push() {} }'));
      await open.page.goto(`${shop.origin}/busy`, { waitUntil: 'load' });
      if (isTracked) await becomes(open.page, 'globalThis.observing', 1);
      const session = await open.context.newCDPSession(open.page);
      // The processor time of the thread: how long it waited for a processor does not count.
      await session.send('Performance.enable', { timeDomain: 'threadTicks' });
      const spentMs = async () => {
        const { metrics } = await session.send('Performance.getMetrics');
        return 1_000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0);
      };
      const costs: number[] = [];
      for (let i = 0; i < 5; i++) {
        const before = await spentMs();
        await open.page.evaluate(minute);
        costs.push(((await spentMs()) - before) / 60);
      }
      await open.context.close();
      return Math.min(...costs);
    };
    const [without, tracked] = [await quickest(false), await quickest(true)];
    process.stdout.write(`a second of movements: ${tracked.toFixed(3)} ms, ${without.toFixed(3)} without a tracker\n`);
    expect(tracked - without).toBeGreaterThan(0);
    expect(tracked - without).toBeLessThanOrEqual(1);
  });
});
