/** Generations that stay by age: a rollback reaches further back than the newest few, and is exact. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event } from '@tributary/model/event';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, SMALL_LIMITS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const log = (seed: number): Event[] =>
  generateEvents(createRandom(seed), { events: 60, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);
const HOUR_MS = 3_600_000;
const KEPT = { limits: { ...SMALL_LIMITS, keepGenerations: 2, keepForMs: 24 * HOUR_MS } };

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

test('law 1: a rollback to the first generation of the day is exact, with what came since; a day later it is gone', async () => {
  const events = log(9);
  for (let i = 0; i < 5; i++) {
    await world.ingest(events.slice(12 * i, 12 * i + 12));
    await world.run({}, KEPT);
    world.advance(HOUR_MS);
  }
  expect((await world.current())?.kept?.generations).toEqual([1, 2, 3, 4, 5]);
  await world.publishByHand('rollback', 1);
  await world.turn();
  expect(differences(await world.merged(), naive(events, DEFINITIONS))).toEqual([]);

  await world.publishByHand('publish', 5);
  world.advance(21.5 * HOUR_MS);
  await world.run({ mode: 'full' }, KEPT);
  expect((await world.current())?.kept?.generations).toEqual([4, 5, 6]);
  expect((await world.manifest(1)).state).toBe('retired');
  await expect(world.publishByHand('rollback', 3)).rejects.toMatchObject({ code: 'conflict' });
  for (const { path } of Object.values((await world.manifest(4)).views).flat()) await access(join(world.dataDir, path));
  expect(differences(await world.merged(), naive(events, DEFINITIONS))).toEqual([]);
});

test('beyond the bound of bytes none stays by age', async () => {
  // A generation without an event has no file.
  await world.ingest(log(9));
  for (let i = 0; i < 4; i++) await world.run({ mode: 'full' }, { limits: { ...KEPT.limits, keepBytes: 1 } });
  expect((await world.current())?.kept?.generations).toEqual([3, 4]);
});
