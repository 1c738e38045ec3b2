/** Redis writes its files again once the log in it has dropped all up to the cut, and at once where the log is not in it. */
import { expect, test } from 'vitest';
import { whenTrimmed } from '../src/retire/redis-files.ts';

test.each([
  ['all up to the cut is dropped', { hasDropped: async () => true }, true],
  ['something before the cut is left', { hasDropped: async () => false }, false],
  ['the log is not in Redis', {}, true],
])('law 9: where %s', async (_, log, isAsked) => {
  let asked = 0;
  await expect(whenTrimmed({ log, rewrite: async () => void asked++ })(['5', '7'])).resolves.toBe(isAsked);
  expect(asked).toBe(isAsked ? 1 : 0);
});
