import { expect, test } from 'vitest';
import { deviations, onLogScale, percentiles, scored, student, varianceOf, wilson } from './scales.ts';

test.each([
  [0.5, 0.67449],
  [0.9, 1.644854],
  [0.95, 1.959964],
  [0.99, 2.575829],
  [0.999, 3.290527],
])('%d of a normal draw lies within %d deviations', (level, z) => {
  expect(deviations(level)).toBeCloseTo(z, 5);
});

test.each([
  [5, 2.015],
  [10, 1.812],
  [20, 1.725],
  [1_000, 1.646],
])('Student with %d degrees of freedom: %d', (size, t) => {
  expect(Math.abs(student(1.644854, size) / t - 1)).toBeLessThan(0.005);
});

test('Wilson: 0 of 10, 5 of 10, 10 of 10 at 95 %', () => {
  const at = (part: number) => wilson(part, 10, 1.959964);
  expect(at(0).high).toBeCloseTo(0.2775, 4);
  expect(at(0.5).low).toBeCloseTo(0.2366, 4);
  expect(at(0.5).high).toBeCloseTo(0.7634, 4);
  expect(at(1).low).toBeCloseTo(0.7225, 4);
});

test('amounts: a count of 4 by its score, 100 on the log scale', () => {
  const few = scored(4, 4, 1.959964);
  expect([few.low, few.high].map((bound) => bound.toFixed(2))).toEqual(['1.56', '10.29']);
  // Twice the amount with the same certainty: twice the bounds.
  expect(scored(8, 16, 1.959964).high).toBeCloseTo(2 * few.high, 9);
  const many = onLogScale(100, 100, 1.644854);
  expect(many.low).toBeCloseTo(84.83, 1);
  expect(many.low * many.high).toBeCloseTo(10_000, 6);
});

test('percentiles and the variance of draws', () => {
  const draws = Float64Array.from({ length: 101 }, (_, i) => (i * 37) % 101);
  const { low, high } = percentiles(draws, 0.9);
  expect(low).toBeCloseTo(5, 9);
  expect(high).toBeCloseTo(95, 9);
  expect(varianceOf(Float64Array.of(1, 2, 3, 4))).toBeCloseTo(5 / 3, 12);
});
