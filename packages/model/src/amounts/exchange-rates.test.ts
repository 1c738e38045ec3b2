import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { add, type Integer } from '../integer.ts';
import { convertParts, convertSum, type Factor, factorOf, RATE } from './exchange-rates.ts';

const factor = (to: string, from: string, rate: string) => factorOf({ to, rates: { [from]: rate } }, from) as Factor;

describe('law 4: amounts are converted without a unit made or lost', () => {
  const rate = fc
    .tuple(fc.bigInt(0n, 10n ** 12n - 1n), fc.bigInt(1n, 10n ** 12n - 1n))
    .map(([a, b]) => `${a}.${String(b).padStart(12, '0')}`);
  const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'HUF');
  const parts = fc.array(fc.bigInt(-(10n ** 20n), 10n ** 20n).map(normal), { maxLength: 30 });

  test('parts add up to their sum, converted once; each is less than a minor unit off', () => {
    fc.assert(
      fc.property(currency, rate, parts, (to, of, amounts) => {
        const by = factor(to, 'USD', of);
        const converted = convertParts(amounts, by);
        expect(sum(converted)).toBe(convertSum(sum(amounts), by));
        converted.forEach((minor, i) => {
          const off = BigInt(minor) * by.denominator - BigInt(amounts[i] as Integer) * by.numerator;
          expect(off > -by.denominator && off < by.denominator).toBe(true);
        });
      }),
    );
  });

  test('a refund is the mirror image of its sale; what is of the currency already stays', () => {
    fc.assert(
      fc.property(currency, rate, parts, (to, of, amounts) => {
        const by = factor(to, 'USD', of);
        const total = sum(amounts);
        expect(convertSum(normal(-BigInt(total)), by)).toBe(normal(-BigInt(convertSum(total, by))));
        expect(convertParts(amounts, factorOf({ to, rates: {} }, to) as Factor)).toEqual(amounts);
      }),
    );
  });
});

test.each([
  ['USD to EUR', 1_000, factor('EUR', 'USD', '0.92'), 920],
  ['a yen has no minor unit', 1_000, factor('EUR', 'JPY', '0.0061'), 610],
  ['and a euro has a hundred', 610, factor('JPY', 'EUR', '163.9'), 1_000],
  ['a dinar has a thousand', 1_500, factor('EUR', 'KWD', '3'), 450],
  ['half a cent is one more', 1, factor('EUR', 'USD', '0.5'), 1],
  ['on either side of zero', -1, factor('EUR', 'USD', '0.5'), -1],
  ['below it is none', 1, factor('EUR', 'USD', '0.499999999999'), 0],
] as const)('%s: %i are %i', (_, minor, by, expected) => {
  expect(convertSum(minor, by)).toBe(expected);
});

test('the missing units go to the largest remainders, the first of equal ones', () => {
  const half = factor('EUR', 'USD', '0.5');
  expect(convertParts([1, 1, 1, 1], half)).toEqual([1, 1, 0, 0]);
  expect(convertParts([1, 0, -1], half)).toEqual([1, 0, -1]);
  expect(convertParts([7, 5, 2], factor('EUR', 'USD', '0.3'))).toEqual([2, 1, 1]);
  expect(convertParts([], half)).toEqual([]);
});

test('which texts are rates', () => {
  for (const text of ['0', '0.0', '', '.5', '5.', '-1', '+1', '1e3', '1,5', '1.1234567890123', ' 1', '1234567890123'])
    expect([text, RATE.test(text)]).toEqual([text, false]);
  for (const text of ['1', '0.92', '0.000000000001', '163.9', '0007']) expect([text, RATE.test(text)]).toEqual([text, true]);
  expect(factorOf({ to: 'EUR', rates: { USD: '0.9' } }, 'GBP')).toBeUndefined();
  expect(factorOf({ to: 'EUR', rates: {} }, 'toString')).toBeUndefined();
});

function sum(amounts: readonly Integer[]): Integer {
  return amounts.reduce<Integer>(add, 0);
}

function normal(value: bigint): Integer {
  return add(0, value);
}
