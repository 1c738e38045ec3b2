import type { Rows } from '@tributary/views/deltas';
import { expect, test } from 'vitest';
import { singleOrdersOf } from './single-orders.ts';

const ROWS: Rows = new Map([
  ['2026-01-01\tpurchase\ta\tEUR', [1, 500]],
  ['2026-01-01\tpurchase\ta,b\tEUR', [3, 900]],
  ['2026-01-02\tpurchase\ta\tEUR', [1, 700]],
  ['2026-01-02\tpurchase\t\tUSD', [1, 300]],
  ['2026-01-02\tsignup\ta\tEUR', [1, 0]],
  ['2026-01-03\tpurchase\ta\tEUR', [0, -500]],
]);

/** Rows that a snapshot keeps, asked as it is asked. */
const group: Parameters<typeof singleOrdersOf>[0][number] = {
  collect(_, { map }) {
    const rows: Rows = new Map();
    for (const [key, measures] of ROWS) map(key.split('\t'), measures, (name, own) => rows.set(name, [...own]));
    return rows;
  },
};
const days = { fromDay: null, toDay: null };

test('values of rows that hold one conversion, by currency', () => {
  expect(singleOrdersOf([group], { days, equal: { type: 'purchase' } })).toEqual(
    new Map([
      ['EUR', [500, 700]],
      ['USD', [300]],
    ]),
  );
  expect(singleOrdersOf([group], { days, equal: {} }).get('EUR')).toEqual([500, 700, 0]);
});

test('those of all groups, each of them once', () => {
  const orders = singleOrdersOf([group, group, group], { days, equal: { type: 'purchase' } });
  expect(orders.get('EUR')).toEqual([500, 700, 500, 700, 500, 700]);
  expect(orders.get('USD')).toEqual([300, 300, 300]);
  expect(singleOrdersOf([], { days, equal: {} })).toEqual(new Map());
});
