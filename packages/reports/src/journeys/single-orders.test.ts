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

const of = (value: number, channel: string) => ({ value, channels: [channel] });

test('rows that hold one conversion, by currency, with the channels that it met under the names of the report', () => {
  expect(singleOrdersOf([group], { days, equal: { type: 'purchase' } }, null)).toEqual(
    new Map([
      ['EUR', [of(500, 'a'), of(700, 'a')]],
      ['USD', [of(300, '')]],
    ]),
  );
  const all = singleOrdersOf([group], { days, equal: {} }, (channel) => `${channel}!`).get('EUR');
  expect(all).toEqual([of(500, 'a!'), of(700, 'a!'), of(0, 'a!')]);
});

test('those of all groups, each of them once', () => {
  const orders = singleOrdersOf([group, group, group], { days, equal: { type: 'purchase' } }, null);
  expect(orders.get('EUR')?.map(({ value }) => value)).toEqual([500, 700, 500, 700, 500, 700]);
  expect(orders.get('USD')?.map(({ value }) => value)).toEqual([300, 300, 300]);
  expect(singleOrdersOf([], { days, equal: {} }, null)).toEqual(new Map());
});
