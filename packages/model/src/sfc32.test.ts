import { expect, test } from 'vitest';
import { sfc32 } from './sfc32.ts';

test('the numbers are those of the published generator', () => {
  // PractRand's sfc32 with the state (1, 2, 3), counter 1, after 15 steps, by the same recurrence in unbounded integers.
  let [a, b, c, counter] = [1n, 2n, 3n, 1n];
  const word = (value: bigint) => value & 0xffff_ffffn;
  const step = () => {
    const sum = word(a + b + counter++);
    a = b ^ (b >> 9n);
    b = word(c + (c << 3n));
    c = word(word((c << 21n) | (c >> 11n)) + sum);
    return Number(sum);
  };
  for (let i = 0; i < 15; i++) step();
  const next = sfc32(1, 2, 3);
  expect(Array.from({ length: 1_000 }, next)).toEqual(Array.from({ length: 1_000 }, step));
});

test('a thousand numbers fill each sixteenth about equally', () => {
  const next = sfc32(0x9e3779b9, 0x243f6a88, 7);
  const counts = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const sixteenth = next() >>> 28;
    counts[sixteenth] = (counts[sixteenth] as number) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
