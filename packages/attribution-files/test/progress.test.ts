import { expect, test } from 'vitest';
import { progressOf } from '../src/models/intervals.ts';

test('resamplings that take long say how long the rest will take', () => {
  expect(progressOf(1, 1_000, 17)).toBe('1 of 1000 resamplings, about 17 s left');
  expect(progressOf(750, 1_000, 12_000)).toBe('750 of 1000 resamplings, about 4 s left');
  expect(progressOf(1_000, 1_000, 16_000)).toBe('1000 of 1000 resamplings, about 0 s left');
});
