import { MINUTE_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';
import { numberOfConnection } from './record-sizes.ts';

test('law 1: an operator can put another store behind a connection that stands: after a minute records are compared again', () => {
  const redis = { stream: {} } as Parameters<typeof numberOfConnection>[0];
  let nowMs = 5_000;
  const connection = numberOfConnection(redis, () => nowMs);
  const numberAt = (ms: number) => {
    nowMs = ms;
    return connection();
  };

  expect(numberAt(5_000)).toBe(0);
  expect(numberAt(5_000 + MINUTE_MS - 1)).toBe(0);
  expect(numberAt(5_000 + MINUTE_MS)).toBe(1);
  expect(numberAt(5_000 + 2 * MINUTE_MS - 1)).toBe(1);
  redis.stream = {} as typeof redis.stream;
  expect(numberAt(5_000 + 2 * MINUTE_MS - 1)).toBe(2);
  // A minute from then on.
  expect(numberAt(5_000 + 3 * MINUTE_MS - 2)).toBe(2);
  expect(numberAt(5_000 + 3 * MINUTE_MS - 1)).toBe(3);
});
