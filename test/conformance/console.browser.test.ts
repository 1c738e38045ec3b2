/** The console in a browser: what it shows is what the API answers, names of others stay text, and colours, widths and keys keep everybody in. */
import { afterAll, describe, expect, test } from 'vitest';
import { count, duration, money, parts, percent } from '../../packages/console/src/app/parts/format.ts';
import { wordsOf } from '../../packages/console/src/app/words.ts';
import { ADMIN, READ } from '../../services/api/test/world.ts';
import { reportMissingChromium } from './chromium.ts';
import { ADDRESSES, type ConsoleInChromium, HOSTILE, SHOP, startConsole } from './console-in-chromium.ts';

const missing = reportMissingChromium('the console in Chromium (test/conformance/console.browser.test.ts)');

const OF_SHOP = `web?page=${encodeURIComponent(SHOP)}`;
const MODELS = ['last', 'linear', 'shapley', 'markov'];
const on = missing === null ? await startConsole() : null;

describe.skipIf(on === null)('in Chromium', () => {
  const {
    world,
    api,
    browser,
    context,
    page,
    troubles,
    open,
    settled,
    logIn,
    expectNoFaults,
    stickingOut,
    answer,
    tableOf,
    cellsOf,
  } = on ?? ({} as ConsoleInChromium);
  afterAll(() => on?.close());

  test('a key opens a session, and is kept nowhere in the page', async () => {
    await page.goto(`${api}/ui/system?x=1`);
    await page.getByLabel('Key').fill('tr_other_x');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The key is not known here.').waitFor();
    await logIn('tr_reader_x');
    await page.waitForFunction(() => document.title === 'System · Tributary');
    expect(page.url()).toBe(`${api}/ui/system?x=1`);
    const kept = await page.evaluate(() =>
      JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href]),
    );
    expect(kept).toBe(JSON.stringify(['', {}, {}, `${api}/ui/system?x=1`]));
  });

  test('a link opens a session once, and its code leaves the address', async () => {
    const { code } = JSON.parse((await world.post('/ui/login-codes', {}, READ)).text) as { code: string };
    for (const opens of [true, false]) {
      const other = await browser.newContext();
      const tab = await other.newPage();
      await tab.goto(`${api}/ui/paths?days=7#code=${code}`);
      if (opens) await tab.getByRole('heading', { name: 'Paths', level: 1 }).waitFor();
      else await tab.getByText('The link was used already, or is older than 15 minutes.').waitFor();
      expect(tab.url()).toBe(`${api}/ui/paths?days=7`);
      await other.close();
    }
  });

  test('a link changes nothing where a session is open, and its code waits on', async () => {
    const { code } = JSON.parse((await world.post('/ui/login-codes', {}, ADMIN)).text) as { code: string };
    await open(`system#code=${code}`);
    await page.reload();
    await settled();
    expect(await page.locator('.holder').textContent()).toContain('read key tr_reader');
    expect(page.url()).toBe(`${api}/ui/system`);
    const own = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' };
    const spent = await world.app.inject({ method: 'POST', url: '/ui/session', headers: own, payload: { code } });
    expect([spent.statusCode, spent.json().scope]).toEqual([200, 'admin']);
  });

  test('what one tab logs out of, others show no more', async () => {
    const other = await browser.newContext();
    const [first, second] = [await other.newPage(), await other.newPage()];
    await first.goto(`${api}/ui/attribution`);
    await first.getByLabel('Key').fill('tr_reader_x');
    await first.getByRole('button', { name: 'Log in' }).click();
    await first.locator('table').first().waitFor();
    await second.goto(`${api}/ui/system`);
    await second.locator('table').first().waitFor();
    await second.getByRole('button', { name: 'Log out' }).click();
    await first.getByRole('heading', { name: 'Log in with a key' }).waitFor();
    expect(await first.locator('table').count()).toBe(0);
    await second.getByLabel('Key').fill('ta_admin_x');
    await second.getByRole('button', { name: 'Log in' }).click();
    await first.getByText('admin key').waitFor();
    await other.close();
  });

  test('the figures of a comparison are those of the API, in each layer, and all models share out the same', async () => {
    for (const layer of ['merged', 'batch', 'speed']) {
      await open(`attribution?layer=${layer}`);
      const body = await answer(
        `/v1/attribution/compare?models=${MODELS}&by=channel&intervals=1&sort=conversions&from=2026-10-22&to=2026-11-21&layer=${layer}`,
      );
      expect(body.rows.length).toBeGreaterThan(3);
      const shown = body.rows.map((row: ComparedRow) => [
        shortened(row.channel),
        count(row.touches),
        money(row.costMinor, 'EUR'),
        ...MODELS.map((model) => parts(row.models[model]?.conversions)),
      ]);
      expect([layer, await cellsOf('Conversions by channel and model')]).toEqual([layer, shown]);
      const foot = await tableOf('Conversions by channel and model').locator('tfoot tr:first-child td').allTextContents();
      const sums = MODELS.map((model) => parts(body.totals.models[model].conversions));
      expect(foot.slice(3)).toEqual(sums);
      expect(new Set(sums).size).toBe(1);
    }
    await open('attribution?days=7&against=linear');
    const { rows, totals } = await answer(
      '/v1/attribution?model=linear&by=channel&from=2026-11-14&to=2026-11-21&intervals=1&against=previous&sort=conversions&limit=50',
    );
    const changes = (row: ChangedRow) => [parts(row.conversions), parts(row.previousConversions), signed(row.conversionsChange)];
    const shown = (await cellsOf('Change by channel')).map((cells) => cells.slice(0, 4));
    expect(shown).toEqual(rows.map((row: ChangedRow) => [shortened(row.channel), ...changes(row)]));
    const sums = await tableOf('Change by channel').locator('tfoot td').allTextContents();
    expect(sums.slice(1, 4)).toEqual(changes(totals));
    expect(totals.conversionsChange).not.toBe(0);
  });

  test('paths, conversions, credits and events are those of the API, and bands add up to the conversions', async () => {
    await open('paths');
    const paths = await answer('/v1/paths?limit=1000&from=2026-10-22&to=2026-11-21');
    const rows = paths.paths.slice(0, 15);
    expect(await cellsOf('Paths')).toEqual(
      rows.map((one: { steps: string[]; conversions: number; share: number; valueMinor: number }) => [
        one.steps.map((step) => shortened(step, 40)).join(''),
        count(one.conversions),
        percent(one.share),
        money(one.valueMinor, 'EUR'),
      ]),
    );
    expect(await page.locator('.mark-end text').textContent()).toBe(`Conversion ${count(paths.totals.conversions)}`);

    await open('conversions');
    const list = await answer('/v1/conversion-list?limit=50&from=2026-10-22&to=2026-11-21');
    expect((await cellsOf('Conversions')).map(([id, , , value]) => [id, value])).toEqual(
      list.conversions.map((one: { id: string; valueMinor: number }) => [one.id, money(one.valueMinor, 'EUR')]),
    );

    await open('conversion?id=order-0&user=u0');
    const explained = await answer('/v1/conversions/order-0?user=u0');
    const credits = explained.touches.map(({ credits: byModel }: { credits: Record<string, { creditMicros: number }> }) =>
      explained.models.map((model: string) => (byModel[model]?.creditMicros ? percent(byModel[model].creditMicros / 1e6) : '0')),
    );
    expect((await cellsOf('Credit of each touch')).map((cells) => cells.slice(2))).toEqual(credits);
    const sums = await tableOf('Credit of each touch').locator('tfoot td').allTextContents();
    expect(new Set(sums.slice(2))).toEqual(new Set([`100.0 %${money(explained.conversion.valueMinor, 'EUR')}`]));

    await open('user?id=u0');
    const { signals } = await answer('/v1/users/u0/signals?limit=50');
    expect(await page.locator('.timeline summary').allTextContents()).toEqual(signals.map(({ id }: { id: string }) => id));
    const { journeys } = await answer('/v1/users/u0/journey');
    expect(await page.locator('.journeys > li').count()).toBe(journeys.length);
  });

  test('law 4: pages, shares and ranks, forms and links are those of the API; elements and elsewhere are the page', async () => {
    for (const layer of ['merged', 'batch', 'speed']) {
      await open(`web?pages=all&layer=${layer}`);
      const range = `from=2026-10-22&to=2026-11-21&layer=${layer}`;
      const pages = await answer(`/v1/pages?by=page&sort=views&limit=200&${range}`);
      if (layer !== 'speed') expect(pages.rows[0].page).toBe(SHOP);
      expect(pages.rows.length).toBeGreaterThan(1);
      const shown = (await cellsOf('Pages')).map(([name, views, , engaged]) => [name, views, engaged]);
      expect([layer, shown]).toEqual([
        layer,
        pages.rows.map((row: PageRow) => [shortened(row.page), count(row.views), duration(row.engagedMs)]),
      ]);
    }
    await open(OF_SHOP);
    const body = await answer(`/v1/attention?page=${encodeURIComponent(SHOP)}&layout=992`);
    const rows = body.rows.map(({ element, percentTenths, rank, n, seenViews, clicks }: ElementRow) => [
      ...[element, `${(percentTenths / 10).toFixed(1)} %`, `#${rank}`, duration(n), count(seenViews), count(clicks)],
    ]);
    expect(rows.slice(0, 2)).toEqual([
      ['part-7', '6.7 %', '#1', '25 ms', '1', '2'],
      ['part-3', '4.0 %', '#2', '15 ms', '1', '1'],
    ]);
    expect(await cellsOf('Attention by element')).toEqual(rows);
    const drawn = await page.locator('.outline-figure').allTextContents();
    expect(drawn.toSorted()).toEqual(
      body.rows.map((row: ElementRow) => `${(row.percentTenths / 10).toFixed(1)} % #${row.rank}`).toSorted(),
    );
    await page.getByText(`Elsewhere, in no element: ${duration(body.elsewhere)}.`).waitFor();
    const read = await answer(`/v1/scroll?by=band&page=${encodeURIComponent(SHOP)}&from=2026-10-22&to=2026-11-21`);
    const bands = new Map(
      read.rows.map(({ band, ms, reachedViews }: Sums) => [Number(band), [duration(ms), count(reachedViews)]]),
    );
    const shownBands = (await cellsOf('How far it is read')).map((cells) => cells.slice(1));
    expect(shownBands).toEqual(Array.from({ length: 20 }, (_, band) => bands.get(band) ?? ['0 ms', '0']));
    expect(read.totals.reachedViews).toBeGreaterThan(1);
    expect(await cellsOf('Fields of forms')).toEqual([['pay', 'card', '2', '1', '1', '0', '1 s']]);
    expect(await cellsOf('Links')).toEqual([['maps.example', 'outbound', '1']]);
    await open('web');
    const begun = await answer('/v1/sessions?sort=sessions&limit=12&from=2026-10-22&to=2026-11-21');
    expect(begun.totals.sessions).toBeGreaterThan(10);
    expect((await cellsOf('Sessions')).map(([name, sessions]) => [name, sessions])).toEqual(
      begun.rows.map((row: { entry: string; sessions: number }) => [shortened(row.entry, 48), count(row.sessions)]),
    );
    expect((await answer('/v1/session-values?from=2026-10-22&to=2026-11-21')).rows).toMatchObject([{ valueMinor: 1_000 }]);
    expect(await cellsOf('Value of sessions')).toEqual([['shop.example/pay', 'EUR', '1', '€10.00', '€10.00']]);
    const ended = await answer('/v1/exits?sort=exits&limit=12&from=2026-10-22&to=2026-11-21');
    expect(await cellsOf('Where sessions end')).toEqual(
      ended.rows.map((row: { page: string; exits: number }) => [shortened(row.page, 32), count(row.exits)]),
    );
    await page.getByRole('link', { name: SHOP, exact: true }).click();
    await settled();
    const inked = () =>
      page.locator('.schematic canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
        return data.some((value) => value !== 0);
      });
    expect(await inked()).toBe(false);
    await page.getByRole('group', { name: 'Heat on the page' }).getByRole('radio', { name: 'Heat of clicks' }).check();
    await page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.schematic canvas');
      return canvas
        ?.getContext('2d')
        ?.getImageData(0, 0, canvas.width, canvas.height)
        .data.some((value) => value !== 0);
    });
    await page.getByRole('link', { name: 'All pages' }).click();
    expect(await tableOf('Pages').locator('tbody tr:not(.beside)').count()).toBe(12);
    await page.getByRole('link', { name: 'All of them' }).click();
    await page.getByRole('link', { name: 'shop.example/harm' }).click();
    await settled();
    expect(new URL(page.url()).searchParams.get('page')).toBe('shop.example/harm');
    expect((await cellsOf('Attention by element')).map(([name]) => name).toSorted()).toEqual(
      HOSTILE.map((name) => shortened(name, 32)).toSorted(),
    );
  });

  test('what was clicked in a box is drawn at its place in that box, at every width', async () => {
    for (const width of [390, 1_024, 1_440, 1_920]) {
      await page.setViewportSize({ width, height: 900 });
      await open(`${OF_SHOP}&over=clicks`);
      // Clicked at half of its width and a fifth of its height, as the world has it.
      for (const name of ['part-3', 'part-7']) {
        const offBy = async () => {
          const { x, y } = await page.evaluate(hottest, name);
          return Math.max(Math.abs(x - 0.5), Math.abs(y - 0.2));
        };
        await expect.poll(offBy, { message: `${name} at ${width} px` }).toBeLessThan(0.1);
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('what is chosen is in the address, and links go without loading the page again', async () => {
    await open('attribution');
    await page.evaluate(() => Object.assign(globalThis, { same: true }));
    await page.getByRole('radio', { name: '7 days' }).check();
    await page.getByRole('checkbox', { name: 'timeDecay' }).check();
    await page.getByRole('radio', { name: 'Share' }).check();
    await settled();
    expect(decodeURIComponent(new URL(page.url()).search)).toBe('?days=7&models=last,linear,timeDecay,shapley,markov&show=share');
    await page.getByRole('link', { name: 'Operations' }).click();
    await page.getByRole('heading', { name: 'Operations', level: 1 }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Share by channel' }).waitFor();
    expect(await page.evaluate(() => (globalThis as { same?: boolean }).same)).toBe(true);
    await page.keyboard.press('Tab');
    await page.goto(`${api}/ui/system`);
    await settled();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the page');
  });

  test('while a question is under way the figures of the one before keep their own words', async () => {
    await open('attribution');
    const released = Promise.withResolvers<void>();
    await page.route('**/v1/attribution/compare?*', async (route) => {
      await released.promise;
      await route.continue();
    });
    await page.getByRole('radio', { name: 'Campaign' }).check();
    await page.locator('[aria-busy="true"]').getByRole('heading', { name: 'Conversions by channel' }).waitFor();
    await page.getByRole('radio', { name: '7 days' }).check();
    await page.getByRole('radio', { name: 'Share' }).check();
    await page.locator('[aria-busy="true"]').getByRole('heading', { name: 'Conversions by channel' }).waitFor();
    expect(await page.getByRole('heading', { name: 'campaign' }).count()).toBe(0);
    released.resolve();
    await page.getByRole('heading', { name: 'Share by campaign' }).waitFor();
    await settled();
    expect(new URL(page.url()).search).toBe('?by=campaign&days=7&show=share');
    await page.unroute('**/v1/attribution/compare?*');
  });

  test('an answer that is not complete says so, and a question that is refused says why', async () => {
    world.broken.partition = 1;
    await world.tick();
    await open('attribution');
    const { meta } = await answer('/v1/attribution?from=2026-10-22&to=2026-11-21');
    world.broken.partition = -1;
    await world.tick();
    expect(meta.complete).toBe(false);
    const banner = await page.locator('.banner').first().textContent();
    for (const part of ['Not complete', wordsOf(meta.reasons), ...meta.warnings]) expect(banner).toContain(part);
    const marked = page.locator('.not-complete', { hasText: `not complete: ${wordsOf(meta.reasons)}` }).first();
    await marked.locator('summary').click();
    await marked.getByText(meta.warnings[0]).waitFor();
    await expectNoFaults('an incomplete answer');
    let refusals = 0;
    await page.route('**/v1/paths?*', (route) =>
      refusals++ === 0 ? route.fulfill({ status: 503, headers: { 'retry-after': '0' }, body: '{}' }) : route.continue(),
    );
    await open('paths');
    expect([refusals, await page.locator('.notice').count()]).toEqual([2, 0]);
    await page.unroute('**/v1/paths?*');
    await open('attribution?from=2026-11-20&to=2026-11-01');
    await page.getByText('from must lie before to').first().waitFor();
    await open('dead-letters');
    await page.getByRole('heading', { name: 'This needs an admin key' }).waitFor();
    await open('conversion?id=nothing');
    await page.getByText('The API refused this question').waitFor();
    await open('conversions?cursor=nonsense&days=7');
    await page.getByRole('link', { name: 'Back to the newest' }).click();
    await tableOf('Conversions').waitFor();
    expect(new URL(page.url()).search).toBe('?days=7');
  });

  test('law 7: each part of a page of a site says that it is not complete, as each is an answer of its own', async () => {
    world.broken.partition = 1;
    await world.tick();
    for (const [address, many] of [['web', 3] as const, [OF_SHOP, 5] as const]) {
      await open(address);
      const marks = page.getByText(/^not complete: /);
      expect([await page.locator('.banner').count(), await marks.count()]).toEqual([1, many]);
    }
    world.broken.partition = -1;
    await world.tick();
  });

  test('no page is wider than a telephone or has a fault that axe finds in either theme, and names of others run nothing', async () => {
    // Each is loaded once, on a telephone.
    for (const path of ADDRESSES) {
      await page.setViewportSize({ width: 390, height: 844 });
      await open(path);
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect([path, wider, await stickingOut()]).toEqual([path, 0, []]);
      await page.setViewportSize({ width: 1280, height: 900 });
      await expectNoFaults(path);
      expect(await page.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined();
    }
    await open('attribution?by=campaign&days=all');
    const names = (await cellsOf('Conversions by campaign and model')).map(([name]) => name);
    for (const name of HOSTILE) expect(names).toContain(name);
  });

  test('a question with curl is whole on a telephone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await open('attribution');
    await page.getByRole('button', { name: 'Conversions by channel with curl' }).click();
    const curl = page.locator('.curl pre');
    expect(await curl.textContent()).toMatch(
      /^curl -H "Authorization: Bearer \$READ_KEY" 'http:\/\/127\.0\.0\.1:\d+\/v1\/attribution\/compare\?[^']+'$/,
    );
    expect(await curl.evaluate((box) => box.getBoundingClientRect().right <= innerWidth)).toBe(true);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('on a screen no column of a table of pages is out of sight', async () => {
    for (const address of ['web?days=all', `${OF_SHOP}&days=all`])
      for (const width of [1_024, 1_440]) {
        await page.setViewportSize({ width, height: 900 });
        await open(address);
        const hidden = await page
          .locator('.table-box')
          .evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.ariaLabel));
        expect([address, width, hidden]).toEqual([address, width, []]);
      }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('a session that ends leads to the login, and back to where one was', async () => {
    await open('user?id=u0');
    await context.clearCookies();
    await page.getByRole('link', { name: 'Paths' }).click();
    await page.getByText('The session has ended.').waitFor();
    await logIn('ta_admin_x');
    await page.waitForFunction(() => document.title === 'Paths · Tributary');
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByRole('region', { name: 'Dead letters' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in with a key' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Log in with a key' }).waitFor();
    await expectNoFaults('login');
  });

  test('nothing was refused by its policy, nothing failed, and no other address was asked', () => expect(troubles).toEqual([]));
});

type PageRow = Readonly<Record<'views' | 'engagedMs', number> & Record<'page', string>>;

type Sums = Readonly<Record<'band' | 'ms' | 'reachedViews', number>>;

interface ElementRow {
  readonly element: string;
  readonly percentTenths: number;
  readonly rank: number;
  readonly n: number;
  readonly seenViews: number;
  readonly clicks: number;
}

interface ChangedRow {
  readonly channel: string;
  readonly conversions: number;
  readonly previousConversions: number;
  readonly conversionsChange: number;
}

function signed(change: number): string {
  return change > 0 ? `+${parts(change)}` : parts(change);
}

interface ComparedRow {
  readonly channel: string;
  readonly touches: number;
  readonly costMinor: number;
  readonly models: Readonly<Record<string, { readonly conversions: number }>>;
}

function shortened(name: string, most = 60): string {
  return [...name].length > most ? `${[...name].slice(0, most - 1).join('')}…` : name;
}

/** Runs in the page: where the heat of an element is strongest, in parts of its box. Warmer colours have more red. */
function hottest(element: string): { readonly x: number; readonly y: number } {
  const canvas = document.querySelector<HTMLCanvasElement>('.schematic canvas');
  const outline = [...document.querySelectorAll('.outline')].find((one) =>
    one.textContent?.startsWith(`\u2068${element}\u2069:`),
  );
  const context = canvas?.getContext('2d', { willReadFrequently: true });
  const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((name) =>
    Math.round(Number(outline?.querySelector('rect')?.getAttribute(name))),
  ) as [number, number, number, number];
  const { data } = context?.getImageData(left, top, width, height) ?? { data: new Uint8ClampedArray() };
  const spots: { readonly x: number; readonly y: number; readonly red: number }[] = [];
  for (let i = 0; i < width * height; i++)
    if (data[4 * i + 3] !== 0) spots.push({ x: i % width, y: Math.floor(i / width), red: data[4 * i] as number });
  if (spots.length === 0) return { x: -1, y: -1 };
  const most = Math.max(...spots.map(({ red }) => red));
  const warmest = spots.filter(({ red }) => red >= most - 2);
  const mean = (of: 'x' | 'y') => warmest.reduce((sum, spot) => sum + spot[of], 0) / warmest.length;
  return { x: mean('x') / width, y: mean('y') / height };
}
