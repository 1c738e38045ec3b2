/**
 * From inputs on a page to merged answers: 3 000 random traces, measured by the tracker, cut, shuffled and doubled, are what a naive reading of
 * the same traces comes to, which looks at each millisecond by itself.
 */
import type { Event } from '@tributary/model/event';
import { firstArrivals } from '@tributary/testkit/inputs/generate';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import type { RowsByView } from '@tributary/views/deltas';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DrivenPage, drivenPage, PLACE_NAMES, type PlaceName } from '../../packages/tracker/test/driven-page.ts';
import { byFold, bySql, openTestSession } from './engines.ts';
import { merge, speedFold } from './speed-fold.ts';

const TRACES = 3_000;
const SEED = 20_261_125;
const PAGES = ['/', '/cart', '/product'];
const VISITORS = 60;
const IDLE_MS = 5_000;
/** Around what bounds the time that counts, and short ones as a hand makes them. */
const PAUSES = [0, 1, 40, 99, 100, 101, 700, 1_500, 4_999, 5_000, 5_001, 9_000, 16_000];

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What is true of a page, and what was counted: `COLUMN`, a tab, the page, a tab, the element. */
interface Reading {
  readonly sums: Map<string, number>;
  isShown: boolean;
  isFocused: boolean;
  inputAt: number;
  page: string;
  over: PlaceName | undefined;
}

function count(sums: Map<string, number>, key: string, n: number): void {
  if (n !== 0) sums.set(key, (sums.get(key) ?? 0) + n);
}

/** Millisecond by millisecond. */
function read(reading: Reading, from: number, to: number): void {
  const { sums, isShown, isFocused, inputAt, page, over } = reading;
  let [visible, engaged] = [0, 0];
  for (let ms = from; ms < to; ms++) {
    if (!isShown) continue;
    visible++;
    if (isFocused && ms < inputAt + IDLE_MS) engaged++;
  }
  count(sums, `visible\t${page}`, visible);
  count(sums, `engaged\t${page}`, engaged);
  if (over !== undefined) count(sums, `cursor\t${page}\t${over}`, engaged);
}

interface Act {
  readonly chance: number;
  readonly isInput: boolean;
  readonly needsWindow: boolean;
  readonly act: (page: DrivenPage, reading: Reading, random: Random) => void;
}

const somewhere = (random: Random) => random.pick([...PLACE_NAMES, undefined]);

const ACTS: readonly Act[] = [
  {
    chance: 6,
    isInput: true,
    needsWindow: true,
    act(page, reading, random) {
      reading.over = somewhere(random);
      page.move(reading.over);
    },
  },
  {
    chance: 2,
    isInput: false,
    needsWindow: true,
    act(page, reading, random) {
      reading.over = somewhere(random);
      page.slideUnder(reading.over);
    },
  },
  {
    chance: 1,
    isInput: false,
    needsWindow: true,
    act(page, reading) {
      reading.over = undefined;
      page.leaveWindow();
    },
  },
  { chance: 2, isInput: true, needsWindow: true, act: (page) => page.press() },
  {
    chance: 2,
    isInput: true,
    needsWindow: true,
    act(page, { sums, page: path, over }) {
      count(sums, `clicks\t${path}`, 1);
      if (over !== undefined) count(sums, `clicked\t${path}\t${over}`, 1);
      page.click();
    },
  },
  {
    chance: 2,
    isInput: false,
    needsWindow: false,
    act(page, reading) {
      reading.isShown = !reading.isShown;
      if (reading.isShown) reading.inputAt = page.nowMs();
      page.show(reading.isShown);
    },
  },
  {
    chance: 1,
    isInput: false,
    needsWindow: false,
    act(page, reading) {
      reading.isFocused = !reading.isFocused;
      page.focus(reading.isFocused);
    },
  },
];
const DRAWN = ACTS.flatMap((one) => new Array<Act>(one.chance).fill(one));

/** A view of a page of a few inputs, each after a pause. */
function act(page: DrivenPage, reading: Reading, random: Random, trace: number): void {
  const path = `${random.pick(PAGES)}`;
  // The query that differs is not kept of the address, so that a view may follow one of the same page.
  reading.page = `shop.example${path}`;
  if (reading.isShown) reading.inputAt = page.nowMs();
  count(reading.sums, `views\t${reading.page}`, 1);
  page.go(`${path}?trace=${trace}`);
  for (let left = 2 + random.below(8); left > 0; left--) {
    const before = page.nowMs();
    page.wait(random.pick(PAUSES));
    read(reading, before, page.nowMs());
    const drawn = random.pick(DRAWN);
    if (drawn.needsWindow && !reading.isShown) continue;
    if (drawn.isInput) reading.inputAt = page.nowMs();
    drawn.act(page, reading, random);
  }
}

