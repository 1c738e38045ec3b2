/** The pages of the console about the platform itself, in a browser: what they show is what the API answers, and every state has its words. */
import { RECONCILIATION_EXAMPLE } from '@tributary/contract/groups/reconciliation';
import type { EventLog } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { afterAll, describe, expect, test } from 'vitest';
import { count, duration, instant, money } from '../../packages/console/src/app/parts/format.ts';
import { ADMIN, event, NOON, type World } from '../../services/api/test/world.ts';
import { reportMissingChromium } from './chromium.ts';
import { recomputeWithout, STATES_OF_BYTES, type WhereErased } from './console-erasure.ts';
import { type ConsoleInChromium, HOSTILE, HOUR, REJECTED, startConsole } from './console-in-chromium.ts';
import { countedAsTheApi } from './counted-as-the-api.ts';

const STREAM = /\/v1\/stream(\?|$)/;
const missing = reportMissingChromium('the console in Chromium (test/conformance/console-platform.browser.test.ts)');
const on = missing === null ? await startConsole() : null;

describe.skipIf(on === null)('in Chromium', () => {
  const { world, api, context, page, troubles, open, settled, logIn, expectNoFaults, answer, tableOf, cellsOf } =
    on ?? ({} as ConsoleInChromium);
  afterAll(() => on?.close());

  /** What the API had no time for beside other work says so, there and on the page: then it is asked again. */
  const computed = async (question: string) => {
    for (;;) {
      const body = await answer(question);
      if (!body.partial) return body;
    }
  };
  const computedTitles = async () => {
    for (;;) {
      await allInstants();
      const titles = await page.locator('.column title').allTextContents();
      if (!titles.some((title) => title.endsWith(': not_computed'))) return titles;
      await page.reload();
    }
  };
  const allInstants = () =>
    page.waitForFunction(
      () => document.querySelector('.column:nth-of-type(13)') !== null && !/instants answered/.test(document.body.textContent),
    );

  test('definitions are those in force, and values of a user those of the API, now and over time', async () => {
    await page.goto(`${api}/ui/signals`);
    await logIn('tr_reader_x');
    const { definitions } = await answer('/v1/signals/definitions');
    const shown = definitions.map(({ name, kind, says }: Definition) => [name, says, kind]);
    expect((await cellsOf('Definitions in force')).map((cells) => cells.slice(0, 3))).toEqual(shown);
    expect(shown.map(([name]: [string]) => name)).toEqual(['buyer', 'clicks2d', 'lastPage', 'spend', 'web']);

    await page.getByLabel('What they say of a user').fill('u0');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('radio', { name: 'Segments' }).check();
    await settled();
    expect(new URL(page.url()).search).toBe('?user=u0&kind=segment');
    expect((await cellsOf('What they say of this user')).map(([name]) => name)).toEqual(['buyer']);
    await page.getByRole('radio', { name: 'All', exact: true }).check();
    await page.getByRole('link', { name: 'clicks2d' }).first().click();
    const titles = await computedTitles();
    const wanted: string[] = [];
    for (let i = 0; i < 13; i++) {
      const { values } = await computed(`/v1/users/u0/values?signals=clicks2d&asOf=${NOON - (12 - i) * 2 * HOUR}`);
      wanted.push(count(values.clicks2d.value));
    }
    expect(titles.map((title) => title.slice(title.indexOf(': ') + 2))).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(1);

    await open('signals?user=u0');
    const { values } = await computed('/v1/users/u0/values');
    await page.locator('.badge', { hasText: 'not computed' }).first().waitFor({ state: 'hidden' });
    const rows = await cellsOf('What they say of this user');
    expect(rows.map(([name]) => name)).toEqual(Object.keys(values));
    expect(rows.find(([name]) => name === 'spend')?.[1]).toBe(money(values.spend.value, 'EUR'));
    const sessions = await page.locator('.sessions').first().locator('li').allTextContents();
    expect(sessions.map((text) => text.slice(0, text.indexOf(' event')))).toEqual(
      values.web.value.map(
        ({ from, durationMs, events }: SessionOfUser) => `${instant(from)} ${duration(durationMs)}, ${events}`,
      ),
    );
    expect(sessions.length).toBeGreaterThan(1);
  });

  test('what is counted over all users, and members by day, are as the API has them', () => countedAsTheApi(on as never));

  test('an instant that records do not hold is drawn as missing, and not as 0', async () => {
    const { values, ...rest } = await computed('/v1/users/u0/values?signals=clicks2d');
    await page.route('**/v1/users/u0/values?signals=clicks2d*', (route) => {
      const asOf = Date.parse(new URL(route.request().url()).searchParams.get('asOf') ?? '');
      const isHeld = asOf >= NOON - 12 * HOUR;
      const clicks2d = { ...values.clicks2d, ...(!isHeld && { value: null, status: 'INCOMPLETE' }) };
      return route.fulfill({ json: { ...rest, values: { clicks2d } } });
    });
    await open('signals?user=u0&name=clicks2d');
    await allInstants();
    expect(await page.locator('.column-missing').count()).toBe(6);
    expect(await page.locator('.column title').first().textContent()).toMatch(/: incomplete$/);
    await page.unroute('**/v1/users/u0/values?signals=clicks2d*');
  });

  test('a definition that is not in force, and a platform without any, say what to do', async () => {
    await open('signals?name=gone');
    await page.getByRole('heading', { name: 'This definition is not in force' }).waitFor();
    await page.route('**/v1/signals/definitions', (route) => route.fulfill({ json: { definitions: [] } }));
    await open('signals');
    await page.getByText('Write down what to ask of each user').waitFor();
    await page.unroute('**/v1/signals/definitions');
  });

  test('what comes in is what the API says, each second, and where the stream is refused the page asks, and says why', async () => {
    await open('live');
    const shownTypes = async () => (await cellsOf('Events by type')).map(([type, , events]) => [type, events]);
    const wanted = async () => {
      const { types } = await answer('/v1/stream');
      const largestFirst = types.toSorted((a: { events: number }, b: { events: number }) => b.events - a.events);
      return largestFirst.map(({ type, events }: { type: string; events: number }) => [type, count(events)]);
    };
    expect((await shownTypes()).length).toBeGreaterThan(3);
    expect(await shownTypes()).toEqual(await wanted());
    for (let i = 0; i < 5; i++) await world.ingest(event({ type: 'page', userId: `live-${i}` }));
    await world.tick();
    await expect.poll(shownTypes).toEqual(await wanted());
    await page.locator('.bar.is-live[height]:not([height="0"])').first().waitFor();
    await page.getByText('None since you watch').waitFor();
    const newest = event({ type: 'page', userId: 'live-1', id: 'newest' });
    const log = world.deps.newestOf as EventLog;
    await log.append(partitionOf('live-1', log.partitions), { kind: 'events', body: encodeEvent(newest) });
    await page.getByRole('table', { name: 'Newest events' }).getByRole('link', { name: 'live-1' }).waitFor();
    await page.getByText('each second while this page is seen').waitFor();

    const refused = { status: 429, json: { code: 'overloaded', detail: '64 listen already', fix: 'Close some.' } };
    await page.route(STREAM, (route) =>
      route.request().headers()['accept'] === 'text/event-stream' ? route.fulfill(refused) : route.continue(),
    );
    await open('live');
    await page.getByText('every two seconds while this page is seen').waitFor();
    await page.unroute(STREAM);
    await page.route(STREAM, (route) => route.fulfill(refused));
    await open('live');
    await page.getByText('64 listen already').waitFor();
    await page.unroute(STREAM);
  });

  test('law 7: a page that hears what half an hour brings, a moment a second, keeps nothing of what it heard', async () => {
    const { body } = await world.get('/v1/stream');
    const watching = await context.newPage();
    await watching.addInitScript(streamOfTest);
    await watching.goto(`${api}/ui/live`);
    await watching.waitForFunction(() => 'hear' in globalThis);
    const session = await context.newCDPSession(watching);
    const held = async () => {
      // What the first collection lets go of others hold weakly, or to clean up behind it.
      for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
      const { nodes } = await session.send('Memory.getDOMCounters');
      return { bytes: (await session.send('Runtime.getHeapUsage')).usedSize, nodes };
    };
    // What a screen shows is not in this heap, and drawing it takes more of a processor than all else.
    await watching.evaluate(() => {
      document.body.style.display = 'none';
    });
    const before = await held();
    await watching.evaluate(watched, { body, from: 0, to: 600 });
    const early = await held();
    await watching.evaluate(watched, { body, from: 600, to: 1_800 });
    const late = await held();
    const aMoment = (late.bytes - early.bytes) / 1_200;
    process.stdout.write(
      `half an hour of moments: ${((late.bytes - before.bytes) / 1e6).toFixed(2)} MB more; ${aMoment.toFixed(0)} bytes each in its last 20 min\n`,
    );
    expect(await watching.locator('.bar.is-live').count()).toBe(60);
    expect(late.bytes - before.bytes).toBeLessThan(10_000_000);
    // A minute of them is shown, and 20 types: from the tenth minute on all that may be kept is there. A moment has a thousand bytes.
    expect(aMoment).toBeLessThan(250);
    expect(late.nodes - early.nodes).toBeLessThan(50);
    await watching.close();
  });

  test('law 7: computations are those of the API, each with how far it is, and the one that stands still needs somebody', async () => {
    await open('system');
    const { computations } = await answer('/v1/computations');
    expect(computations.map(({ state }: { readonly state: string }) => state)).toEqual([
      'STANDS_STILL',
      'RUNNING',
      'NOT_STARTED',
    ]);
    expect((await cellsOf('Computations')).map((cells) => cells.slice(0, 3))).toEqual([
      ['coViewed', 'stands still', 'not known'],
      ['scores', 'runs', 'not known'],
      ['topics', 'not started yet', 'not known'],
    ]);
    expect((await cellsOf('Doctor')).find(([check]) => check === 'Computations')?.slice(1)).toEqual([
      'wrong',
      expect.stringMatching(/^computation coViewed .* stands still: it has never said how far it is; 2 more need a look$/),
    ]);
  });

  test('rejections are those of the collectors, by reason and key, and both are in the address', async () => {
    await open('rejections');
    const { rejections } = await answer('/v1/rejections?limit=1000');
    expect((await cellsOf('Rejected lately')).map(([why, events]) => [why, events])).toEqual(
      rejections.map(({ message, count: many }: Rejection) => [message, count(many)]),
    );
    expect(rejections.map(({ message }: Rejection) => message)).toEqual(REJECTED.map(({ message }) => message));
    await page.locator('.shares a', { hasText: 'too_deep' }).click();
    await page.getByRole('link', { name: '0123456789ab' }).first().click();
    expect(new URL(page.url()).search).toBe('?reason=too_deep&key=0123456789ab');
    expect(await cellsOf('Rejected lately')).toHaveLength(1);
    expect((await cellsOf('Collectors that were asked')).map((cells) => cells[2])).toEqual([instant(NOON - 24 * HOUR)]);
  });

  test('law 7: where no collector answers it is not known what was rejected: no page says that nothing was', async () => {
    const silent = {
      collectors: [{ collector: 'http://c:7400', since: null, problem: 'it did not answer' }],
      rejections: [],
      total: 0,
    };
    const said = { complete: false, reasons: ['collector_silent'], warnings: ['http://c:7400: it did not answer'] };
    await page.route('**/v1/rejections?*', (route) => route.fulfill({ json: { ...silent, ...said } }));
    await open('rejections');
    await page.getByRole('heading', { name: 'It is not known' }).waitFor();
    expect(await page.locator('.banner').textContent()).toContain('http://c:7400: it did not answer');
    expect(await page.getByText('Nothing was rejected').count()).toBe(0);
    await page.unroute('**/v1/rejections?*');
  });

  test('dead letters are those that are stored, as text, for an admin', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn('ta_admin_x');
    await open('dead-letters');
    const { deadLetters } = JSON.parse((await world.get('/v1/dead-letters', ADMIN)).text) as { deadLetters: { raw: string }[] };
    expect(deadLetters).toHaveLength(HOSTILE.length);
    expect(await page.locator('.raw:visible').allTextContents()).toEqual(deadLetters.map(({ raw }) => raw));
    await expectNoFaults('dead letters');
  });

  test('an action is previewed, and is done when its words are typed, letter by letter, and not before', async () => {
    await world.cut(2, true, { promotion: 'ask' });
    world.reconciliations.set(2, { ...RECONCILIATION_EXAMPLE, generation: 2 });
    await world.tick();
    await open('operations');
    await page.getByRole('link', { name: 'Promote' }).click();
    expect(new URL(page.url()).search).toBe('?do=promote&generation=2');
    await page.getByText('Readers get generation 2 in place of 1, in every report at once.').waitFor();
    await page.getByRole('heading', { name: 'What changes for readers' }).waitFor();
    await settled();
    await expectNoFaults('the preview of a promotion');
    const button = page.getByRole('button', { name: 'Promote 2' });
    const field = page.getByLabel('Type promote 2 to confirm');
    for (const typed of ['', 'promote', 'promote 1', 'Promote 2', 'promote 22']) {
      await field.fill(typed);
      await field.press('Enter');
      expect([typed, await button.isDisabled(), world.publications.length]).toEqual([typed, true, 1]);
    }
    await page.getByLabel('Why, for those who read the list later').fill('looks right');
    await field.fill('promote 2');
    await button.click();
    await page.getByText('Readers get generation 2.', { exact: true }).waitFor();
    expect(world.publications.slice(1)).toMatchObject([
      { generation: 2, action: 'publish', by: 'key ta_admin', why: 'looks right' },
    ]);
  });

  test('what was previewed from one generation is not done from another', async () => {
    await open('operations?do=rollback&generation=1');
    await page.getByText('Scheduled runs do not publish until somebody publishes by hand.').waitFor();
    await world.cut(3);
    await world.publish(3);
    await world.tick();
    await page.getByText('Readers got another generation meanwhile').waitFor();
    expect(await page.getByRole('button', { name: 'Roll back' }).count()).toBe(0);
    expect(world.publications).toHaveLength(3);
  });

  test('a run says what it would read, and one that was done or is not known cannot be asked for', async () => {
    await open('operations');
    await page.getByRole('link', { name: 'Run a batch' }).click();
    await page.getByText('not known: fewer than three runs of this kind').waitFor();
    await page.getByRole('radio', { name: 'All of the archive' }).check();
    await page.getByRole('radio', { name: 'Stage it, and ask' }).check();
    await page.getByRole('radio', { name: 'Before others that wait' }).check();
    expect(new URL(page.url()).search).toBe('?do=run&mode=full&promote=ask&priority=high');
    await page.getByLabel('Type run full to confirm').fill('run full');
    world.records.unshift(RUN);
    await page.getByRole('button', { name: 'Run full' }).click();
    await page.getByText('The run waits for its turn').waitFor();
    expect(new URL(page.url()).search).toBe('?do=run&mode=full&promote=ask&priority=high&run=job-1');
    await page.getByText('full, high priority').waitFor();
    await tableOf('Runs').getByText('high priority').waitFor();
    const counts = { events: 1_200, newEvents: 40, duplicates: 0 };
    world.records[0] = { ...RUN, state: 'done', beganAt: NOON, endedAt: NOON + 4_000, generation: 4, outcome: 'staged', counts };
    await page.getByText('It is staged: promote or discard it in the list below.').waitFor();
    await page.getByText('4, with 40 new events of 1,200').waitFor();
    await expectNoFaults('a run that was asked for');
    expect(world.runs).toEqual([{ mode: 'full', promotion: 'ask', priority: 'high', by: 'key ta_admin' }]);
    for (const asked of ['promote&generation=2', 'discard&generation=3', 'rollback&generation=99', 'publish']) {
      await open(`operations?do=${asked}`);
      await page.getByText(/^Generation \d+ is not one to /).waitFor();
    }
  });

  test('law 9: an erasure is previewed and done when its words are typed, its receipt says where bytes may lie, and it is lifted', async () => {
    // Without a preview there is nothing to confirm.
    await page.route('**/v1/users/u1/keys', (route) => route.fulfill({ status: 500, json: {} }));
    await open('subjects?user=u1&do=erase');
    await page.getByRole('heading', { name: 'Not answered just now' }).first().waitFor();
    expect(await page.locator('.confirm').count()).toBe(0);
    await page.unroute('**/v1/users/u1/keys');
    await open('subjects?user=u1');
    await page.getByRole('link', { name: 'Erase this person' }).click();
    expect(new URL(page.url()).search).toBe('?user=u1&do=erase');
    await page.getByText('what was there does not come back').waitFor();
    await settled();
    await expectNoFaults('the preview of an erasure');
    const field = page.getByLabel('Type erase u1 to confirm');
    const button = page.getByRole('button', { name: 'Erase u1' });
    for (const typed of ['', 'erase', 'erase u', 'Erase u1', 'erase u11']) {
      await field.fill(typed);
      await field.press('Enter');
      expect([typed, await button.isDisabled(), world.appended]).toEqual([typed, true, []]);
    }
    await page.getByLabel('Reason for the receipt, which must not name them').fill('request 4711');
    await field.fill('erase u1');
    await button.click();
    await page.getByRole('link', { name: 'Its receipt' }).click();
    expect(world.appended.map(({ body }) => JSON.parse(body ?? '')).map(({ type, userId }) => [type, userId])).toEqual([
      ['tributary.erase', 'u1'],
    ]);
    const id = new URL(page.url()).searchParams.get('erasure');
    const receipt = async () => JSON.parse((await world.get(`/v1/erasures/${id}`, ADMIN)).text).erasure;
    const { by, reason, bytes } = await receipt();
    expect([by, reason]).toEqual(['key ta_admin', 'request 4711']);
    await tableOf('Where bytes may still lie').waitFor();
    expect(await cellsOf('Where bytes may still lie')).toEqual(
      bytes.places.map(({ place, state, holds, until }: WhereErased) => [place, STATES_OF_BYTES[state], holds, until]),
    );
    expect(await page.getByRole('link', { name: 'Lift it' }).count()).toBe(0);
    await expectNoFaults('a receipt');

    await recomputeWithout(world, 'u1', 4);
    await open(`subjects?user=u1&erasure=${id}`);
    await page.getByRole('link', { name: 'Lift it' }).click();
    const whose = page.getByLabel('Whose it is: a receipt does not say');
    await whose.fill('eve');
    await page.getByLabel('Type lift eve to confirm').fill('lift eve');
    await page.getByRole('button', { name: 'Lift eve' }).click();
    await page.getByText('user must be the one of this erasure').waitFor();
    expect(world.appended).toHaveLength(1);
    await whose.fill('u1');
    await page.getByLabel('Type lift u1 to confirm').fill('lift u1');
    await page.getByRole('button', { name: 'Lift u1' }).click();
    await page.getByText('What comes of this key from now on counts again.').waitFor();
    expect((await receipt()).lifted).toMatchObject({ by: 'key ta_admin' });
    expect(world.appended).toHaveLength(2);
  });

  test('without an admin key there is nothing to change, and an address that was sent says why', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await logIn('tr_reader_x');
    await open('operations?do=rollback&generation=1');
    await page.getByText('This needs an admin key').waitFor();
    expect(await page.getByRole('link', { name: /Run a batch|Roll back|Promote|Discard|Publish/ }).count()).toBe(0);
    expect(await page.locator('.confirm').count()).toBe(0);
    await open('signals?do=preview');
    await page.getByText('This needs an admin key').waitFor();
    expect(await page.locator('textarea').count()).toBe(0);
    await open('subjects?user=u1&do=erase');
    expect(await page.getByText('This needs an admin key').count()).toBe(2);
    expect(await page.getByRole('link', { name: 'Erase this person' }).count()).toBe(0);
    expect(await page.locator('.confirm').count()).toBe(0);
  });

  test('nothing was refused by its policy, nothing failed, and no other address was asked', () => expect(troubles).toEqual([]));
});

