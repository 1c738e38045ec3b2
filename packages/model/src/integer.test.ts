import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exactJson, parseExactJson } from './exact-json.ts';
import { add, type Integer, integerOf, multiply, negate, subtract } from './integer.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const big = fc.oneof(
  fc.maxSafeInteger().map(BigInt),
  fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }),
  fc.constantFrom(0n, 1n, -1n, BigInt(MOST), -BigInt(MOST), 2n ** 53n, -(2n ** 53n), 2n ** 63n),
);

/** The one form of a value: a number exactly where a number is safe. */
function expectOneForm(actual: Integer, exact: bigint): void {
  expect(BigInt(actual)).toBe(exact);
  expect(typeof actual).toBe(exact >= -BigInt(MOST) && exact <= BigInt(MOST) ? 'number' : 'bigint');
  expect(Object.is(actual, -0)).toBe(false);
}

test('law 4: sums, differences and products are exact at any size, and every value has one form', () => {
  fc.assert(
    fc.property(big, big, (a, b) => {
      const [x, y] = [integerOf(a), integerOf(b)];
      expectOneForm(add(x, y), a + b);
      expectOneForm(subtract(x, y), a - b);
      expectOneForm(multiply(x, y), a * b);
      expectOneForm(negate(x), -a);
      expect([x === y, x < y, x > y]).toEqual([a === b, a < b, a > b]);
    }),
    { numRuns: 2_000 },
  );
});

test('law 4: JSON keeps every digit of an integer, there and back', () => {
  fc.assert(
    fc.property(fc.array(big), (values) => {
      const answer = { name: '12345678901234567890', rows: values.map(integerOf), part: 0.1, none: null };
      const text = exactJson(answer);
      expect(text).toBe(`{"name":"12345678901234567890","rows":[${values.join(',')}],"part":0.1,"none":null}`);
      expect(parseExactJson(text)).toEqual(answer);
    }),
  );
  expect(exactJson({ a: 2n ** 64n }, 1)).toBe('{\n "a": 18446744073709551616\n}');
  expect(parseExactJson('[1e300, 1.5]')).toEqual([1e300, 1.5]);
});
