/**
 * Every page of the console in every state that an answer can be in, by keyboard alone, and with texts that would do harm in each field of each
 * answer. CONSOLE_SCREENSHOTS=FOLDER keeps a picture of each state, at three widths in both themes.
 */
import { naive } from '@tributary/testkit/oracle/naive';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { count, money, parts } from '../../packages/console/src/app/parts/format.ts';
import { PAGES } from '../../packages/console/src/page-names.ts';
import { ADMIN, event, NOON } from '../../services/api/test/world.ts';
import { reportMissingChromium } from './chromium.ts';
import { type ConsoleInChromium, HOSTILE, HOUR, startConsole } from './console-in-chromium.ts';
import { harmful, MARK } from './harmful-answers.ts';
import { hiddenBeside, turning } from './in-the-page.ts';
import { placesByTab } from './keyboard-walk.ts';
import { previewedAsTheApi } from './previewed-as-the-api.ts';
import { saysWhatItLacks } from './says-what-it-lacks.ts';

const missing = reportMissingChromium('states of the console in Chromium (test/conformance/console-states.browser.test.ts)');
const on = missing === null ? await startConsole() : null;

/** One address of each page, with what it needs to have an answer. */
const OF_PAGES = PAGES.map((name): string => {
  if (name === 'conversion') return 'conversion?id=order-0&user=u0';
  if (name === 'signals') return 'signals?user=u0&name=buyer&count=clicked';
  return name === 'user' ? 'user?id=u0' : name === 'subjects' ? 'subjects?user=u0' : name;
}).concat('web?page=shop.example%2F');