const RUN: World['records'][number] = {
  id: 'job-1',
  state: 'waiting',
  mode: 'full',
  reason: 'demand by key ta_admin',
  scheduled: false,
  promotion: 'ask',
  priority: 'high',
  bringsDefinitions: false,
  queuedAt: NOON,
  beganAt: null,
  endedAt: null,
  attempts: 0,
  generation: null,
  outcome: null,
  stagedBecause: null,
  counts: null,
  failure: null,
  progress: null,
  cancelled: null,
};

interface SessionOfUser {
  readonly from: number;
  readonly durationMs: number;
  readonly events: number;
}

interface Definition {
  readonly name: string;
  readonly kind: string;
  readonly says: string;
}

interface Rejection {
  readonly message: string;
  readonly count: number;
}

interface Heard {
  hear: (text: string) => void;
}

/** Runs in the page: a stream whose moments come when the test says so. */
function streamOfTest(): void {
  class Stream extends EventTarget {
    readonly readyState = 1;
    constructor() {
      super();
      (globalThis as unknown as Heard).hear = (data) => void this.dispatchEvent(new MessageEvent('arrivals', { data }));
    }
    close(): void {}
  }
  Object.assign(globalThis, { EventSource: Stream });
}

interface Moments {
  readonly body: { readonly types: readonly { readonly type: string; readonly events: number }[] };
  readonly from: number;
  readonly to: number;
}

/** Runs in the page: moments as the API sends them, each with more events and now and then another type, once the page has drawn the one before. */
async function watched({ body, from, to }: Moments): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  port1.start();
  for (let second = from; second < to; second++) {
    const types = body.types.map((one) => ({ ...one, events: one.events + 5_000 * second }));
    const text = JSON.stringify({ ...body, types: [...types, { type: `another-${second % 20}`, events: 1 }] });
    (globalThis as unknown as Heard).hear(text);
    await new Promise((resolve) => {
      port1.addEventListener('message', resolve, { once: true });
      port2.postMessage(0);
    });
  }
}
