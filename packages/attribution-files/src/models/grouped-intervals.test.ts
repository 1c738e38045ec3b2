import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { expect, test } from 'vitest';
import { withRepeats } from './grouped-intervals.ts';

const order: WeightedPath = { path: ['a'], conversions: 1, value: 500, nulls: 0 };
const refund: WeightedPath = { ...order, value: -500 };
const repeatsOf = (...journeys: WeightedPath[]) => withRepeats(journeys).map(({ repeats }) => repeats);

test('law 5: a refund of a file without times neither repeats an order nor is repeated, as on the platform', () => {
  expect(repeatsOf(order, order, { ...order, conversions: 3 })).toEqual([0, 1, 3]);
  expect(repeatsOf(refund, order, order)).toEqual([0, 0, 1]);
  expect(repeatsOf(order, refund, order)).toEqual([0, 0, 1]);
  expect(repeatsOf(refund, refund)).toEqual([0, 0]);
  // Where journeys have times it is known already.
  expect(repeatsOf(order, { ...order, repeats: 0 })).toEqual([0, 0]);
});
