import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allEnded, sideBySide } from './side-by-side.ts';

test('tasks begin in their order, two at a time, and each result stands where its task does', async () => {
  const begun: number[] = [];
  const ending = [0, 1, 2, 3].map(() => Promise.withResolvers<string>());
  const tasks = ending.map(({ promise }, number) => () => {
    begun.push(number);
    return promise;
  });
  const results = sideBySide(2, tasks);
  expect(begun).toEqual([0, 1]);
  ending[1]?.resolve('b');
  await setImmediate();
  expect(begun).toEqual([0, 1, 2]);
  for (const [number, { resolve }] of ending.entries()) resolve('abcd'[number] as string);
  expect(await results).toEqual(['a', 'b', 'c', 'd']);
  expect(await sideBySide(2, [])).toEqual([]);
});

test('after a failure no task begins, and nothing is at work any more when it is thrown', async () => {
  const begun: number[] = [];
  const slow = Promise.withResolvers<void>();
  let ended = false;
  const tasks = [
    () => slow.promise.then(() => void (ended = true)),
    () => Promise.reject(new Error('the disk is full')),
    () => Promise.resolve(),
  ].map((task, number) => () => {
    begun.push(number);
    return task();
  });
  const failed = sideBySide(2, tasks).catch((error: Error) => `${error.message}, ${ended ? 'all ended' : 'one is at work'}`);
  await setImmediate();
  slow.resolve();
  expect([await failed, begun]).toEqual(['the disk is full, all ended', [0, 1]]);
});

test('all have ended when one failure is thrown', async () => {
  const slow = Promise.withResolvers<void>();
  let ended = false;
  const work = allEnded([Promise.reject(new Error('no')), slow.promise.then(() => void (ended = true))]).catch(() => ended);
  await setImmediate();
  slow.resolve();
  expect(await work).toBe(true);
});
