import { expect, test } from 'vitest';
import { bytesFree, giveBack, takeFree } from './free-buffers.ts';

const MOST = 8 * 1_024 * 1_024;

test('law 7: what commits are done with is written over by the next ones, and is bounded', () => {
  for (const size of [1_500_000, 100, 5_000_000, 3_000_000]) {
    const taken = Array.from({ length: 20 }, () => takeFree(size));
    for (const data of taken) {
      giveBack(data.subarray(0, 10));
      expect(bytesFree()).toBeLessThanOrEqual(MOST);
    }
  }
  while (bytesFree() > 0) takeFree();
  const large = takeFree(100_000);
  expect(large.length).toBeGreaterThanOrEqual(100_000);
  giveBack(large);
  expect(bytesFree()).toBe(large.length);
  const again = takeFree(10);
  expect([again.buffer === large.buffer, bytesFree()]).toEqual([true, 0]);
});

test('law 1: a buffer has one use at a time, and one of others is left alone', () => {
  while (bytesFree() > 0) takeFree();
  giveBack(Buffer.from('a small one, of a pool'));
  giveBack(Buffer.allocUnsafeSlow(5_000));
  expect(bytesFree()).toBe(0);
  const data = takeFree();
  giveBack(data);
  giveBack(data);
  expect(bytesFree()).toBe(data.length);
  expect(takeFree().buffer).not.toBe(takeFree().buffer);
});
