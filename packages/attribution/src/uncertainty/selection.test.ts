import { expect, test } from 'vitest';
import { loweredBy, loweredByCount, loweredBySign, mostOfNone } from './selection.ts';

const of = (known: number, fewest = 5, groups = 16) => loweredBy({ known, fewest, groups }, 0.9);

test('at the bound nothing is sure but that it was passed; far above it, next to nothing is lowered', () => {
  expect(of(5)).toBe(0);
  expect(of(15)).toBeGreaterThan(0.9);
  const factors = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map((known) => of(known));
  expect(factors).toEqual(factors.toSorted((a, b) => a - b));
  expect(of(16)).toBeLessThanOrEqual(1);
});

test('users counted: nothing at the bound, all of it from four times as many on', () => {
  const counted = (known: number) => loweredByCount({ known, fewest: 10 }, 0.9);
  expect([counted(10), counted(40), counted(4_000)]).toEqual([0, 1, 1]);
  const factors = [10, 11, 12, 14, 16, 20, 25, 30, 39].map(counted);
  expect(factors).toEqual(factors.toSorted((a, b) => a - b));
  expect(counted(20)).toBeGreaterThan(0.9);
  expect(counted(39)).toBeGreaterThan(0.999);
});

test('thousands of groups', () => {
  expect(of(2_000, 5, 4_096)).toBeCloseTo(1, 6);
  expect(of(6, 5, 4_096)).toBeGreaterThan(0);
});

test('an effect near its bound: a lower bound of exactly 0, so that cost divided by it has no upper one', () => {
  const bySign = (deviations: number) => loweredBySign(deviations, 0.9);
  expect([bySign(3), bySign(3.2), bySign(3.5)]).toEqual([0, 0, 0]);
  expect(bySign(4)).toBeGreaterThan(0.5);
});

test('none of a channel, where 1 to 4 are not printed: a channel of the bound prints none in one of twenty of its printed samples', () => {
  const most = mostOfNone(5, 0.9);
  const none = Math.exp(-most);
  const few = none * (1 + most + most ** 2 / 2 + most ** 3 / 6 + most ** 4 / 24);
  expect(none / (none + 1 - few)).toBeCloseTo(0.05, 9);
  expect([most, mostOfNone(5, 0.95), mostOfNone(5, 0.99)].map((x) => Number(x.toFixed(2)))).toEqual([3.96, 4.45, 5.69]);
});
