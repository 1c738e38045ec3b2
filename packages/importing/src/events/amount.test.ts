import { decimalsOf } from '@tributary/model/amounts/currency';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AmountFormat, parseAmount } from './amount.ts';

const EUR: AmountFormat = { minor: false, digits: 2, decimalMark: '.', unit: 'minor units', max: 1e12 };

describe('law 4: an amount is read to the last minor unit', () => {
  test('every amount of minor units comes back from its decimal text', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), fc.constantFrom(0, 2, 3), (minor, digits) => {
        const magnitude = String(Math.abs(minor)).padStart(digits + 1, '0');
        const text = `${minor < 0 ? '-' : ''}${magnitude.slice(0, magnitude.length - digits)}${digits > 0 ? `.${magnitude.slice(-digits)}` : ''}`;
        expect(parseAmount(text, { ...EUR, digits })).toEqual({ ok: true, value: minor });
      }),
    );
  });

  test.each([
    ['44', 4400],
    ['44.5', 4450],
    ['44.50', 4450],
    ['44.5000', 4450],
    [' 0.1 ', 10],
    ['-3.20', -320],
    ['-0', 0],
    ['+7', 700],
  ])('%s is %i minor units', (text, minor) => {
    expect(parseAmount(text, EUR)).toEqual({ ok: true, value: minor });
  });

  test.each([
    '44.505',
    '1,5',
    '1.2.3',
    '',
    'NaN',
    'Infinity',
    '1e3',
    '0x10',
    '€5',
    '.5',
    '99999999999999',
    '1 000',
    '249.',
    '-0.',
  ])('"%s" is refused, not guessed', (text) => {
    expect(parseAmount(text, EUR).ok).toBe(false);
  });

  test('an amount beyond its bound is refused by the unit of its field', () => {
    const micros = { ...EUR, digits: 6, unit: 'micros', max: 2_500_000 };
    expect(parseAmount('2.5', micros)).toEqual({ ok: true, value: 2_500_000 });
    expect(parseAmount('-2.500001', micros)).toEqual({
      ok: false,
      reason: 'must be within ±2500000 micros (got -2.500001)',
    });
  });

  test('a decimal comma on request; minor units take no decimals', () => {
    expect(parseAmount('44,50', { ...EUR, decimalMark: ',' })).toEqual({ ok: true, value: 4450 });
    expect(parseAmount('44.50', { ...EUR, decimalMark: ',' }).ok).toBe(false);
    expect(parseAmount('4450', { ...EUR, minor: true })).toEqual({ ok: true, value: 4450 });
    expect(parseAmount('44.5', { ...EUR, minor: true }).ok).toBe(false);
  });

  test.each(['1,234.50', '1,234,567', '1 234', "1'234.50"])('the marks between thousands of "%s" are named', (text) => {
    expect(parseAmount(text, EUR)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/Leave out the marks between thousands\.$/),
    });
  });

  test('decimals by currency', () => {
    expect(['EUR', 'JPY', 'KWD', undefined].map(decimalsOf)).toEqual([2, 0, 3, 2]);
    // As cash they have none; senders' amounts are read with two.
    expect(['HUF', 'COP', 'IDR', 'CLF'].map(decimalsOf)).toEqual([2, 2, 2, 4]);
  });
});
