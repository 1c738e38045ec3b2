/** Turns of long work: its own time counts, and not that of those who are served in between. */
import { expect, test } from 'vitest';
import { turnsWithin } from '../src/http/turns.ts';

test('others are served after 5 ms, and their time is not taken from the budget', async () => {
  let nowMs = 100;
  const turns = turnsWithin(20, () => nowMs);
  expect(turns.next()).toBeUndefined();
  nowMs += 12;
  expect(turns.isOver()).toBe(false);
  const turning = turns.next();
  nowMs += 1_000;
  await turning;
  expect(turns.isOver()).toBe(false);
  nowMs += 8;
  expect(turns.isOver()).toBe(false);
  nowMs += 1;
  expect(turns.isOver()).toBe(true);
});
