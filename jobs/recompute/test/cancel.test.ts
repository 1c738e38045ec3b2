/** A run that is cancelled at any stage: readers keep what they have, nothing stays in staging, the next run goes on. Laws 1, 3, 7 and 8. */
import { readdir } from 'node:fs/promises';
import { isKept, publish } from '@tributary/archive/publications';
import { giveUp } from '@tributary/archive/retire';
import type { Definitions } from '@tributary/model/definitions';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clearCancelled } from '../src/cancel.ts';
import { STAGES, type Stage } from '../src/ports.ts';
import type { Begun } from '../src/run.ts';
import { asRun, dyingAt, type World, worldsFrom } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
const BY = { by: 'ana', why: 'the wrong file' };
const EVENTS = generateEvents(createRandom(5), { events: 60, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);

const begunWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(EVENTS.slice(0, 30));
  await grown.run();
  await grown.ingest(EVENTS.slice(30));
});
let world: World;
beforeEach(async () => {
  world = await begunWorld();
});
afterEach(() => world.close());

async function expectExact(): Promise<void> {
  await world.turn();
  expect(differences(await world.merged(), naive(EVENTS, DEFINITIONS))).toEqual([]);
}

const left = async () =>
  (await readdir(dataPath(world.dataDir, 'staging')).catch(() => [])).filter((name) => /^(recompute|shards)-/.test(name));

/** Runs until `stage` is reached, where it is cancelled as its worker does it. Resolves with what its generation is called. */
async function cancelledAt(stage: Stage, shards = false): Promise<Begun | null> {
  const cancel = new AbortController();
  const run = asRun({ end: async () => cancel.signal.throwIfAborted(), ...(shards && { shards: world.flow }) });
  const reached = (at: Stage) => {
    if (at === stage) cancel.abort(new Error('cancelled'));
  };
  const ending = world.run(run, { reached }, cancel.signal);
  await expect(ending).rejects.toThrow('cancelled');
  await clearCancelled(run.begun, BY, world.ports);
  return run.begun;
}

/** What comes after them is the end: a cancel is too late. */
const BEFORE_THE_END = STAGES.slice(STAGES.indexOf('created'), STAGES.indexOf('decided')).filter((stage) => stage !== 'gathered');

test.each(BEFORE_THE_END)(
  'law 1: cancelled after "%s", readers keep what they have, exactly, and the next run goes on',
  async (stage) => {
    const begun = await cancelledAt(stage);
    expect(await world.current()).toMatchObject({ generation: 1 });
    expect(await left()).toEqual([]);
    if (begun !== null && stage !== 'created')
      expect(await world.manifest(begun.generation)).toMatchObject({
        state: 'superseded',
        failure: 'cancelled by ana: the wrong file',
      });
    await expectExact();
    expect(await world.run()).toMatchObject({ generation: 3, published: 'published' });
    await expectExact();
  },
);

test('law 1: cancelled among many workers, no part of it stays', async () => {
  await cancelledAt('gathered', true);
  expect(await left()).toEqual([]);
  expect(await world.run({ shards: world.flow })).toMatchObject({ generation: 3, published: 'published' });
  await expectExact();
});

test('law 3: killed while it is cleared up behind a cancel, it is cleared up again', async () => {
  const cancel = new AbortController();
  const run = asRun();
  const reached = (at: Stage) => (at === 'sealed' ? cancel.abort(new Error('cancelled')) : undefined);
  await expect(world.run(run, { reached }, cancel.signal)).rejects.toThrow('cancelled');
  const dying = dyingAt('superseded');
  void clearCancelled(run.begun, BY, { ...world.ports, reached: dying.reached });
  await dying.died;
  await clearCancelled(run.begun, BY, world.ports);
  expect((await world.manifest(2)).state).toBe('superseded');
  expect(await world.run()).toMatchObject({ generation: 3, published: 'published' });
  await expectExact();
});

test('law 7: a coordinator that goes on with a run which was cancelled meanwhile publishes nothing', async () => {
  const sleeping = Promise.withResolvers<void>();
  const waking = Promise.withResolvers<void>();
  const run = asRun();
  const zombie = world.run(run, {
    reached: (at) => {
      if (at !== 'sealed') return;
      sleeping.resolve();
      return waking.promise;
    },
  });
  await sleeping.promise;
  await clearCancelled(run.begun, BY, world.ports);
  waking.resolve();
  await expect(zombie).rejects.toMatchObject({ code: 'conflict' });
  expect(await world.current()).toMatchObject({ generation: 1 });
  await expectExact();
});

