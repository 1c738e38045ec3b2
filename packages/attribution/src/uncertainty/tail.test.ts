import { expect, test } from 'vitest';
import { createRandom, type Random } from '../data-driven/random.ts';
import { hasHeavyTail } from './tail.ts';

const SAMPLES = 200;

/** In how many of the samples the tail is heavy. */
function heavyIn(count: number, amount: (random: Random) => number): number {
  const random = createRandom(5);
  let heavy = 0;
  for (let sample = 0; sample < SAMPLES; sample++)
    if (hasHeavyTail(Array.from({ length: count }, () => ({ amount: amount(random), times: 1 })))) heavy++;
  return heavy;
}

const pareto = (exponent: number) => (random: Random) => (1 - random()) ** (-1 / exponent);
const lognormal = (random: Random) => Math.exp(Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

test.each([
  ['Pareto with exponent 1.5', 430, pareto(1.5), 170, SAMPLES],
  ['Pareto with exponent 1.5', 4_300, pareto(1.5), 190, SAMPLES],
  ['Zipf with exponent 1.5', 430, (random: Random) => Math.floor(pareto(1.5)(random)), 150, SAMPLES],
  ['Pareto with exponent 2.5', 4_300, pareto(2.5), 10, 50],
  ['Pareto with exponent 1.8', 430, pareto(1.8), 180, SAMPLES],
  ['lognormal, σ 1', 430, lognormal, 100, 160],
  ['lognormal, σ 1', 4_300, lognormal, 0, 16],
  ['exponential', 430, (random: Random) => -Math.log(1 - random()), 0, 6],
  ['1 to 9 alike', 430, (random: Random) => 1 + Math.floor(9 * random()), 0, 0],
  ['one in 20 is 10 times as large', 1_000, (random: Random) => (random() < 0.05 ? 10 : 1), 0, 4],
  ['all equal', 43, () => 50, 0, 0],
])('%s, %d of them: a heavy tail as often as it should', (_, count, amount, least, most) => {
  const heavy = heavyIn(count, amount);
  expect(heavy).toBeGreaterThanOrEqual(least);
  expect(heavy).toBeLessThanOrEqual(most);
});

test('amounts that repeat count as often as they are there', () => {
  const amounts = [1_000, 400, 150, 60, 40, 25, 18, 12, 9, 7, 5, 4, 3];
  const all = [...amounts.map((amount) => ({ amount, times: 1 })), { amount: 1, times: 40 }];
  const apart = all.flatMap(({ amount, times }) => Array.from({ length: times }, () => ({ amount, times: 1 })));
  expect(hasHeavyTail(all)).toBe(true);
  expect(hasHeavyTail(apart)).toBe(true);
  expect(
    hasHeavyTail([
      { amount: 1_000, times: 13 },
      { amount: 1, times: 40 },
    ]),
  ).toBe(false);
});

test('one user apart from others who are alike does not make a tail: that is seen by how much they make up', () => {
  expect(
    hasHeavyTail([
      { amount: 25, times: 1 },
      { amount: 1, times: 18 },
    ]),
  ).toBe(false);
});

test('few amounts, or none above 0, have no tail', () => {
  expect(hasHeavyTail([])).toBe(false);
  expect(hasHeavyTail([1_000, 100, 10, 1].map((amount) => ({ amount, times: 1 })))).toBe(false);
  expect(hasHeavyTail([{ amount: 0, times: 100 }])).toBe(false);
});
