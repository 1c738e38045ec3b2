import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toMinorUnits } from './minor-units.ts';

test.each([
  [19.99, 'EUR', 1999],
  [1.005, 'EUR', 101],
  [0.1 + 0.2, 'EUR', 30],
  [1.1 * 3, 'EUR', 330],
  [4.35, undefined, 435],
  [-0.005, 'USD', -1],
  [-0.004, 'USD', 0],
  [500, 'JPY', 500],
  [0.5, 'JPY', 1],
  [1.2345, 'BHD', 1235],
  [1e-7, 'EUR', 0],
  [1e9, 'EUR', 100_000_000_000],
  ['$19.99', 'USD', 1999],
  [' 7 ', 'USD', 700],
  ['.5', 'USD', 50],
  ['5.', 'USD', 500],
  ['1.5e2', 'USD', 15_000],
  [`0.${'0'.repeat(50)}1`, 'USD', 0],
])('%s %s is %s minor units', (amount, currency, expected) => {
  expect(toMinorUnits(amount, currency)).toBe(expected);
});

test.each([
  ['', '.', '-', '1,5', '1 000', 'abc', '0x10', '1e', '1e9999', 'Infinity', '٣', `1${'0'.repeat(80)}`],
  [Number.NaN, Number.POSITIVE_INFINITY, 1e300, 1e11, -1e11, true, null, undefined, {}, [5]],
])('what is not an amount, or one beyond all bounds, is refused', (...amounts) => {
  for (const amount of amounts) expect(toMinorUnits(amount, 'EUR')).toBeUndefined();
});

test('exact for every amount of cents, whatever a double makes of it', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 }), fc.boolean(), (minor, asText) => {
      const digits = String(Math.abs(minor)).padStart(3, '0');
      const text = `${minor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
      expect(toMinorUnits(asText ? text : Number(text), 'EUR')).toBe(minor);
    }),
  );
});
