/** The folder of the generation that a rollback holds is lost: runs go on, and what they leave stays bounded. */
import { rm } from 'node:fs/promises';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, expect, test } from 'vitest';
import { event } from './one-user.ts';
import { createWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

test('law 7: scheduled runs go on where the generation that a rollback holds is lost, and a publication by hand ends it', async () => {
  world = await createWorld(definitionsOf(SMALL_DEFINITIONS));
  const next = async (i: number) => {
    await world.ingest([
      event(`click ${i}`, 3.5, 'click', { channel: 'search', campaign: 'c' }),
      event(`order ${i}`, 4, 'buy', { value: 100, currency: 'EUR' }),
    ]);
    await world.turn();
  };
  for (const i of [1, 2]) {
    await next(i);
    await world.run();
  }
  await world.publishByHand('rollback', 1);
  await rm(`${world.dataDir}/generations/000001`, { recursive: true });
  const published: string[] = [];
  for (const i of [3, 4, 5, 6, 7, 8]) {
    await next(i);
    published.push((await world.run({ scheduled: true })).published);
  }
  expect(new Set(published)).toEqual(new Set(['held']));
  const [newest = 0] = (await world.generations()).toSorted((a, b) => b - a);
  await world.publishByHand('publish', newest);
  for (const i of [9, 10, 11, 12]) {
    await next(i);
    expect((await world.run({ scheduled: true })).published).toBe('published');
  }
  const kept = await Promise.all((await world.generations()).map((generation) => world.manifest(generation)));
  expect(kept.filter(({ state }) => state === 'computed').length).toBeLessThanOrEqual(4);
});
