import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { expect, test } from 'vitest';
import { ordersOfUsers } from './grouped-intervals.ts';

const order: WeightedPath = { path: ['a'], conversions: 1, value: 500, nulls: 0 };
const refund: WeightedPath = { ...order, value: -500 };
/** Users who order at least 1, 2, 3, 4, 6, 8 and 12 times over `a`. */
const ofA = (...journeys: WeightedPath[]) => ordersOfUsers([journeys]).of('a').own;

test('law 5: a refund of a file without times neither repeats an order nor is repeated, as on the platform', () => {
  expect(ofA(order, order, { ...order, conversions: 3 })).toEqual([1, 1, 1, 1, 0, 0, 0]);
  expect(ofA(refund, order, order)).toEqual([1, 1, 0, 0, 0, 0, 0]);
  expect(ofA(order, refund, order)).toEqual([1, 1, 0, 0, 0, 0, 0]);
  expect(ofA(refund, refund)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  // Where journeys have times it is known already.
  expect(ofA(order, { ...order, orders: new Map([['a', 1]]) })).toEqual([2, 0, 0, 0, 0, 0, 0]);
});

test('law 2: the order of the rows of a file without times changes nothing', () => {
  const journeys = [
    order,
    { ...order, path: ['b', 'a'] },
    { ...order, path: ['b'], conversions: 2 },
    { ...order, path: ['c', 'b'], value: 300 },
    { ...refund, path: ['b'] },
  ];
  const found = (rows: readonly WeightedPath[]) => ['a', 'b', 'c'].map((channel) => ordersOfUsers([rows]).of(channel));
  expect(found(journeys.toReversed())).toEqual(found(journeys));
  expect(found([...journeys.slice(2), ...journeys.slice(0, 2)])).toEqual(found(journeys));
});

test('who comes back over another channel orders over that one for the first time', () => {
  expect(ofA({ ...order, path: ['b'] }, order, { ...order, path: ['c'] })).toEqual([1, 0, 0, 0, 0, 0, 0]);
});
