/** Barriers that nobody's run raised, as far ahead as both layers accept: the next generation lies above them, out of the other partitions' reach. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_GENERATIONS_AHEAD } from '@tributary/model/partition-record';
import { differences } from '@tributary/testkit/compare-rows';
import { generateEvents } from '@tributary/testkit/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/generate-definitions';
import { naive } from '@tributary/testkit/naive';
import { createRandom } from '@tributary/testkit/random';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const EVENTS = generateEvents(createRandom(9), { events: 80, users: 6, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const strangeBarrier = (generation: number) =>
  world.log.append(0, { kind: 'barrier', body: JSON.stringify({ generation, definitions: DEFINITIONS.json }) });

async function expectWhole(upTo: number): Promise<void> {
  await world.turn();
  const oracle = naive(EVENTS.slice(0, upTo), DEFINITIONS);
  expect(differences(await world.merged(), oracle)).toEqual([]);
}

test('law 7: barriers as far ahead as one may lie do not keep the next generations from being computed', async () => {
  await world.ingest(EVENTS.slice(0, 20));
  await world.run();
  await strangeBarrier(1 + MAX_GENERATIONS_AHEAD);
  await strangeBarrier(1 + 2 * MAX_GENERATIONS_AHEAD);
  await world.ingest(EVENTS.slice(20, 40));
  await world.turn();
  await expectWhole(40);
  const next = 2 + 2 * MAX_GENERATIONS_AHEAD;
  await expect(world.run()).resolves.toMatchObject({ generation: next, published: 'published' });
  await expectWhole(40);
  expect((await world.serving.states()).map((state) => state?.generation)).toEqual([next, next, next]);
  await world.ingest(EVENTS.slice(40, 60));
  await expect(world.run()).resolves.toMatchObject({ generation: next + 1, published: 'published' });
  await world.ingest(EVENTS.slice(60));
  await expectWhole(80);
  expect(await world.serving.deadLetters(10)).toEqual([]);
});

test('law 7: a generation that no barriers lead to fails at once, and writes none', async () => {
  await mkdir(join(world.dataDir, 'generations', '999999999998'), { recursive: true });
  await expect(world.run()).rejects.toMatchObject({ code: 'history_mismatch', message: /generation 999999999999/ });
  expect(await world.log.ends()).toEqual([null, null, null]);
});
