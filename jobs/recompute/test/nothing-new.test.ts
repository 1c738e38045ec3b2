/** A run after whose base nothing new came makes no generation, and whatever may be news makes one: laws 1, 7 and 8. */
import { readFile, writeFile } from 'node:fs/promises';
import { createGeneration } from '@tributary/archive/generations';
import { readLastCheck } from '@tributary/archive/last-check';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { behindArchive, behindLog } from '../src/begin/entries-behind.ts';
import { IDLE_FOR_MS } from '../src/begin/nothing-new.ts';
import { asRun, dyingAt, PARTITIONS, type World, worldsFrom } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
const OTHERS: Definitions = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 5 });
const countedWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(events(1));
  await grown.run();
  await grown.turn();
});
let world: World;
beforeEach(async () => {
  world = await countedWorld();
});
afterEach(() => world.close());

const events = (seed: number): Event[] =>
  generateEvents(createRandom(seed), { events: 20, users: 5, lateChance: 0, duplicateChance: 0 }, DEFINITIONS);

async function heartbeats(): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.log.append(partition, { kind: 'heartbeat', body: JSON.stringify({ receivedAt: 5 }) });
}

async function barriers(generation: number, { json }: Definitions): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++)
    await world.log.append(partition, { kind: 'barrier', body: JSON.stringify({ generation, definitions: json }) });
}

const NOTHING = { generation: 1, published: 'nothing_new' };

test('a run after which nothing came makes no generation, leaves a trace, and readers keep theirs', async () => {
  expect(await world.run()).toMatchObject(NOTHING);
  expect(await world.generations()).toEqual([1]);
  expect(await world.publications()).toHaveLength(1);
  expect(await readLastCheck(world.dataDir)).toMatchObject({ generation: 1, upTo: (await world.manifest(1)).cut });
  expect(differences(await world.merged(), naive(events(1), DEFINITIONS))).toEqual([]);
});

test('law 1: heartbeats are nothing new, an event among them is', async () => {
  await heartbeats();
  await world.turn();
  expect(await world.run()).toMatchObject(NOTHING);
  await heartbeats();
  await world.ingest(events(2).slice(0, 1));
  await heartbeats();
  expect(await world.run()).toMatchObject({ generation: 2, published: 'published' });
  await world.turn();
  expect(differences(await world.merged(), naive([...events(1), ...events(2).slice(0, 1)], DEFINITIONS))).toEqual([]);
  expect(await world.run()).toMatchObject({ generation: 2, published: 'nothing_new' });
});

test('law 7: an event that only one of many partitions has is found whatever an earlier look saw', async () => {
  for (const event of events(3).slice(0, 4)) {
    await heartbeats();
    await world.turn();
    const before = await world.run();
    expect(before.published).toBe('nothing_new');
    await world.ingest([event]);
    expect((await world.run()).generation).toBe(before.generation + 1);
    await world.turn();
  }
});

test('law 7: what the log dropped is looked for in the archive', async () => {
  for (const news of [false, true]) {
    await heartbeats();
    if (news) await world.ingest(events(2).slice(0, 1));
    const generation = news ? 3 : 2;
    // The barrier of a run that was given up closes segments.
    await createGeneration(world.dataDir, { ...(await world.manifest(1)), state: 'superseded' });
    await barriers(generation, DEFINITIONS);
    await world.turn();
    for (const [partition, end] of (await world.log.ends()).entries()) await world.log.trim(partition, end ?? '');
    await heartbeats();
    await world.turn();
    // By itself: the deltas would say it as well.
    expect((await behindArchive(await world.manifest(1), [], world.ports)) === null).toBe(news);
    expect(await world.run()).toMatchObject(news ? { generation: 4, published: 'published' } : NOTHING);
  }
});

test('law 7: a dead record is news, in the log and in the archive', async () => {
  await world.log.append(0, { kind: 'heartbeat', body: 'no heartbeat' });
  expect((await world.run()).generation).toBe(2);
});

