import { expect, test } from 'vitest';
import { decimalsOf } from './currency.ts';

test.each([
  [0, ['JPY', 'KRW', 'CLP', 'VND', 'ISK', 'XOF']],
  [2, ['EUR', 'HUF', 'COP', 'IDR', 'TWD', 'MGA']],
  [3, ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND']],
  [4, ['CLF', 'UYW']],
])('%i decimals, by ISO 4217: %j', (decimals, currencies) => {
  expect(currencies.map(decimalsOf)).toEqual(currencies.map(() => decimals));
});

test('an amount without a currency, or in one that is not known, has two', () => {
  expect([undefined, '', 'XQX', 'toString'].map(decimalsOf)).toEqual([2, 2, 2, 2]);
});
