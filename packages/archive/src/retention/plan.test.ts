/** Which files are older than an instant, by the day, month or year that they are filed under. */
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { isOlder, newestBefore, wholeUnder } from './plan.ts';

test.each([
  ['2025-10-21', '2025-10-22', true],
  ['2025-10-22', '2025-10-22', false],
  ['2025-10', '2025-11-01', true],
  ['2025-10', '2025-10-31', false],
  ['2025-12', '2026-01-01', true],
  ['2024-02-29', '2024-03-01', true],
  ['2024', '2025-01-01', true],
  ['2024', '2024-12-31', false],
])('law 1: a file of %s is older than %s: %s, as its last event may be of its last millisecond', (date, before, older) => {
  expect(isOlder(date, Date.parse(before))).toBe(older);
});

test('law 1: what records, windows and lateness look back on stays, from the last cut on where that is long ago', () => {
  const definitions = definitionsOf({ latenessDays: 3, signalRetention: { days: 30, perUser: 20 } });
  const [now, day] = [Date.UTC(2026, 10, 26, 5), 86_400_000];
  const newest = newestBefore({ createdAt: now }, definitions, now);
  expect(newest % day).toBe(0);
  expect(now - newest).toBeGreaterThan(31 * day);
  expect(newestBefore({ createdAt: now - 90 * day }, definitions, now)).toBe(newest - 90 * day);
  const wider = definitionsOf({ latenessDays: 3, signalRetention: { days: 130, perUser: 20 } });
  expect(newest - newestBefore({ createdAt: now }, wider, now)).toBeGreaterThan(60 * day);
});

test('law 7: under windows that are longer by some days, rows are whole from that much later on, and under shorter ones from no earlier', () => {
  const day = 86_400_000;
  const of = (windowDays: number) => definitionsOf({ latenessDays: 3, touches: { ad_click: { windowDays } } });
  const base = { definitions: of(10).json, wholeFromMs: 100 * day };
  expect(wholeUnder(base, of(10))).toBe(100 * day);
  expect(wholeUnder(base, of(25))).toBe(130 * day);
  expect(wholeUnder(base, of(5))).toBe(100 * day);
  expect(wholeUnder({ definitions: base.definitions }, of(25))).toBeUndefined();
});
