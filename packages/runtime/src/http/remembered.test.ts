import { expect, test } from 'vitest';
import { remembered } from './remembered.ts';

test('what is made is given to all who ask in time, and made again afterwards', async () => {
  let nowMs = 0;
  let made = 0;
  const ask = remembered(
    async () => ++made,
    1_000,
    () => nowMs,
  );
  expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
  nowMs = 999;
  expect(await ask()).toBe(1);
  nowMs = 1_000;
  expect(await ask()).toBe(2);
});

test('a failure reaches those who wait for it, and no one after them', async () => {
  let made = 0;
  const ask = remembered(
    async () => {
      if (++made === 1) throw new Error('down');
      return made;
    },
    1_000,
    () => 0,
  );
  const waiting = [ask(), ask()];
  for (const one of waiting) await expect(one).rejects.toThrow('down');
  expect(await ask()).toBe(2);
});
