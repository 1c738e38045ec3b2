import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partEnds } from './archived-pieces.ts';

test('law 7: what is joined at once is bounded: half as much again as its bound, and a single entry of the log', () => {
  const sizes = fc.array(fc.double({ min: 1e-4, max: 1.2, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(sizes, (all) => {
      const ends = partEnds(all);
      expect(ends.at(-1)).toBe(all.length === 0 ? undefined : all.length - 1);
      expect(ends).toEqual([...new Set(ends)].sort((a, b) => a - b));
      const largest = Math.max(0, ...all);
      for (const [part, end] of ends.entries()) {
        const own = all.slice(part === 0 ? 0 : (ends[part - 1] as number) + 1, end + 1);
        expect(own.reduce((sum, size) => sum + size, 0)).toBeLessThan(1.5 + largest + 1e-3);
      }
    }),
  );
});

test('parts are of about one size', () => {
  const lengths = (count: number, size: number) => {
    const ends = partEnds(Array(count).fill(size));
    return ends.map((end, part) => end - (part === 0 ? -1 : (ends[part - 1] as number)));
  };
  expect(lengths(400, 1 / 328)).toEqual([400]);
  expect(lengths(600, 1 / 328)).toEqual([300, 300]);
  expect(lengths(1_000, 1 / 328)).toEqual([333, 333, 334]);
  expect(lengths(4, 1)).toEqual([1, 1, 1, 1]);
  expect(lengths(3, 3)).toEqual([1, 1, 1]);
  expect(lengths(0, 1)).toEqual([]);
});
