/** What rows of several currencies have in columns of a currency that they are not of. */
import { expect, test } from 'vitest';
import { separated } from './money-columns.ts';

test('a row without a currency has 0 of it, null where its model hands out no value there, and no interval', () => {
  const byCurrency = [
    { model: 'linear', channel: 'a', currency: 'EUR', valueMinor: 50, valueMinorLow: 40 },
    { model: 'linear', channel: 'b', currency: 'USD', valueMinor: 70, valueMinorLow: null },
    { model: 'rateShapley', channel: 'a', currency: 'EUR', valueMinor: null, valueMinorLow: null },
    { model: 'rateShapley', channel: 'b', currency: 'USD', valueMinor: 9, valueMinorLow: 1 },
  ];
  const rows = ['linear', 'rateShapley'].flatMap((model) => ['a', 'b'].map((channel) => ({ model, channel })));
  const columns = separated(rows, byCurrency, ['model', 'channel']).map((row) =>
    ['valueMinor_EUR', 'valueMinorLow_EUR', 'valueMinor_USD', 'valueMinorLow_USD'].map((name) => row[name]),
  );
  expect(columns).toEqual([
    [50, 40, 0, null],
    [0, null, 70, null],
    [null, null, 0, null],
    [null, null, 9, 1],
  ]);
});
