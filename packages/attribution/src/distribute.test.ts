import { negate } from '@tributary/model/integer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribute } from './distribute.ts';

const sum = (parts: readonly number[]) => parts.reduce((a, b) => a + b, 0);
const totals = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 });

describe('law 4: credit of a data-driven model', () => {
  it('sums to the total, to the unit, for any shares at all', () => {
    const anything = fc.array(fc.double(), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(totals, anything, (total, shares) => {
        const parts = distribute(total, shares);
        expect(parts.length).toBe(shares.length);
        expect(parts.every((part) => Number.isSafeInteger(part) && !Object.is(part, -0))).toBe(true);
        expect(sum(parts)).toBe(total === 0 ? 0 : total);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives everyone the share of the total, within 1 unit, a share of 0 nothing, and no share the wrong sign', () => {
    const shares = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1 })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(totals, shares, (total, weights) => {
        fc.pre(sum(weights) > 0);
        for (const [i, part] of distribute(total, weights).entries()) {
          const exact = (total * (weights[i] as number)) / sum(weights);
          expect(Math.abs(part - exact)).toBeLessThanOrEqual(1.001);
          expect(part * total).toBeGreaterThanOrEqual(0);
          if (weights[i] === 0) expect(part).toBe(0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('sums to a total beyond 2^53 to the unit, each part as near as its share is known', () => {
    const large = fc.bigInt({ min: 2n ** 53n, max: 2n ** 90n });
    const shares = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1 })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(large, shares, (total, weights) => {
        fc.pre(sum(weights) > 0);
        const parts = distribute(total, weights);
        expect(parts.reduce<bigint>((a, b) => a + BigInt(b), 0n)).toBe(total);
        expect(distribute(-total, weights)).toEqual(parts.map(negate));
        for (const [i, part] of parts.entries()) {
          expect(Number(part) / Number(total)).toBeCloseTo((weights[i] as number) / sum(weights), 12);
          expect(part >= 0).toBe(true);
          if (weights[i] === 0) expect(part).toBe(0);
        }
      }),
      { numRuns: 1000 },
    );
    expect(distribute(2n ** 60n, [0, 0])).toEqual([2n ** 59n, 2n ** 59n]);
    expect(distribute(2n ** 60n, [Number.NaN, 1])).toEqual([2n ** 59n, 2n ** 59n]);
    expect(distribute(2n ** 60n, [1.5, -0.5])).toEqual([2n ** 60n + 2n ** 59n, -(2n ** 59n)]);
  });

  it('takes a negative total as the mirror image of the positive one', () => {
    fc.assert(
      fc.property(totals, fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1 }), (total, shares) => {
        expect(distribute(-total, shares)).toEqual(distribute(total, shares).map((part) => -part || 0));
      }),
    );
  });

  it('charges a negative share', () => {
    expect(distribute(100, [1.5, -0.5])).toEqual([150, -50]);
  });

  it('splits equally where the shares say nothing', () => {
    for (const shares of [
      [0, 0, 0],
      [1, -1, 0],
      [Number.NaN, 1, 2],
      [Number.POSITIVE_INFINITY, 1, 2],
      [1e300, -1e300, 1e-300],
    ])
      expect(distribute(7, shares)).toEqual([2, 3, 2]);
    expect(distribute(7, [])).toEqual([]);
  });

  it('keeps its shares for totals near 2^53 over 10 000 channels', () => {
    const total = Number.MAX_SAFE_INTEGER;
    const parts = distribute(total, [1, ...new Array<number>(9_999).fill(0.0001)]);
    expect(parts.reduce((a, b) => a + BigInt(b), 0n)).toBe(BigInt(total));
    expect((parts[0] as number) / total).toBeCloseTo(1 / 1.9999, 12);
  });
});
