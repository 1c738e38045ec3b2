import { expect, test } from 'vitest';
import { overdueMs } from './overdue.ts';

const MINUTE = 60_000;
const facts = { everyMs: 15 * MINUTE, lastRunAtMs: 100 * MINUTE, watchingSinceMs: 0, nowMs: 100 * MINUTE };

test('a run is overdue after two periods and a minute without a generation', () => {
  expect(overdueMs({ ...facts, nowMs: 131 * MINUTE })).toBe(0);
  expect(overdueMs({ ...facts, nowMs: 131 * MINUTE + 1 })).toBe(1);
});

test('without a schedule nothing is overdue', () => {
  expect(overdueMs({ ...facts, everyMs: 0, nowMs: 1e9 })).toBe(0);
});

test('time in which no process watched does not make a run overdue', () => {
  expect(overdueMs({ ...facts, watchingSinceMs: 1_000 * MINUTE, nowMs: 1_010 * MINUTE })).toBe(0);
  expect(overdueMs({ ...facts, lastRunAtMs: null, nowMs: 31 * MINUTE })).toBe(0);
  expect(overdueMs({ ...facts, lastRunAtMs: null, nowMs: 32 * MINUTE })).toBe(MINUTE);
});
