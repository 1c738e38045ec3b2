import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateOf, idOf, nextId, positionOf } from './layout.ts';

const part = (max: number) => fc.oneof(fc.nat({ max }), fc.constantFrom(0, 1, 9, 10, 99, max));
const id = fc.tuple(part(9_999_999_999_999), part(9_999_999_999));

describe('positions of the Redis log', () => {
  it('invariant 3: compare as strings exactly as their ids do as numbers, and lead back to the id', () => {
    fc.assert(
      fc.property(id, id, ([aMs, aSeq], [bMs, bSeq]) => {
        const a = positionOf(`${aMs}-${aSeq}`);
        const b = positionOf(`${bMs}-${bSeq}`);
        expect(a < b).toBe(aMs < bMs || (aMs === bMs && aSeq < bSeq));
        expect(a).toHaveLength(26);
        expect(idOf(a)).toBe(`${aMs}-${aSeq}`);
        expect(dateOf(a)).toBe(aMs);
        expect(positionOf(nextId(`${aMs}-${aSeq % 9_999_999_999}`)) > positionOf(`${aMs}-${aSeq % 9_999_999_999}`)).toBe(true);
      }),
    );
  });

  it.each(['', '0', '1-1', '0000000000000001', 'x'.repeat(26), '000001795222360-0000000000 '])(
    '"%s" is not a position',
    (text) => {
      expect(() => idOf(text)).toThrow('is not a position of this log');
    },
  );
});