test('law 7: definitions that a cancelled run brought are taken back by the next run, though nothing else is new', async () => {
  await world.run();
  const others = definitionsOf({ ...SMALL_DEFINITIONS, latenessDays: 5 });
  const cancel = new AbortController();
  const run = asRun({ definitions: others.json, scheduled: false });
  const reached = (at: Stage) => (at === 'sealed' ? cancel.abort(new Error('cancelled')) : undefined);
  await expect(world.run(run, { reached }, cancel.signal)).rejects.toThrow('cancelled');
  await clearCancelled(run.begun, BY, world.ports);
  await world.turn();
  expect((await world.run()).published).toBe('published');
  const states = await world.serving.states();
  expect(new Set(states.map((state) => state?.definitions))).toEqual(new Set([DEFINITIONS.json]));
  await expectExact();
});

test('law 7: cancelled where Redis forgot that it had published, a run takes nothing from readers', async () => {
  const run = asRun();
  const dying = dyingAt('published');
  void world.run(run, dying);
  await dying.died;
  await clearCancelled(run.begun, BY, world.ports);
  expect(await world.current()).toMatchObject({ generation: 2 });
  expect(await world.manifest(2)).toMatchObject({ state: 'computed' });
  await world.ingest([{ ...(EVENTS[0] as (typeof EVENTS)[0]), id: 'one more' }]);
  expect((await world.run()).published).toBe('published');
  expect(await world.manifest(3)).toMatchObject({ mode: 'incremental', base: 2 });
});

test('law 7: who has just read that a generation may be published cannot publish it once its run is cancelled', async () => {
  const before = await world.current();
  const run = asRun();
  const dying = dyingAt('computed');
  void world.run(run, dying);
  await dying.died;
  expect(await world.manifest(2)).toMatchObject({ state: 'computed' });
  await clearCancelled(run.begun, BY, world.ports);
  const now = await world.current();
  expect([isKept(2, before?.kept), isKept(2, now?.kept), isKept(1, now?.kept), isKept(3, now?.kept)]).toEqual([
    true,
    false,
    true,
    true,
  ]);
  const draft = { generation: 2, action: 'publish', held: false, at: 0, by: 'ana' } as const;
  await expect(publish(world.dataDir, before?.sequence ?? 0, draft)).rejects.toMatchObject({
    message: expect.stringContaining('was expected to be the newest'),
  });
  // It may come again, and the next run goes on.
  await clearCancelled(run.begun, BY, world.ports);
  expect(await world.current()).toEqual(now);
  expect(await world.run()).toMatchObject({ generation: 3, published: 'published' });
  await expectExact();
});

test('law 7: published by hand while the cancel is on its way, a generation stays', async () => {
  const run = asRun();
  const dying = dyingAt('computed');
  void world.run(run, dying);
  await dying.died;
  const pointer = async () => {
    await world.publishByHand('publish', 2);
    return null;
  };
  await clearCancelled(run.begun, BY, { ...world.ports, serving: { ...world.serving, pointer } });
  expect(await world.current()).toMatchObject({ generation: 2 });
  expect(await world.manifest(2)).toMatchObject({ state: 'computed' });
  await expectExact();
});

test('law 7: a generation that readers get by now is not given up', async () => {
  const run = asRun();
  const dying = dyingAt('computed');
  void world.run(run, dying);
  await dying.died;
  // A cancel has looked what readers get, and somebody publishes it before it is left out.
  await world.publishByHand('publish', 2);
  const now = await world.current();
  expect(await giveUp(world.dataDir, 2)).toBe(false);
  expect(await world.current()).toEqual(now);
  await clearCancelled(run.begun, BY, world.ports);
  expect(await world.manifest(2)).toMatchObject({ state: 'computed' });
});

test('a run that found nothing new can be cancelled before it ends', async () => {
  await world.run();
  await world.turn();
  const end = async () => {
    throw new Error('cancelled');
  };
  await expect(world.run(asRun({ end }))).rejects.toThrow('cancelled');
});
