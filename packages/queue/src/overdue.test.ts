import { expect, test } from 'vitest';
import { runOverdueMs } from './overdue.ts';

const MINUTE = 60_000;
const timing = { everyMs: 15 * MINUTE, cron: null, timeZone: 'UTC' };
const facts = { timing, lastRunAtMs: 100 * MINUTE, watchingSinceMs: 0, nowMs: 100 * MINUTE };

test('a run is overdue after two periods and a minute without one', () => {
  expect(runOverdueMs({ ...facts, nowMs: 131 * MINUTE })).toBe(0);
  expect(runOverdueMs({ ...facts, nowMs: 131 * MINUTE + 1 })).toBe(1);
});

test('time in which no process watched does not make a run overdue', () => {
  expect(runOverdueMs({ ...facts, watchingSinceMs: 1_000 * MINUTE, nowMs: 1_010 * MINUTE })).toBe(0);
  expect(runOverdueMs({ ...facts, lastRunAtMs: null, nowMs: 31 * MINUTE })).toBe(0);
  expect(runOverdueMs({ ...facts, lastRunAtMs: null, nowMs: 32 * MINUTE })).toBe(MINUTE);
});

test('by cron a run is overdue when the second time after the last one has passed, by the clocks of its zone', () => {
  const cron = { everyMs: null, cron: '30 3 * * *', timeZone: 'Europe/Berlin' };
  // The clocks went back on 25 October 2026: 3:30 is 1:30 UTC before, 2:30 UTC after.
  const lastRunAtMs = Date.UTC(2026, 9, 24, 1, 30);
  const second = Date.UTC(2026, 9, 26, 2, 30);
  expect(runOverdueMs({ timing: cron, lastRunAtMs, watchingSinceMs: 0, nowMs: second + MINUTE })).toBe(0);
  expect(runOverdueMs({ timing: cron, lastRunAtMs, watchingSinceMs: 0, nowMs: second + MINUTE + 1 })).toBe(1);
});
