import { expect, test } from 'vitest';
import { createFairShare } from './fair-share.ts';

/** Takes one at a time until no more fits. */
function fill(share: ReturnType<typeof createFairShare>, owner: string): number {
  while (share.fits(owner, 1)) share.take(owner, 1);
  return share.heldBy(owner);
}

test('law 7: one owner alone gets half, and there is room for the next, however many there are', () => {
  const share = createFairShare(100);
  expect(fill(share, 'greedy')).toBe(50);
  for (let i = 0; i < 5; i++) expect(fill(share, `next ${i}`)).toBeGreaterThan(0);
  expect(share.held).toBeLessThanOrEqual(100);
});

test('law 7: an owner that holds nothing gets what is free, one that holds something leaves as much free as it then holds', () => {
  const share = createFairShare(100);
  expect([share.fits('a', 100), share.fits('a', 101)]).toEqual([true, false]);
  share.take('a', 30);
  expect([share.fits('a', 20), share.fits('a', 21), share.fits('b', 70), share.fits('b', 71)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  share.take('b', 60);
  expect([share.fits('a', 1), share.fits('c', 10)]).toEqual([false, true]);
  share.give('b', 60);
  share.give('a', 30);
  expect([share.held, share.heldBy('a'), share.fits('a', 100)]).toEqual([0, 0, true]);
});
