import { expect, test } from 'vitest';
import { addDraw, emptySums } from './draws.ts';
import { unitsOf } from './units.ts';

/** How many times the only unit of its kind is drawn by a random number. */
function drawnBy(number: number, times = 1): number {
  const journeys = [{ path: ['a'], conversions: 1, nulls: 0, value: 1 }];
  const units = unitsOf({ kind: 'user', rows: [{ times, journeys }], hasSingleValues: true });
  const sums = emptySums(units);
  addDraw(units, sums, () => number);
  return sums.conversions[0] as number;
}

test('a single unit is drawn as often as the sums of the Poisson probabilities say, also where they lie within a part of the table', () => {
  let [sum, probability] = [0, Math.exp(-1)];
  for (let count = 0; count < 9; count++) {
    if (count > 0) probability /= count;
    sum += probability;
    expect([drawnBy(sum * (1 - 1e-12)), drawnBy(sum * (1 + 1e-12))]).toEqual([count, count + 1]);
  }
  expect([drawnBy(2 ** -53), drawnBy(1 - 2 ** -53)].map((drawn) => drawn < 20)).toEqual([true, true]);
});

test('its mean and variance are 1, over equal steps of the random number', () => {
  const drawn = Array.from({ length: 20_000 }, (_, step) => drawnBy((step + 0.5) / 20_000));
  const mean = drawn.reduce((all, one) => all + one, 0) / drawn.length;
  expect(mean).toBeCloseTo(1, 3);
  expect(drawn.reduce((all, one) => all + (one - mean) ** 2, 0) / drawn.length).toBeCloseTo(1, 2);
});
