/** Redis writes its files again once the log in it is trimmed, and at once where the log is not in it. */
import { expect, test } from 'vitest';
import { whenTrimmed } from '../src/retire/redis-files.ts';

test.each([
  ['every partition is trimmed up to the cut', ['5', '9'], true],
  ['one partition ends before it', ['5', '6'], false],
  ['one partition was never trimmed', ['5', null], false],
])('law 9: where %s', async (_, begins, isAsked) => {
  let asked = 0;
  const ask = whenTrimmed({ starts: async () => begins, rewrite: async () => void asked++ });
  await expect(ask(['5', '7'])).resolves.toBe(isAsked);
  expect(asked).toBe(isAsked ? 1 : 0);
});

test('a log on Kafka is not waited for', async () => {
  let asked = 0;
  await expect(whenTrimmed({ starts: null, rewrite: async () => void asked++ })(['5', '7'])).resolves.toBe(true);
  expect(asked).toBe(1);
});
