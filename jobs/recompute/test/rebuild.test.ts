/** `generations/` lost whole or in part, or replaced by an older copy: numbers go on above all that the archive, the speed layer and the pointer know. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { generationFolder } from '@tributary/archive/generations';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DEFAULT_LIMITS } from '@tributary/recompute/ports';
import { retire } from '@tributary/recompute/retire/retire';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type World, worldsFrom } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
const EVENTS: Event[] = generateEvents(
  createRandom(5),
  { events: 90, users: 5, lateChance: 0, duplicateChance: 0.1 },
  DEFINITIONS,
);
const GENERATIONS = 5;

/** Five generations over 75 events, 15 more in real time alone; a copy of the first three. Every test goes on from here. */
const grownWorld = worldsFrom(DEFINITIONS, async (grown) => {
  for (let round = 0; round < GENERATIONS; round++) {
    await grown.ingest(EVENTS.slice(15 * round, 15 * round + 15));
    await grown.turn();
    await grown.run();
    if (round === 2) await cp(join(grown.dataDir, 'generations'), join(grown.dataDir, 'copy'), { recursive: true });
  }
  await grown.ingest(EVENTS.slice(75));
  await grown.turn();
});

let world: World;
beforeEach(async () => {
  world = await grownWorld();
});
afterEach(() => world.close());

async function expectWhole(): Promise<void> {
  await world.turn();
  const current = await world.current();
  // Readers follow the pointer: it must name what the files name.
  expect(await world.serving.pointer()).toEqual({ sequence: current?.sequence, generation: current?.generation });
  expect(differences(await world.viewsOf(current?.generation ?? 0), naive(EVENTS, DEFINITIONS))).toEqual([]);
  expect(differences(await world.merged(), naive(EVENTS, DEFINITIONS))).toEqual([]);
}

const generationsFolder = () => join(world.dataDir, 'generations');

async function putOlderBack(): Promise<void> {
  await rm(generationsFolder(), { recursive: true });
  await cp(join(world.dataDir, 'copy'), generationsFolder(), { recursive: true });
}

test('law 1: generations that were lost are rebuilt whole by one full run, which readers take', async () => {
  await rm(generationsFolder(), { recursive: true });
  const outcome = await world.run({ mode: 'full', scheduled: false });
  expect(outcome).toMatchObject({ generation: GENERATIONS + 1, published: 'published' });
  await expectWhole();
  await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ generation: GENERATIONS + 2, published: 'published' });
  await expectWhole();
});

test('law 1: an older copy of the generations is built upon; what came after it is counted once', async () => {
  await putOlderBack();
  await expect(world.run()).resolves.toMatchObject({ generation: GENERATIONS + 1, published: 'published' });
  await expectWhole();
});

const folderOf = (generation: number) => join(world.dataDir, generationFolder(generation));

test.each([{}, { scheduled: false, mode: 'full' }] as const)(
  'law 1: the folder of the published generation is lost alone, and a run goes on without it: %j',
  async (run) => {
    await rm(folderOf(GENERATIONS), { recursive: true });
    const notes: unknown[] = [];
    const outcome = await world.run(run, { note: (message, details) => notes.push([message, details]) });
    expect(outcome).toMatchObject({ generation: GENERATIONS + 1, published: 'published' });
    expect(notes).toContainEqual([
      'the published generation is lost: the run goes on without it',
      { generation: GENERATIONS, definitionsOf: 'the speed layer' },
    ]);
    const { base } = await world.manifest(GENERATIONS + 1);
    expect(base).toBe('mode' in run ? null : GENERATIONS - 1);
    expect(await world.reconciliation(GENERATIONS + 1)).toMatchObject({
      equal: false,
      failure: `generation ${GENERATIONS} does not exist`,
    });
    await expectWhole();
    await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ generation: GENERATIONS + 2, published: 'published' });
    expect(await world.reconciliation(GENERATIONS + 2)).toMatchObject({ comparedWith: GENERATIONS + 1, equal: true });
    await expectWhole();
  },
);

test('law 1: a run is computed whole where no generation that was ever published is left', async () => {
  for (const generation of await world.generations()) await rm(folderOf(generation), { recursive: true });
  await expect(world.run()).resolves.toMatchObject({ generation: GENERATIONS + 1, published: 'published' });
  expect(await world.manifest(GENERATIONS + 1)).toMatchObject({ mode: 'full', definitionsVersion: DEFINITIONS.version });
  await expectWhole();
});

test('law 7: over an older copy of the generations, retirement publishes above the pointer, as publications beside it', async () => {
  await putOlderBack();
  const pointed = (await world.serving.pointer())?.sequence ?? 0;
  const limits = { ...DEFAULT_LIMITS, keepGenerations: 1 };
  await retire({ dataDir: world.dataDir, limits, serving: world.serving, note: () => {}, now: () => 0 });
  expect(await world.current()).toMatchObject({ sequence: pointed + 1, generation: 3, kept: { generations: [3] } });
});

test('law 1: numbers go on from the archive when store and pointer were lost as well, from these when it knows less', async () => {
  await rm(generationsFolder(), { recursive: true });
  const states = await world.serving.states();
  const emptied = { ...world.serving, states: async () => states.map(() => null), pointer: async () => null };
  await expect(world.run({ mode: 'full' }, { serving: emptied })).resolves.toMatchObject({ generation: GENERATIONS + 1 });
  await rm(generationsFolder(), { recursive: true });
  const ahead = { ...world.serving, states: async () => states.map((state) => state && { ...state, generation: 40 }) };
  await expect(world.run({ mode: 'full' }, { serving: ahead })).resolves.toMatchObject({ generation: 41 });
  const pointed = { ...emptied, pointer: async () => ({ sequence: 1, generation: 60 }) };
  await expect(world.run({ mode: 'full' }, { serving: pointed })).resolves.toMatchObject({ generation: 61 });
});
