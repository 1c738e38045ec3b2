import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { backoffMs, patience, pause, settled, within } from './wait.ts';

const never = new Promise<never>(() => {});

test('waiting ends with the result, at the limit, or when aborted, and leaves no listener behind', async () => {
  const controller = new AbortController();
  expect(await settled(Promise.resolve('done'), 10_000, controller.signal)).toBe('done');
  expect(await settled(never, 1, controller.signal)).toBe('timeout');
  // Before the abort, which takes them away by itself.
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  const waiting = settled(never, 10_000, controller.signal);
  controller.abort();
  expect(await waiting).toBe('aborted');
  expect(await settled(Promise.resolve('done'), 10_000, controller.signal)).toBe('aborted');
  expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
});

test('work that is done leaves no timer behind', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  for (let i = 0; i < 50; i++) await settled(Promise.resolve('done'), 1_000_000);
  expect(timers() - before).toBeLessThan(50);
});

test('an error of the work is its own; one that comes after the limit is ignored', async () => {
  const late = () => new Error('late');
  await expect(within(10_000, Promise.reject(new Error('wrong')), late)).rejects.toThrow('wrong');
  const { promise, reject } = Promise.withResolvers<never>();
  await expect(within(1, promise, late)).rejects.toThrow('late');
  reject(new Error('nothing listens any more'));
  expect(await within(10_000, Promise.resolve('timeout'), late)).toBe('timeout');
});

test('a pause ends early, and without an error, when aborted', async () => {
  const controller = new AbortController();
  const pausing = pause(1_000_000, controller.signal);
  controller.abort();
  await pausing;
  await pause(1_000_000, controller.signal);
});

test('waits after failures double up to the longest, however many failures there are', () => {
  const waits = [0, 1, 2, 3, 4, 5, 1_000_000].map((failures) => backoffMs({ firstMs: 100, longestMs: 700 }, failures));
  expect(waits).toEqual([0, 100, 200, 400, 700, 700, 700]);
});

test('patience ends with its time, and when aborted', async () => {
  let nowMs = 0;
  const more = patience(10, 0, { now: () => nowMs });
  expect(await more()).toBe(true);
  nowMs = 9;
  expect(await more()).toBe(true);
  nowMs = 10;
  expect(await more()).toBe(false);
  const controller = new AbortController();
  const aborted = patience(1_000_000, 1_000_000, { signal: controller.signal });
  const waiting = aborted();
  controller.abort();
  expect([await waiting, await aborted()]).toEqual([false, false]);
});