/** The same columns of rows, of whatever day and class of viewports. */
function sumsOf(rows: RowsByView): Map<string, number> {
  const sums = new Map<string, number>();
  const each = (view: string, add: (page: string, rest: readonly string[], measures: readonly number[]) => void) => {
    for (const [key, measures] of rows.get(view) ?? []) {
      const [, page = '', , ...rest] = key.split('\t');
      add(page, rest, measures.map(Number));
    }
  };
  each('pages', (page, _rest, [views = 0, engagedMs = 0, visibleMs = 0]) => {
    count(sums, `views\t${page}`, views);
    count(sums, `engaged\t${page}`, engagedMs);
    count(sums, `visible\t${page}`, visibleMs);
  });
  each('attentionTotals', (page, _rest, [, , clicks = 0]) => count(sums, `clicks\t${page}`, clicks));
  each('attention', (page, [element], measures) => {
    count(sums, `cursor\t${page}\t${element}`, measures[2] ?? 0);
    count(sums, `clicked\t${page}\t${element}`, measures[4] ?? 0);
  });
  return sums;
}

const HOVERING = ['attentionTotals', 0] as const;
const ENGAGED = ['attentionTotals', 1] as const;
const IN_ELEMENTS = ['attention', 3] as const;
const IN_BANDS = ['scrollBands'] as const;
const REACHED = Array.from({ length: 20 }, (_, band) => ['scrollReach', band] as const);

/** Views of each page of which there is a report: none is longer than the viewport. */
function reportedViews(events: readonly Event[]): Map<string, number> {
  const sums = new Map<string, number>();
  const reports = events.filter(({ type }) => type === 'activity');
  const views = Map.groupBy(reports, ({ properties }) => properties?.['viewId']);
  for (const [{ page = '' } = {}] of views.values()) count(sums, page.replace(/^https:..|[?].*$/g, ''), 1);
  return sums;
}

/** A measure of a view by page, or the sum of all. */
function byPage(rows: RowsByView, [view, measure]: readonly [string, number?]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [key, measures] of rows.get(view) ?? []) {
    const asked = measure === undefined ? measures : [measures[measure] ?? 0];
    count(
      sums,
      key.split('\t')[1] as string,
      asked.reduce<number>((sum, one) => sum + Number(one), 0),
    );
  }
  return sums;
}

test(`laws 1 to 4: ${TRACES} random traces of pages, cut, shuffled and doubled, are what a naive reading comes to`, async () => {
  const random = createRandom(SEED);
  const page = await drivenPage();
  const reading: Reading = {
    ...{ sums: new Map(), isShown: true, isFocused: true, inputAt: page.nowMs(), page: '', over: undefined },
  };
  const visitors: string[] = [];
  for (let trace = 0; trace < TRACES; trace++) {
    act(page, reading, random, trace);
    const { length } = await page.arrived();
    while (visitors.length < length) visitors.push(`visitor-${trace % VISITORS}`);
  }
  page.end();
  const arrived = await page.arrived();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  // The first view, of which nothing was asked, has no time.
  const events = arrived.slice(1).map((event, i) => ({ ...event, anonymousId: visitors[i + 1] ?? 'visitor-0' }));
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  expect(events.filter(({ type }) => type === 'activity').length).toBeGreaterThan(TRACES / 2);

  const sent = random.shuffle([...events, ...events]);
  const definitions = definitionsOf({ web: {} });
  const session = await openTestSession('traces');
  try {
    for (const cut of [0, random.below(sent.length), sent.length]) {
      const batch = await bySql(session, firstArrivals(sent.slice(0, cut)), definitions);
      expect(differences(batch, byFold(firstArrivals(sent.slice(0, cut)), definitions))).toEqual([]);
      const merged = merge(batch, speedFold(sent, { definitions, cuts: [cut] }), 1);
      expect([...sumsOf(merged)].sort()).toEqual([...reading.sums].sort());
      // All of each page is in the viewport: its parts are all of it.
      for (const part of [HOVERING, IN_ELEMENTS, IN_BANDS]) expect(byPage(merged, part)).toEqual(byPage(merged, ENGAGED));
      for (const band of REACHED) expect(byPage(merged, band)).toEqual(reportedViews(events));
    }
  } finally {
    await session.close();
  }
});