describe.skipIf(on === null)('in Chromium', () => {
  const { world, api, page, troubles, open, lead, follow, settled, logIn, expectNoFaults } = on ?? ({} as ConsoleInChromium);
  const { stickingOut, shoot, startEmpty, answer, cellsOf } = on ?? ({} as ConsoleInChromium);
  beforeAll(async () => {
    await page.goto(`${api}/ui/system`);
    await logIn('ta_admin_x');
  });
  afterEach(() => page.unrouteAll({ behavior: 'ignoreErrors' }));
  afterAll(() => on?.close());

  /** Answers come from a request with a key of its own: that of a test is of no page, by what a browser says of it. */
  async function answerWith(change: (body: string) => string): Promise<void> {
    await page.route('**/v1/**', async (route) => {
      // Where the stream is refused, a page asks for the same as JSON.
      if (route.request().headers()['accept'] === 'text/event-stream') return route.fulfill({ status: 429, json: {} });
      const { pathname, search } = new URL(route.request().url());
      const { status, text } = await world.get(pathname + search, ADMIN);
      await route
        .fulfill({ status, contentType: 'application/json', body: status === 200 ? change(text) : text })
        .catch(() => {});
    });
  }

  /** Tables with a column beyond their edge. */
  const hiddenTables = () =>
    page
      .locator('.table-box:visible')
      .evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).map(({ ariaLabel }) => ariaLabel));

  /** No figure is a word of the program. */
  async function expectPlain(where: string): Promise<void> {
    const text = (await page.locator('main').textContent()) ?? '';
    expect([where, text.match(/\bNaN\b|\bundefined\b|\[object|\bInfinity\b|Invalid Date/g)]).toEqual([where, null]);
  }

  test('a platform into which nothing came says so on each page, and what to do; one row is a page as well', async () => {
    const empty = await startEmpty();
    await page.goto(`${empty.url}/ui/attribution`);
    await logIn('ta_admin_x');
    for (const address of OF_PAGES) {
      await follow(address);
      const said = await page.locator('.empty h3, .notice h2, .banner-title, .state').count();
      expect([address, said]).toEqual([address, expect.toSatisfy((many: number) => many > 0)]);
      await expectPlain(`${address}, empty`);
      await shoot(`empty-${address}`);
    }
    await empty.world.ingest(
      event({ type: 'ad_click', userId: 'u0', ts: NOON - 2 * HOUR, channel: 'email', cost: 5, currency: 'EUR' }),
    );
    await empty.world.ingest(
      event({ type: 'purchase', userId: 'u0', id: 'order-0', ts: NOON - HOUR, value: 700, currency: 'EUR' }),
    );
    await empty.world.cut(1);
    await empty.world.publish(1);
    await empty.world.tick();
    for (const address of OF_PAGES) {
      await follow(address);
      await expectPlain(`${address}, one row`);
      await shoot(`one-row-${address}`);
    }
    await follow('attribution');
    expect((await cellsOf('Conversions by channel and model')).map(([name, , , last]) => [name, last])).toEqual([
      ['email', '1.0'],
    ]);
    await page.getByRole('button', { name: 'Log out' }).click();
    await empty.world.app.close();
  });

  test('what is under way, refused or forbidden says so on each page, and can be asked again', async () => {
    await open('system');
    for (const address of OF_PAGES) {
      const released = Promise.withResolvers<void>();
      await page.route('**/v1/**', async (route) => {
        await released.promise;
        await route.fulfill({ status: 500, json: { code: 'internal', detail: 'it broke', fix: 'Wait.' } }).catch(() => {});
      });
      await lead(address);
      await page.locator('.waiting').first().waitFor();
      expect([address, await page.locator('.table-box, .figures, .notice').count()]).toEqual([address, 0]);
      await shoot(`loading-${address}`);
      released.resolve();
      await page.getByRole('heading', { name: 'Not answered just now' }).first().waitFor();
      await expectPlain(`${address}, refused`);
      await settled();
      expect([address, await page.locator('.notice:visible').count()]).toEqual([address, 1]);
      await shoot(`error-${address}`);
      await page.unroute('**/v1/**');
      await page.getByRole('button', { name: 'Ask again' }).click();
      await expect.poll(() => page.locator('.notice').count()).toBe(0);
    }
    await page.route('**/v1/**', (route) => route.fulfill({ status: 403, json: { code: 'forbidden', detail: '', fix: '' } }));
    for (const address of OF_PAGES) {
      await lead(address);
      await page.getByRole('heading', { name: 'This needs an admin key' }).first().waitFor();
      await settled();
      expect([address, await page.locator('.is-forbidden:visible').count()]).toEqual([address, 1]);
      await shoot(`forbidden-${address}`);
    }
  });

  test('laws 7 and 9: what cannot be loaded, what an erasure may not know, and what a key may not see are said', () =>
    saysWhatItLacks(on as ConsoleInChromium));

  test('a question that waits for another says why that one has no answer', async () => {
    for (const [address, asked, says] of [
      ['attribution', '**/v1/models', 'Not answered just now'],
      ['attribution', '**/v1/touches?*', null],
      ['web?page=unknown', '**/v1/pages?*by=layout*', 'Not answered just now'],
      ['web?over=clicks&page=shop.example%2F', '**/v1/heat?*', 'Not answered just now'],
      ['web?page=unknown', '**/v1/nothing', 'This page was not viewed on these days'],
    ] as const) {
      await page.route(asked, (route) => route.fulfill({ status: 500, json: { code: 'internal', detail: 'it broke', fix: '' } }));
      await open(address);
      if (says === null) await page.locator('table').first().waitFor();
      else await page.getByRole('heading', { name: says }).waitFor();
      await page.unroute(asked);
    }
  });

  test('law 7: what is not complete, or belongs to the question before, is marked on each page with figures', async () => {
    await answerWith((body) => missingIn(body, '3 waits'));
    for (const address of OF_PAGES.filter((one) => !/^(operations|dead-letters)/.test(one))) {
      await follow(address);
      const marked = await page.locator('.banner', { hasText: '3 waits' }).count();
      const alone = await page.locator('.badge.is-bad', { hasText: 'behind' }).count();
      expect([address, await page.locator('.notice').count()]).toEqual([address, 0]);
      expect([address, marked + alone]).toEqual([address, expect.toSatisfy((many: number) => many > 0)]);
      await shoot(`partial-${address}`);
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    for (const address of ['attribution', 'paths', 'conversions', 'web']) {
      await open(address);
      await page.route('**/v1/**', () => {});
      await page.getByRole('radio', { name: '7 days' }).check();
      await page.locator('.is-old[aria-busy="true"] table').first().waitFor({ state: 'attached' });
      await shoot(`stale-${address}`);
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }
  });

  test('ten thousand rows are drawn in part, quickly, and the file has all of them', async () => {
    const { rejections, ...rest } = await answer('/v1/rejections?limit=1000');
    const many = Array.from({ length: 10_000 }, (_, i) => ({ ...rejections[i % rejections.length], message: `rule ${i}` }));
    await page.route('**/v1/rejections?*', (route) => route.fulfill({ json: { ...rest, rejections: many, total: 10_000 } }));
    await open('rejections');
    await page.getByText('The first 500 of 10000 rows; the CSV has all.').waitFor();
    expect(await cellsOf('Rejected lately')).toHaveLength(500);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Rejected lately as CSV' }).click();
    const lines: string[] = [];
    for await (const part of (await (await saved).createReadStream()) as AsyncIterable<Buffer>) lines.push(part.toString());
    expect(lines.join('').match(/\r\n/g)).toHaveLength(10_001);
    await shoot('many-rejections');
    await page.unroute('**/v1/rejections?*');
  });

  test('each part of a page with figures is there with curl and as CSV, and curl is answered', async () => {
    const asked = new Set<string>();
    for (const address of OF_PAGES) {
      await follow(address);
      await shoot(address);
      expect([address, await stickingOut()]).toEqual([address, []]);
      const lacking = await page.locator('section.panel').evaluateAll((panels) =>
        panels
          .filter((panel) => panel.querySelector('table, figure, .schematic') !== null)
          .map(
            (panel) => [panel.querySelector('h2')?.textContent, panel.querySelector('[aria-label$=" as CSV"]') === null] as const,
          )
          .filter(([, lacks]) => lacks)
          .map(([title]) => title),
      );
      expect([address, lacking]).toEqual([address, []]);
      await page.locator('[aria-label$=" with curl"]').evaluateAll((buttons) => {
        for (const button of buttons) (button as HTMLElement).click();
      });
      for (const text of await page.locator('.curl pre').allTextContents())
        asked.add(/'https?:\/\/[^/]+(?<path>[^']+)'$/.exec(text)?.groups?.['path'] ?? text);
    }
    expect(asked.size).toBeGreaterThan(30);
    for (const path of asked) {
      const { status } = await world.get(path.replaceAll('%27', "'"), ADMIN);
      // The API does not know each conversion and segment that a page may name.
      expect([path, [200, 404].includes(status)]).toEqual([path, true]);
    }
  });

  test('figures of pages are those of the oracle over the same events', async () => {
    await world.cut(2);
    await world.publish(2);
    await world.tick();
    const rows = naive(world.log, world.definitions);
    const sums = (view: string, by: number, measure: number, only: (dimensions: readonly string[]) => boolean = () => true) => {
      const found = new Map<string, number>();
      for (const [key, measures] of rows.get(view as never) ?? []) {
        const dimensions = key.split('\t');
        const name = dimensions[by] as string;
        if (only(dimensions)) found.set(name, (found.get(name) ?? 0) + Number(measures[measure]));
      }
      return found;
    };
    const sorted = (pairs: Iterable<readonly [string, string]>) => [...pairs].filter(([, text]) => text !== '0').sort();
    const named = (cells: readonly string[][], at: number) => cells.map((row) => [row[0] as string, row[at] as string] as const);

    await open('attribution?days=all&models=last,linear,first');
    for (const [i, model] of ['first', 'last', 'linear'].entries()) {
      const credit = sums('credit', 3, 0, ([, of]) => of === model);
      const cells = named(await cellsOf('Conversions by channel and model'), 3 + (await modelsShown()).indexOf(model));
      const wanted = [...credit].map(([name, micros]) => [shortened(name), parts(micros / 1e6)] as const);
      expect([model, i, sorted(cells.filter(([, text]) => text !== '0.0'))]).toEqual([model, i, sorted(wanted)]);
    }
    await page.locator('summary', { hasText: 'As a table' }).first().click();
    const days = sums('conversions', 0, 0);
    const values = sums('conversions', 0, 1);
    expect(sorted(named(await cellsOf('Conversions by day'), 1))).toEqual(
      sorted([...days].map(([day, many]) => [day, count(many)])),
    );
    expect(sorted(named(await cellsOf('Conversions by day'), 2))).toEqual(
      sorted([...values].map(([day, minor]) => [day, money(minor, 'EUR')])),
    );

    // Days without a conversion have their place on the axis.
    const instants = [...days.keys()].map((day) => Date.parse(day));
    const spanned = (Math.max(...instants) - Math.min(...instants)) / (24 * HOUR) + 1;
    expect(spanned).toBeGreaterThan(days.size);
    expect(await page.locator('figure.columns .column').count()).toBe(spanned);

    await open('web?days=all&pages=all');
    const views = sums('pages', 1, 0);
    const wantedViews = [...views].filter(([, many]) => many > 0).map(([name, many]) => [shortened(name), count(many)] as const);
    const shownViews = named(await cellsOf('Pages'), 1);
    // The page lists the 200 that are viewed most.
    expect(shownViews.length).toBe(Math.min(200, wantedViews.length));
    const wantedSet = new Set(wantedViews.map(String));
    expect(shownViews.filter((pair) => !wantedSet.has(String(pair)))).toEqual([]);
    const total = [...views.values()].reduce((sum, one) => sum + one, 0);
    expect(await page.locator('.figures dd').first().textContent()).toBe(count(total));

    await open('live');
    const events = sums('activity', 1, 0, ([day = '']) => day >= '2026-11-19');
    expect(sorted(named(await cellsOf('Events by type'), 2))).toEqual(
      sorted([...events].map(([type, many]) => [shortened(type), count(many)])),
    );
    await open('paths?days=all');
    const all = [...days.values()].reduce((sum, one) => sum + one, 0);
    expect(await page.locator('.mark-end text').textContent()).toBe(`Conversion ${count(all)}`);
  });

  async function modelsShown(): Promise<string[]> {
    const heads = await page.locator('table', { hasText: 'by channel and model' }).first().locator('th').allTextContents();
    return heads.slice(3);
  }

  test('by keyboard alone each control is reached once, in the order of the page, in sight and with a mark', async () => {
    for (const address of OF_PAGES.filter((one) =>
      /^(attribution|conversion\?|web|signals|subjects|operations|live)/.test(one),
    )) {
      await open(address);
      const { faults, stops } = await placesByTab(page);
      expect([address, faults]).toEqual([address, []]);
      expect(stops).toBeGreaterThan(12);
    }
    await open('attribution');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
    // A page that was followed to begins at its beginning, and where what had the focus is closed keys go on from there.
    await page.getByRole('link', { name: 'Paths' }).press('Enter');
    await settled();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
    await open('operations?do=run');
    await page.getByRole('link', { name: 'Close' }).press('Enter');
    await page.waitForFunction(() => document.activeElement?.id === 'content');
  });

  test('on a telephone and a tablet no column of a table is out of sight but the many models of one conversion, and none is left out', async () => {
    for (const [width, address] of [1_024, 390].flatMap((wide) => OF_PAGES.map((one) => [wide, one] as const))) {
      await page.setViewportSize({ width, height: 844 });
      await follow(address);
      const hidden = /^conversion\?/.test(address) ? ['Credit of each touch'] : [];
      expect([width, address, await hiddenTables()]).toEqual([width, address, hidden]);
    }
    await follow('attribution');
    const [row] = (await answer('/v1/attribution/compare?models=last&from=2026-10-22&to=2026-11-21&sort=conversions')).rows;
    const beside = page.getByRole('region', { name: 'Conversions by channel and model' }).locator('tbody .beside:visible');
    expect((await beside.allTextContents())[0]).toBe(`Touches ${count(row.touches)}Cost ${money(row.costMinor, 'EUR')}`);
    await answerWith((body) => missingIn(body, `3 waits in ${'/folder'.repeat(60)}`));
    await follow('paths');
    await page.locator('.banner').waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('where values are millions all models are in sight on a telephone and a tablet', async () => {
    await answerWith((body) =>
      body.replaceAll(/"(valueMinor(?:Low|High)?)":(-?\d+)/g, (_, field, minor) => `"${field}":${BigInt(minor) * 1_000_000n}`),
    );
    for (const width of [1_024, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await follow('attribution?show=value');
      const table = page.getByRole('region', { name: 'Value by channel and model' });
      expect([width, await hiddenTables()]).toEqual([width, []]);
      // Those that have no column stand below their row.
      // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not in sight
      const seen = await table.innerText();
      expect([width, ['last', 'linear', 'shapley', 'markov'].filter((model) => !seen.includes(model))]).toEqual([width, []]);
      const sums = seen.slice(seen.indexOf('All rows')).match(/€\d+(,\d{3}){2}\.\d\d/g);
      expect([width, sums?.length]).toEqual([width, 4]);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('other definitions are previewed beside those in force, as the API has it, and nothing changes', () =>
    previewedAsTheApi(on as ConsoleInChromium));

  test('a schedule is set, changed, paused, resumed and removed, each when its words are typed', async () => {
    const scheduled = async () =>
      ((await answer('/v1/schedules')) as { schedules: Record<string, unknown>[] }).schedules.map((one) => ({
        ...{ name: one['name'], cron: one['cron'], everyMs: one['everyMs'], timeZone: one['timeZone'] },
        ...{ mode: one['mode'], paused: one['paused'], by: one['by'] },
      }));
    const confirm = async (words: string) => {
      const button = page.getByRole('button', { name: `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`, exact: true });
      expect([words, await button.isDisabled()]).toEqual([words, true]);
      await page.getByLabel(`Type ${words} to confirm`).fill(words);
      await button.click();
      await page.getByRole('status').first().waitFor();
    };
    await open('operations');
    await page.getByRole('link', { name: 'Set a schedule' }).click();
    await page.getByText('not whole yet').waitFor();
    await page.getByLabel('Name of the schedule').fill('nightly');
    await page.getByRole('button', { name: 'Name it' }).click();
    await page.getByRole('radio', { name: 'By cron' }).check();
    await page.getByText('not whole yet').waitFor();
    await page.getByLabel('Minute, hour, day, month, weekday').fill('61 3 * * *');
    await page.getByRole('button', { name: 'Take it' }).first().click();
    await expectNoFaults('the preview of a schedule');
    await page.getByLabel('Type set nightly to confirm').fill('set nightly');
    await page.getByRole('button', { name: 'Set nightly' }).click();
    await page.getByRole('heading', { name: 'The API refused this question' }).waitFor();
    expect(await scheduled()).toEqual([]);
    await open('operations?do=set&schedule=nightly&every=cron&cron=30+3+*+*+*&zone=Europe%2FBerlin&mode=full');
    await page.getByText('30 3 * * * in Europe/Berlin; computes all; readers get it at once').waitFor();
    await confirm('set nightly');
    const nightly = { name: 'nightly', cron: '30 3 * * *', everyMs: null, timeZone: 'Europe/Berlin', mode: 'full' };
    await page.getByText('nightly is set. Its next run is due').waitFor();
    expect(await scheduled()).toEqual([{ ...nightly, paused: false, by: 'key ta_admin' }]);
    // What is not chosen again stays.
    await open('operations?do=set&schedule=nightly&mode=incremental');
    await page.getByText('30 3 * * * in Europe/Berlin; computes what is new; readers get it at once').waitFor();
    await confirm('set nightly');
    await page.getByText('nightly is set.').waitFor();
    const changed = { ...nightly, mode: 'incremental', by: 'key ta_admin' };
    // What can be changed is in sight.
    await page.setViewportSize({ width: 1_024, height: 900 });
    expect(await page.getByRole('link', { name: /^(Remove|Publish|Roll back)$/ }).evaluateAll(hiddenBeside)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
    for (const [what, done, isPaused] of [
      ['Pause', 'nightly begins no run until it is resumed.', true],
      ['Resume', 'nightly begins runs again.', false],
    ] as const) {
      await page.getByRole('link', { name: what, exact: true }).click();
      await confirm(`${what.toLowerCase()} nightly`);
      await page.getByText(done).waitFor();
      expect(await scheduled()).toEqual([{ ...changed, paused: isPaused }]);
      await page.getByRole('link', { name: isPaused ? 'Resume' : 'Pause', exact: true }).waitFor();
    }
    await page.getByRole('link', { name: 'Remove', exact: true }).click();
    await confirm('remove nightly');
    await page.getByText('nightly was removed.').waitFor();
    expect(await scheduled()).toEqual([]);
    await open('operations?do=pause&schedule=nightly');
    await page.getByText('The schedule nightly is not one to pause').waitFor();
  });

  test('a text that would do harm does none in any field of any answer, on any page', async () => {
    const texts = [`\u202e${HOSTILE.slice(0, 6).join(' ')}`, 'javascript:globalThis.ran=1'];
    const turned: string[] = [];
    for (const text of texts) {
      await answerWith((body) => harmful(body, text));
      for (const address of OF_PAGES) {
        await follow(address);
        const seen = await page.evaluate(
          ({ mark }) => ({
            shown: document.querySelector('main')?.textContent?.split(mark).length ?? 0,
            made: document.querySelectorAll('main script, main img, [onerror], [onload], [onmouseover]').length,
            links: [...document.querySelectorAll('a')]
              .filter(({ protocol }) => !/^https?:$/.test(protocol))
              .map(({ href }) => href),
            ran: (globalThis as { ran?: number }).ran,
          }),
          { mark: MARK },
        );
        turned.push(...(await page.evaluate(turning)).map((html) => `${address}: ${html}`));
        // Split once: it is there.
        expect([address, seen]).toEqual([
          address,
          { shown: expect.toSatisfy((many: number) => many > 1), made: 0, links: [], ran: undefined },
        ]);
      }
      await page.unrouteAll({ behavior: 'ignoreErrors' });
    }
    // Letters that run from right to left turn nothing around that stands beside them.
    expect(turned).toEqual([]);
    await expectNoFaults('a page with harmful texts');
  });

  test('nothing was refused by its policy, nothing failed, and no other address was asked', () => expect(troubles).toEqual([]));
});

/** What an answer says of itself, up to its first note if it has one. */
const COMPLETE = /"complete":true,"reasons":\[\],"warnings":\[(.)/g;

function missingIn(body: string, note: string): string {
  const marked = `"complete":false,"reasons":["behind"],"warnings":["${note}"`;
  return body.replaceAll(COMPLETE, (_all, end) => `${marked}${end === ']' ? '' : ','}${end}`);
}

function shortened(name: string, most = 60): string {
  return [...name].length > most ? `${[...name].slice(0, most - 1).join('')}…` : name;
}
