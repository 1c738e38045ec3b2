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
  [0.9, 5, 2.015048],
  [0.9, 10, 1.812461],
  [0.9, 20, 1.724718],
  [0.9, 1_000, 1.646379],
  // Before: 5.214, by an expansion around the normal law.
  [0.999, 7, 5.407883],
  [0.99, 7, 3.499483],
  [0.999, 15, 4.072765],
])('Student at %d with %d degrees of freedom: %d', (level, degrees, t) => {
  expect(Math.abs(student(level, degrees) / t - 1)).toBeLessThan(1e-5);
});

test('Student: the expansion for many degrees goes on where the exact law ends', () => {
  for (const level of [0.8, 0.95, 0.999]) expect(Math.abs(student(level, 99.999) / student(level, 100) - 1)).toBeLessThan(4e-4);
});

test('Wilson: 0 of 10, 5 of 10, 10 of 10 at 95 %', () => {
  const at = (part: number) => wilson(part, 10, 1.959964);
  expect(at(0).high).toBeCloseTo(0.2775, 4);
  expect(at(0.5).low).toBeCloseTo(0.2366, 4);
  expect(at(0.5).high).toBeCloseTo(0.7634, 4);
  expect(at(1).low).toBeCloseTo(0.7225, 4);
});

test('Wilson: a proportion that rounding left outside of 0 to 1 is none or all', () => {
  expect(wilson(-5e-17, 1e6, 1.96).low).toBe(0);
  expect(wilson(-5e-17, 1e6, 1.96)).toEqual(wilson(0, 1e6, 1.96));
  expect(wilson(1 + 2e-16, 1e6, 1.96)).toEqual(wilson(1, 1e6, 1.96));
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
