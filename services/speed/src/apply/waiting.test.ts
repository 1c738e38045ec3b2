import { expect, test } from 'vitest';
import { mayApply, reordered } from './waiting.ts';

const begun = (run: string, batch: number) => ({ run, batch });

test('law 7: one batch of each partition is applied in an iteration, the first whatever work is left', () => {
  expect(mayApply(new Map(), 'a', 0)).toBe(true);
  expect(mayApply(new Map([['a', 1]]), 'b', 1)).toBe(true);
  expect(mayApply(new Map([['a', 1]]), 'b', 0)).toBe(false);
  expect(mayApply(new Map([['a', 1]]), 'a', 1)).toBe(false);
});

test('law 7: a batch that was cut short goes behind the other partitions, and before the later ones of its own', () => {
  const left = [begun('a', 2), begun('b', 1), begun('c', 1)];
  expect(reordered(left, [begun('a', 1)])).toEqual([begun('b', 1), begun('c', 1), begun('a', 1), begun('a', 2)]);
  expect(reordered(left, [])).toEqual(left);
});
