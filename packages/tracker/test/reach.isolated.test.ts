/** How far views are scrolled, over reports of them. */
import type { Event as TributaryEvent } from '@tributary/model/event';
import { createRandom } from '@tributary/testkit/inputs/random';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { drivenPage } from './driven-page.ts';

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const TOPS = Array.from({ length: 20 }, (_, band) => 500 * band);

/** How many of these reports came to each twentieth of the page. */
function reachedBy(reports: readonly TributaryEvent[]): number[] {
  const came = ({ properties = {} }: TributaryEvent, top: number) =>
    top >= Number(properties['fromScrollBp']) && top < Number(properties['maxScrollBp']);
  return TOPS.map((top) => reports.filter((report) => came(report, top)).length);
}

test('laws 1 and 3: one report of a view, the first that does, comes to each part of a page, though the page grows', async () => {
  const random = createRandom(20_261_126);
  const page = await drivenPage();
  let heightPx = 800;
  for (let view = 0; view < 200; view++) {
    page.go(`/long?view=${view}`);
    page.grow((heightPx = random.pick([800, 4_000, 40_000])));
    for (let left = random.below(8); left > 0; left--) {
      page.scroll(random.below(heightPx - 799));
      page.press();
      page.wait(random.pick([10, 4_000, 16_000]));
      if (random.chance(0.2)) page.grow((heightPx *= 2));
      if (random.chance(0.3)) for (const isShown of [false, true]) page.show(isShown);
    }
    await page.arrived();
  }
  page.end();
  const reports = (await page.arrived()).filter(({ type }) => type === 'activity');
  const views = [...Map.groupBy(reports, ({ properties }) => properties?.['viewId']).values()];
  expect(Math.max(...views.map(({ length }) => length))).toBeGreaterThan(3);
  for (const ofView of views) {
    const deepest = Math.max(...ofView.map(({ properties }) => Number(properties?.['maxScrollBp'])));
    expect(reachedBy(ofView)).toEqual(TOPS.map((top) => (top < deepest ? 1 : 0)));
  }
  expect(new Set(views.map((ofView) => reachedBy(ofView).join(''))).size).toBeGreaterThan(10);
});