test.each([
  ['it is to be full', { mode: 'full' as const }, {}],
  ['another program computes it', {}, { program: 'other' }],
  ['it brings definitions', { definitions: OTHERS.json }, {}],
  ['the file of definitions was edited', {}, { configuredDefinitions: async () => OTHERS }],
])('a run computes where %s', async (_, run, changed) => {
  expect(await world.run(run, changed)).toMatchObject({ generation: 2, published: 'published' });
});

test('law 7: barriers of other definitions are news, of the same ones they are not', async () => {
  await createGeneration(world.dataDir, { ...(await world.manifest(1)), state: 'superseded' });
  await barriers(2, DEFINITIONS);
  await world.turn();
  expect(await world.run()).toMatchObject(NOTHING);
  await barriers(3, OTHERS);
  // Before either layer has read them: the state of the speed layer would say it as well.
  const { cut } = await world.manifest(1);
  expect(await behindLog(await world.manifest(1), cut, world.ports, new AbortController().signal)).toBeNull();
  await world.turn();
  expect((await world.run()).published).toBe('published');
});

test('a run by hand ends a hold though nothing came; a scheduled one makes no generation under it', async () => {
  await world.run({ mode: 'full' });
  await world.turn();
  await world.publishByHand('rollback', 1);
  expect(await world.run()).toMatchObject({ generation: 2, published: 'nothing_new', publication: { generation: 1 } });
  expect(await world.run({ scheduled: false })).toMatchObject({ generation: 3, published: 'published' });
});

test('while a staged generation waits, a scheduled run that nothing came for makes none', async () => {
  await world.ingest(events(2));
  expect((await world.run({ scheduled: false, promotion: 'ask' })).published).toBe('staged');
  await world.turn();
  expect(await world.run()).toMatchObject({ generation: 2, published: 'nothing_new', publication: { generation: 1 } });
});

test('law 8: where the speed layer counts an event that it could not compute, a run makes it exact', async () => {
  const deltas: World['serving']['deltas'] = async (...asked) =>
    (await world.serving.deltas(...asked)).map((each) => ({ ...each, pending: 1 }));
  expect(await world.run({}, { serving: { ...world.serving, deltas } })).toMatchObject({ generation: 2 });
});

test('law 1: where the layers were cut apart, or the log lost its end, a run computes', async () => {
  const { ends } = world.log;
  const shorter = { ...world.log, ends: async () => (await ends()).map(() => null) };
  expect(await world.run({}, { log: shorter })).toMatchObject({ generation: 2 });
  await world.turn();
  const states: World['serving']['deltas'] = async (...asked) =>
    (await world.serving.deltas(...asked)).map((each) => ({
      ...each,
      state: each.state && { ...each.state, barriers: new Map([[2, 'elsewhere']]) },
    }));
  expect(await world.run({}, { serving: { ...world.serving, deltas: states } })).toMatchObject({ generation: 3 });
});

test('a damaged trace counts as none; after a day without news a run computes', async () => {
  await world.run();
  await writeFile(dataPath(world.dataDir, 'generations', 'last-check.json'), '{');
  expect(await world.run()).toMatchObject(NOTHING);
  expect(JSON.parse(await readFile(dataPath(world.dataDir, 'generations', 'last-check.json'), 'utf8'))).toHaveProperty('at');
  world.advance(IDLE_FOR_MS);
  expect(await world.run()).toMatchObject({ generation: 2, published: 'published' });
});

test('law 3: killed after its look, the retried run finds nothing new again, or what came meanwhile', async () => {
  for (const news of [false, true]) {
    const dying = dyingAt('checked');
    void world.run(asRun(), { reached: dying.reached });
    await dying.died;
    if (news) await world.ingest(events(2));
    expect((await world.run()).generation).toBe(news ? 2 : 1);
  }
});
