/**
 * Whole numbers of any size. Nearly all are safe (within ±(2^53 − 1)) and are plain numbers, as fast as ever. A sum that leaves the safe
 * integers goes on as a bigint instead of losing digits, and comes back as a number when it fits again: one value has one
 * form, so `===`, `<` and `>` are true of the values. The compiler refuses `+` and `*` on an Integer: use what is here.
 * Ratios are for reading: `Number(a) / Number(b)`.
 */
export type Integer = number | bigint;

export function add(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return integerOf(BigInt(a) + BigInt(b));
}

export function subtract(a: Integer, b: Integer): Integer {
  return add(a, negate(b));
}

export function negate(a: Integer): Integer {
  // Not −a: 0 would become −0.
  return typeof a === 'number' ? 0 - a : -a;
}

export function multiply(a: Integer, b: Integer): Integer {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  return integerOf(BigInt(a) * BigInt(b));
}

/** In its one form. */
export function integerOf(value: bigint): Integer {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
