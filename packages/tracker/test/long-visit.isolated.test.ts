/** What somebody costs who stays all day. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { drivenPage, PLACE_NAMES } from './driven-page.ts';

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const EIGHT_HOURS_S = 8 * 3_600;
const MOST_REPORTS = 2_000;

test.each([
  ['never stops to move the pointer', 1],
  ['reads, and touches the page every four seconds', 4],
])('law 7: a visitor of 8 hours who %s is at most 2 000 reports, which have all of the time', async (_name, everyS) => {
  const page = await drivenPage();
  for (let second = 0; second < EIGHT_HOURS_S; second += everyS) {
    page.move(PLACE_NAMES[second % PLACE_NAMES.length]);
    page.wait(everyS * 1_000);
    // Answers arrive meanwhile.
    if (second % 60 === 0) await page.arrived();
  }
  page.end();
  const reports = (await page.arrived()).filter(({ type }) => type === 'activity');
  expect(reports.length).toBeGreaterThan(EIGHT_HOURS_S / 20);
  expect(reports.length).toBeLessThanOrEqual(MOST_REPORTS);
  expect(reports.reduce((sum, { properties }) => sum + Number(properties?.['engagedMs']), 0)).toBe(EIGHT_HOURS_S * 1_000);
});
