/** Exact sums of values, and quotients of them to six decimals. */
import { add, type Integer, integerOf, multiply } from '@tributary/model/integer';
import type { FieldType } from '../expressions/fields.ts';

/** Decimals of quotients, and of sums of numbers. */
const DECIMALS = 6;
const MILLION = 10 ** DECIMALS;
const SCALE = BigInt(MILLION);

/** In what sums count values of a field: `number`s in millionths. */
export function unitsOf(value: number, type: FieldType): number {
  return type === 'number' ? Number(value.toFixed(DECIMALS).replace('.', '')) : value;
}

/** How many of these units make 1. */
export function unitsIn(type: FieldType): Integer {
  return type === 'number' ? MILLION : 1;
}

/** A sum of units as the number it stands for. */
export function inWholes(units: Integer, type: FieldType): Integer {
  return type === 'number' ? quotient(units, MILLION) : units;
}

export function sumOf(values: readonly number[]): Integer {
  let sum = 0;
  for (const value of values) sum += value;
  return Number.isSafeInteger(sum) && isSafeAllAlong(values) ? sum : values.reduce<Integer>(add, 0);
}

/** Whether no sum on the way can have lost a digit. */
function isSafeAllAlong(values: readonly number[]): boolean {
  let most = 0;
  for (const value of values) most += Math.abs(value);
  return Number.isSafeInteger(most);
}

export function sumOfSquares(values: readonly number[]): Integer {
  let squares = 0;
  for (const value of values) squares += value * value;
  // Squares only add up: where the sum is safe, so was each on the way.
  return Number.isSafeInteger(squares) ? squares : values.reduce<Integer>((sum, value) => add(sum, multiply(value, value)), 0);
}

/** To six decimals, halves away from zero. `by` is positive. */
export function quotient(of: Integer, by: Integer): number {
  if (typeof of === 'number' && typeof by === 'number') {
    const doubled = 2 * Math.abs(of) * MILLION + by;
    // A safe sum of positive numbers has lost nothing on the way, and a remainder of doubles is exact.
    if (Number.isSafeInteger(doubled)) {
      const rounded = (doubled - (doubled % (2 * by))) / (2 * by) / MILLION;
      return of < 0 && rounded !== 0 ? -rounded : rounded;
    }
  }
  return quotientOfAny(of, by);
}

/** The same of integers of any size. */
export function quotientOfAny(of: Integer, by: Integer): number {
  const [numerator, denominator] = [BigInt(of), BigInt(by)];
  const size = numerator < 0n ? -numerator : numerator;
  const millionths = (2n * size * SCALE + denominator) / (2n * denominator);
  const short = integerOf(millionths);
  // A division of two safe integers is rounded once; larger ones go through their digits.
  const rounded = typeof short === 'number' ? short / MILLION : Number(pointed(millionths));
  return numerator < 0n && rounded !== 0 ? -rounded : rounded;
}

function pointed(millionths: bigint): string {
  const digits = String(millionths);
  return `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}
