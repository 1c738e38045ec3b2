import { expect, test } from 'vitest';
import { amounts, conversions, counted, fixed, money, percent, share } from './figures.ts';

test('one of a thing, and several', () => {
  expect([
    counted(0, 'row'),
    counted(1, 'row'),
    counted(1n, 'row'),
    counted(1_234, 'row'),
    counted(2, 'retry', 'retries'),
  ]).toEqual(['0 rows', '1 row', '1 row', '1,234 rows', '2 retries']);
});

test('what rounds to nothing has no sign; thousands are separated', () => {
  expect([fixed(-0.001, 2), fixed(-0, 1), fixed(-1_234.5, 2), fixed(0.125, 2)]).toEqual(['0.00', '0.0', '-1,234.50', '0.13']);
  expect([percent(-0.0001), percent(-0.01), share(-1, 10_000), share(-1, 100), share(1, 0)]).toEqual([
    '0.0 %',
    '-1.0 %',
    '0.0 %',
    '-1.0 %',
    '–',
  ]);
});

test('credit too small for two decimals says so, on either side of nothing', () => {
  expect([1, -1, 4_999, -4_999, 5_000, -5_000, 0, 1_000_000, -1_234_560_000].map((micros) => conversions(micros))).toEqual([
    '<0.01',
    '-<0.01',
    '<0.01',
    '-<0.01',
    '0.01',
    '-0.01',
    '0',
    '1',
    '-1,234.56',
  ]);
});

test('every amount has its currency, also none', () => {
  expect(
    amounts(
      new Map([
        ['USD', 5],
        ['EUR', 123_456],
      ]),
    ),
  ).toBe('1,234.56 EUR + 0.05 USD');
  expect(
    amounts(
      new Map([
        ['EUR', -5],
        ['JPY', -1],
      ]),
    ),
  ).toBe('-0.05 EUR - 1 JPY');
  expect([amounts(new Map(), 'EUR'), amounts(new Map(), 'JPY'), amounts(new Map())]).toEqual(['0.00 EUR', '0 JPY', '0.00']);
  expect(amounts(new Map([['(none)', 150]]))).toBe('1.50 (no currency)');
});

test('law 4: amounts have the decimals of accounts, not those of cash', () => {
  expect(money(150_050, 'HUF')).toBe('1,500.50 HUF');
  expect(money(1_500, 'JPY')).toBe('1,500 JPY');
});
