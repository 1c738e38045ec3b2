import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CREDIT_UNIT_MICROS, mulDivFloor, split } from './money.ts';

const amount = fc.integer({ min: 0, max: 1_000_000_000_000 });
const weights = fc
  .array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 60 })
  .filter((all) => all.some((weight) => weight > 0));

describe('law 4: splitting conserves', () => {
  it('the floor of a product and a quotient is exact beyond 2^53', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 60_000_000 }), fc.integer({ min: 60_000_000, max: 2 ** 40 }), (a, b, c) => {
        expect(mulDivFloor(a, b, c)).toBe(Number((BigInt(a) * BigInt(b)) / BigInt(c)));
      }),
      { numRuns: 2000 },
    );
  });

  it('parts sum to the total exactly, for credits, values and refunds', () => {
    fc.assert(
      fc.property(fc.oneof(amount, fc.constant(CREDIT_UNIT_MICROS)), fc.boolean(), weights, (magnitude, refund, all) => {
        const total = refund ? -magnitude : magnitude;
        const parts = split(total, all);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total || 0);
        expect(all.every((weight, i) => weight > 0 || parts[i] === 0)).toBe(true);
      }),
    );
  });

  it('is each part by cumulative floors, not by rounding each', () => {
    expect(split(100, [1, 1, 1])).toEqual([33, 33, 34]);
    expect(split(-100, [1, 1, 1])).toEqual([-33, -33, -34]);
    expect(split(CREDIT_UNIT_MICROS, [40, 20, 40])).toEqual([400_000, 200_000, 400_000]);
  });
});
