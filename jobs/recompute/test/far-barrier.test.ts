/** Barriers that no run raised, as far ahead as both layers accept: the next generation lies above them, out of the other partitions' reach. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_GENERATIONS_AHEAD } from '@tributary/model/partition-record';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { raiseBarriers } from '../src/cut/seal.ts';
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
  expect((await world.serving.deadLetters.page(10)).letters).toEqual([]);
});

test('law 7: however many barriers lie far ahead, the batch comes to them', { timeout: 300_000 }, async () => {
  await world.ingest(EVENTS.slice(0, 20));
  await world.run();
  const strange = 1_001;
  for (let i = 1; i <= strange; i++) await strangeBarrier(1 + i * MAX_GENERATIONS_AHEAD);
  await world.ingest(EVENTS.slice(20, 40));
  // Each ends a segment of its own.
  for (let turn = 0; turn < strange / 3; turn++) await world.turn();
  const next = 2 + strange * MAX_GENERATIONS_AHEAD;
  await expect(world.run()).resolves.toMatchObject({ generation: next, published: 'published' });
  await expectWhole(40);
});

test('law 7: a run writes no more steps than it waits for, and the next one goes on from where the archive is', async () => {
  await world.run();
  for (let i = 1; i <= 9; i++) await strangeBarrier(1 + i * MAX_GENERATIONS_AHEAD);
  for (let turn = 0; turn < 10; turn++) await world.turn();
  const generation = 2 + 9 * MAX_GENERATIONS_AHEAD;
  const manifest = { ...(await world.manifest(1)), generation };
  const raise = () => raiseBarriers(manifest, world.ports, new AbortController().signal, 3);
  const [, before] = await world.log.ends();
  const written = async () => {
    const entries = await world.log.read(new Map([[1, before ?? null]]), { maxEntries: 99, waitMs: 0 });
    return entries.map(({ body }) => JSON.parse(body).generation);
  };
  const steps = Array.from({ length: 9 }, (_, i) => 1 + (i + 1) * MAX_GENERATIONS_AHEAD);
  world.down.archiver = true;
  await expect(raise()).rejects.toMatchObject({ code: 'generation_timeout' });
  expect(await written()).toEqual(steps.slice(0, 3));
  world.down.archiver = false;
  await world.turn();
  await raise();
  expect(await written()).toEqual([...steps, generation]);
});

test('law 7: a generation that no barriers lead to fails at once, and writes none', async () => {
  await mkdir(join(world.dataDir, 'generations', '999999999998'), { recursive: true });
  await expect(world.run()).rejects.toMatchObject({ code: 'history_mismatch', message: /generation 999999999999/ });
  expect(await world.log.ends()).toEqual([null, null, null]);
});
