import { expect, test } from 'vitest';
import { Bytes, bytesFree, giveBack } from './bytes.ts';

function written(length: number): Buffer {
  const bytes = new Bytes();
  bytes.text('x'.repeat(length));
  return bytes.written();
}

test('law 7: what commits are done with is written over by the next ones, and is bounded', () => {
  for (let i = 0; i < 20; i++) giveBack(written(1_500_000));
  const most = 8 * 1_024 * 1_024;
  expect(bytesFree()).toBeLessThanOrEqual(most);
  while (bytesFree() > 0) new Bytes();
  const large = written(100_000);
  giveBack(large);
  expect(bytesFree()).toBeGreaterThanOrEqual(100_000);
  const again = written(10);
  expect(again.buffer).toBe(large.buffer);
  expect([String(again), bytesFree()]).toEqual(['x'.repeat(10), 0]);
  for (let i = 0; i < 100; i++) {
    giveBack(written(1_000_000));
    giveBack(written(10));
    expect(bytesFree()).toBeLessThanOrEqual(most);
  }
});
