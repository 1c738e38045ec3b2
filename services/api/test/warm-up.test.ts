/** What a process asks itself at its start: readers of the first report wait for less, and for nothing else. */
import { createModelRunner } from '@tributary/reports/runner/runner';
import { createServing, keepUpToDate } from '@tributary/serving/serving';
import { expect, test } from 'vitest';
import { warmUp } from '../src/warm-up.ts';
import { createWorld, event, NOON } from './world.ts';

test('a process that has something to serve asks itself for reports once, and these are prepared for the next generation', async () => {
  const world = await createWorld();
  await world.ingest(event({ type: 'ad_click', channel: 'search', ts: NOON - 1_000 }));
  await world.ingest(event({ type: 'purchase', value: 100, currency: 'EUR' }));
  await world.cut(1);
  await world.publish(1);
  const serving = createServing(world.deps);
  const models = createModelRunner();
  let calls = 0;
  const stop = keepUpToDate(serving, [], async () => {
    calls++;
    await warmUp({ ...serving, models });
    calls++;
  });
  try {
    await expect.poll(() => calls).toBe(2);
    const first = serving.generations.take(null).loaded;
    const asked = first.questions().map(({ key }) => key);
    expect([first.generation, asked.length > 3]).toEqual([1, true]);
    await world.cut(2);
    await world.publish(2);
    await serving.generations.refresh();
    const second = serving.generations.take(null).loaded;
    expect([second.generation, second.questions().map(({ key }) => key), calls]).toEqual([2, asked, 2]);
  } finally {
    stop();
    await models.stop();
  }
});

test('where nothing is served there is nothing to ask for, and the process goes on', async () => {
  const world = await createWorld();
  const serving = createServing(world.deps);
  const models = createModelRunner();
  await expect(warmUp({ ...serving, models })).rejects.toMatchObject({ code: 'not_ready' });
  world.broken.store = true;
  let calls = 0;
  const stop = keepUpToDate(serving, [], async () => {
    calls++;
    await warmUp({ ...serving, models });
  });
  try {
    await expect.poll(() => calls).toBe(1);
  } finally {
    stop();
    await models.stop();
  }
});
