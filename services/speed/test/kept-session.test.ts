import type { DuckDb } from '@tributary/archive/duckdb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepSession } from '../src/read/kept-session.ts';

let opened: number[];
let closed: number[];
const numbers = new Map<DuckDb, number>();
const open = async (): Promise<DuckDb> => {
  const number = opened.push(opened.length + 1);
  const session = { close: async () => void closed.push(number) } as unknown as DuckDb;
  numbers.set(session, number);
  return session;
};
const numberOf = async (session: DuckDb) => numbers.get(session);

beforeEach(() => {
  vi.useFakeTimers();
  [opened, closed] = [[], []];
});
afterEach(() => vi.useRealTimers());

test('a session is kept from one work to the next, and closed when none comes for a while', async () => {
  const kept = keepSession(open, 1_000);
  expect([await kept.use(numberOf), await kept.use(numberOf)]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(999);
  expect(await kept.use(numberOf)).toBe(1);
  expect(closed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(closed).toEqual([1]);
  expect(await kept.use(numberOf)).toBe(2);
});

test('law 7: after a failure the next work gets a new session, and what is under way in the old one ends first', async () => {
  const kept = keepSession(open, 1_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = kept.use(() => promise);
  await expect(kept.use(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await kept.use(numberOf)).toBe(2);
  expect(closed).toEqual([]);
  resolve();
  await slow;
  expect(closed).toEqual([1]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(closed).toEqual([1, 2]);
});

test('a session that cannot be opened is asked for again', async () => {
  let failures = 1;
  const kept = keepSession(() => (failures-- > 0 ? Promise.reject(new Error('no room')) : open()), 1_000);
  await expect(kept.use(numberOf)).rejects.toThrow('no room');
  expect(await kept.use(numberOf)).toBe(1);
});
