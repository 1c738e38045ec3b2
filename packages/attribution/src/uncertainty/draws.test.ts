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

test.each([1, 2, 9, 2.5])(
  '%s units that are alike are drawn as often as the sums of the Poisson probabilities say, also where these lie within a part of the table',
  (times) => {
    let [sum, probability] = [0, Math.exp(-times)];
    for (let count = 0; count < 9; count++) {
      if (count > 0) probability *= times / count;
      sum += probability;
      expect([drawnBy(sum * (1 - 1e-11), times), drawnBy(sum * (1 + 1e-11), times)]).toEqual([count, count + 1]);
    }
  },
);

test('the least and the largest random number draw a few of a single unit', () => {
  expect([drawnBy(2 ** -53), drawnBy(1 - 2 ** -53)].map((drawn) => drawn < 20)).toEqual([true, true]);
});

test.each([1, 3, 9])('mean and variance of %i units are as many, over equal steps of the random number', (times) => {
  const drawn = Array.from({ length: 20_000 }, (_, step) => drawnBy((step + 0.5) / 20_000, times));
  const mean = drawn.reduce((all, one) => all + one, 0) / drawn.length;
  expect(mean).toBeCloseTo(times, 2);
  expect(drawn.reduce((all, one) => all + (one - mean) ** 2, 0) / drawn.length).toBeCloseTo(times, 1);
});
