/** Work side by side, whose results come in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ahead } from './ahead.ts';

async function taken<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of results) all.push(one);
  return all;
}

test('results come in order, and no more than the width are under way', async () => {
  let underWay = 0;
  let most = 0;
  const asked = [30, 1, 20, 2, 10].map((ms) => async () => {
    most = Math.max(most, ++underWay);
    await sleep(ms);
    underWay--;
    return ms;
  });
  expect(await taken(ahead(asked, 2))).toEqual([30, 1, 20, 2, 10]);
  expect(most).toBe(2);
});

test('one that fails before its turn ends nothing but the work, and those under way are waited for', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const done: string[] = [];
    const asked = [
      () => sleep(40).then(() => done.push('first')),
      () => Promise.reject(new Error('the disk is full')),
      () => sleep(80).then(() => done.push('third')),
      () => sleep(0).then(() => done.push('fourth')),
      () => sleep(0).then(() => done.push('never begun')),
    ];
    await expect(taken(ahead(asked, 3))).rejects.toThrow('the disk is full');
    expect(done.sort()).toEqual(['first', 'fourth', 'third']);
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('who ends early waits for what is under way', async () => {
  const done: number[] = [];
  const results = ahead(
    [1, 30].map((ms) => () => sleep(ms).then(() => done.push(ms))),
    2,
  );
  await results.next();
  await results.return(undefined);
  expect(done).toEqual([1, 30]);
});
