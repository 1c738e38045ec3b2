import { expect, test } from 'vitest';
import { mayApply, reordered } from './waiting.ts';

const part = (run: string, batch: number) => ({ run, batch });

test('law 7: one batch of each partition is applied in an iteration, the first whatever work is left', () => {
  expect(mayApply(new Map(), 'a', 0)).toBe(true);
  expect(mayApply(new Map([['a', 1]]), 'b', 1)).toBe(true);
  expect(mayApply(new Map([['a', 1]]), 'b', 0)).toBe(false);
  expect(mayApply(new Map([['a', 1]]), 'a', 1)).toBe(false);
});

test('law 7: a batch that was cut short goes behind the other partitions, and before the later ones of its own', () => {
  const left = [part('a', 2), part('b', 1), part('c', 1)];
  expect(reordered(left, [part('a', 1)])).toEqual([part('b', 1), part('c', 1), part('a', 1), part('a', 2)]);
  expect(reordered(left, [])).toEqual(left);
});
