/**
 * Amounts of one currency in another, by rates that definitions name: exact integer arithmetic with one rounding. A sum is converted
 * once, half a minor unit away from zero; what it is made of is converted so that it adds up to the converted sum (law 4).
 */
import { type Integer, integerOf } from '../integer.ts';
import { decimalsOf } from './currency.ts';

/** `1 USD = 0.92 EUR` is `{ to: 'EUR', rates: { USD: '0.92' } }`: of major units, as decimal text. */
export interface ExchangeRates {
  readonly to: string;
  readonly rates: Readonly<Record<string, string>>;
}

/** Positive, as text: a rate has no double in it. At most 12 digits on either side of the point. */
export const RATE = /^(?=.*[1-9])\d{1,12}(?:\.\d{1,12})?$/;

/** Minor units of one currency are this many of another. */
export interface Factor {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** undefined: the table lacks a rate. The decimals of both currencies are in it: 100 minor units of USD are 1 USD, 1 of JPY is 1 JPY. */
export function factorOf({ to, rates }: ExchangeRates, from: string): Factor | undefined {
  if (from === to) return { numerator: 1n, denominator: 1n };
  const rate = Object.hasOwn(rates, from) ? rates[from] : undefined;
  if (rate === undefined) return undefined;
  const [whole = '', fraction = ''] = rate.split('.');
  return {
    numerator: BigInt(whole + fraction) * 10n ** BigInt(decimalsOf(to)),
    denominator: 10n ** BigInt(fraction.length + decimalsOf(from)),
  };
}

/** To the nearest minor unit, half a one away from zero: a refund is the mirror image of its sale. */
export function convertSum(total: Integer, { numerator, denominator }: Factor): Integer {
  const exact = BigInt(total) * numerator;
  const size = exact < 0n ? -exact : exact;
  const rounded = (2n * size + denominator) / (2n * denominator);
  return integerOf(exact < 0n ? -rounded : rounded);
}

/**
 * Each part rounded down, and the minor units that are missing from their converted sum one each to those with the largest remainders, the first
 * of equal ones: no part is off by a whole unit, and they add up to `convertSum` of their sum.
 */
export function convertParts(parts: readonly Integer[], factor: Factor): Integer[] {
  const { numerator, denominator } = factor;
  if (numerator === denominator) return [...parts];
  const exact = parts.map((part) => BigInt(part) * numerator);
  const floors = exact.map((amount) => floorDivide(amount, denominator));
  const remainders = BigUint64Array.from(exact, (amount, i) => amount - (floors[i] as bigint) * denominator);
  const total = BigInt(convertSum(integerOf(parts.reduce<bigint>((sum, part) => sum + BigInt(part), 0n)), factor));
  const missing = Number(total - floors.reduce((sum, floor) => sum + floor, 0n));
  // The smallest remainder that has a unit; above it all have one, of those that equal it the first.
  const least = remainders.toSorted()[parts.length - missing];
  let ofLeast =
    missing - (least === undefined ? 0 : remainders.reduce((count, remainder) => count + Number(remainder > least), 0));
  return floors.map((floor, i) => {
    const remainder = remainders[i] as bigint;
    const isRaised = missing > 0 && least !== undefined && (remainder > least || (remainder === least && ofLeast-- > 0));
    return integerOf(isRaised ? floor + 1n : floor);
  });
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return quotient * b > a ? quotient - 1n : quotient;
}
