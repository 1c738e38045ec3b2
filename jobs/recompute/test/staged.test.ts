/** Staged generations: computed and compared beside the one that readers get, then promoted or discarded by somebody. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { generationFolder, listGenerations, readGeneration } from '@tributary/archive/generations';
import { currentPublication, publish } from '@tributary/archive/publications';
import { discardStaged } from '@tributary/archive/retire';
import { stagedOf } from '@tributary/archive/staged';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import type { Stage } from '@tributary/recompute/ports';
import { STAGED_WAITS_MS } from '@tributary/recompute/publish/publication';
import { largestMove } from '@tributary/recompute/reconcile/report';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRow, addRowsByView, type RowsByView, rowsOf } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asRun, createWorld, dyingAt, type World, worldsFrom } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
const ASKED = { promotion: 'ask', scheduled: false, mode: 'full' } as const;
let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const log = (seed: number, events = 60, lateChance = 0): Event[] =>
  generateEvents(createRandom(seed), { events, users: 5, lateChance, duplicateChance: 0.1 }, DEFINITIONS);

/** What a reader of this generation is answered, published or not. */
async function seenAt(generation: number): Promise<RowsByView> {
  const rows = await world.viewsOf(generation);
  const names = VIEWS.map((view) => view.name);
  for (const partition of await world.serving.deltas(names, generation)) addRowsByView(rows, partition.rows);
  return rows;
}

/** A published generation, and late events since, which a staged one counts. */
const LATE = log(14, 120, 0.25);
const lateWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(LATE.slice(0, 60));
  await grown.run();
  await grown.ingest(LATE.slice(60));
  await grown.turn();
});
const BEGUN = log(7);
const begunWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(BEGUN.slice(0, 30));
  await grown.run();
  await grown.ingest(BEGUN.slice(30));
});
const publishedWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(log(9));
  await grown.run();
});
/** And another generation behind it, that waits. */
const waitingWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(log(9));
  await grown.run();
  await grown.run(ASKED);
});

async function goOnFrom(worldFrom: () => Promise<World>): Promise<void> {
  await world.close();
  world = await worldFrom();
}

async function newestStaged(dataDir: string) {
  const manifests = await Promise.all((await listGenerations(dataDir)).map((generation) => readGeneration(dataDir, generation)));
  return stagedOf(manifests, await currentPublication(dataDir));
}

test('law 1: a staged generation is exact for who asks for it, while readers keep theirs; promoted, it is what all get', async () => {
  await goOnFrom(lateWorld);
  const events = LATE;
  const before = await world.merged();
  await expect(world.run(ASKED)).resolves.toMatchObject({ generation: 2, published: 'staged' });
  expect(await world.serving.pointer()).toMatchObject({ generation: 1 });
  expect(differences(await world.merged(), before)).toEqual([]);
  expect(differences(await seenAt(2), naive(events, DEFINITIONS))).toEqual([]);

  const more = log(15, 20).map((event, i) => ({ ...event, id: `more-${i}`, ts: (events.at(-1) as Event).ts + i }));
  const since = more.map((event) => ({ ...event, receivedAt: (events.at(-1) as Event).receivedAt }));
  await world.ingest(since);
  await world.turn();
  expect(differences(await seenAt(2), naive([...events, ...since], DEFINITIONS))).toEqual([]);
  await world.publishByHand('publish', 2);
  expect(differences(await world.merged(), naive([...events, ...since], DEFINITIONS))).toEqual([]);
});

test('the comparison is made before anybody decides, and stays the same when the generation is promoted', async () => {
  await goOnFrom(lateWorld);
  await world.run(ASKED);
  const ahead = await world.reconciliation(2);
  expect(ahead).toMatchObject({ comparedWith: 1, equal: false });
  expect(largestMove(ahead)).toBeGreaterThan(0);
  await world.publishByHand('publish', 2);
  await world.run(asRun({ ...ASKED, begun: { generation: 2, sequence: 1 } }));
  expect(await world.reconciliation(2)).toEqual(ahead);
});

test('below a part it promotes itself where less moves, and waits where more does', async () => {
  await goOnFrom(lateWorld);
  await expect(world.run({ ...ASKED, promotion: { below: 1e-9 } })).resolves.toMatchObject({
    published: 'staged',
    stagedBecause: 'moves_more',
  });
  const compared = await world.reconciliation(2);
  const moved = largestMove(compared) as number;
  // Who reads the comparison knows what the run decided by.
  expect(compared.moved).toBe(moved);
  expect(moved).toBeGreaterThan(1e-9);
  expect(moved).toBeLessThan(1);
  await expect(world.run({ ...ASKED, promotion: { below: moved } })).resolves.toMatchObject({
    generation: 3,
    published: 'published',
  });
});

test('law 7: where the comparison could not tell all, a generation does not promote itself', async () => {
  await world.ingest(log(3));
  await world.run();
  world.down.speed = true;
  await expect(world.run({ ...ASKED, promotion: { below: 0.99 } })).resolves.toMatchObject({ published: 'staged' });
  expect((await world.reconciliation(2)).because.speedBehind).not.toEqual([]);
});

test('law 7: where rows differ for no known reason it waits for somebody, however little moves, and says why', async () => {
  await goOnFrom(lateWorld);
  const { deltas } = world.serving;
  const serving = {
    ...world.serving,
    async deltas(...asked: Parameters<typeof deltas>) {
      const all = await deltas(...asked);
      addRow(rowsOf(all[0]?.rows ?? new Map(), 'touches'), '2026-03-02\tsearch\tghost\tclick\t(none)', [1, 0]);
      return all;
    },
  };
  const below = { ...ASKED, promotion: { below: 0.999_999 } };
  await expect(world.run(below, { serving })).resolves.toMatchObject({ published: 'staged', stagedBecause: 'engine_defect' });
  expect((await world.reconciliation(2)).engineDefectRows).toBe(1);
  expect(await world.serving.pointer()).toMatchObject({ generation: 1 });
  // Without the defect the same moves.
  await expect(world.run(below)).resolves.toMatchObject({ published: 'published' });
});

test.each(['created', 'sealed', 'computed', 'published', 'reconciled', 'retired'] satisfies Stage[])(
  'law 3: killed after "%s", a staged run ends staged',
  async (stage) => {
    await goOnFrom(begunWorld);
    const run = asRun(ASKED);
    const dying = dyingAt(stage);
    void world.run(run, { reached: dying.reached });
    await dying.died;
    const { generation, published } = await world.run({ ...run, begun: run.begun });
    expect(published).toBe('staged');
    expect((await world.publications()).map((one) => one.generation)).toEqual([1]);
    expect((await newestStaged(world.dataDir))?.generation).toBe(generation);
    await world.turn();
    expect(differences(await world.merged(), naive(BEGUN, DEFINITIONS))).toEqual([]);
    expect(differences(await seenAt(generation), naive(BEGUN, DEFINITIONS))).toEqual([]);
  },
);

test('a retry of a staged run finds what somebody promoted meanwhile', async () => {
  await world.ingest(log(8));
  await world.run();
  const run = asRun(ASKED);
  await world.run(run);
  await world.publishByHand('publish', 2);
  await expect(world.run({ ...run, begun: run.begun })).resolves.toMatchObject({ published: 'already' });
});

test('while one waits, scheduled runs change nothing for readers and it is kept; a day later they go on', async () => {
  await goOnFrom(waitingWorld);
  for (let i = 0; i < 5; i++) await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ published: 'held' });
  expect((await newestStaged(world.dataDir))?.generation).toBe(2);
  expect((await world.manifest(2)).state).toBe('computed');
  expect(differences(await seenAt(2), await world.merged())).toEqual([]);
  world.advance(STAGED_WAITS_MS);
  await expect(world.run()).resolves.toMatchObject({ published: 'published' });
  expect(await newestStaged(world.dataDir)).toBeNull();
});

test('a run by hand goes past one that waits', async () => {
  await goOnFrom(waitingWorld);
  await expect(world.run({ scheduled: false, mode: 'full' })).resolves.toMatchObject({ generation: 3, published: 'published' });
  expect(await newestStaged(world.dataDir)).toBeNull();
});

test('what is discarded can never be published again, and loses its files with the next run', async () => {
  await goOnFrom(lateWorld);
  const events = LATE;
  await world.run(ASKED);
  const sequence = (await world.current())?.sequence as number;
  const draft = { generation: 2, at: 5, by: 'ana', why: 'too much moves' };
  await expect(discardStaged(world.dataDir, sequence - 1, draft)).rejects.toMatchObject({ code: 'conflict' });
  const said = await discardStaged(world.dataDir, sequence, draft);
  expect(said).toMatchObject({ generation: 1, discarded: 2, by: 'ana', why: 'too much moves', held: false });
  await expect(world.publishByHand('publish', 2)).rejects.toMatchObject({ code: 'conflict' });
  await expect(discardStaged(world.dataDir, said.sequence, draft)).rejects.toMatchObject({ code: 'conflict' });
  expect(await newestStaged(world.dataDir)).toBeNull();

  const files = Object.values((await world.manifest(2)).views)
    .flat()
    .map(({ path }) => join(world.dataDir, path));
  await expect(world.run()).resolves.toMatchObject({ generation: 3, published: 'published' });
  expect((await world.manifest(2)).state).toBe('retired');
  for (const file of files) await expect(access(file)).rejects.toThrow();
  await expect(access(join(world.dataDir, generationFolder(2), 'manifest.json'))).resolves.toBeUndefined();
  await world.turn();
  expect(differences(await world.merged(), naive(events, DEFINITIONS))).toEqual([]);
});

test('law 7: a discard and a promotion that follow lost publications take one number: one of them is refused', async () => {
  await goOnFrom(waitingWorld);
  const promoted = { generation: 2, action: 'publish', held: false, at: 5, by: 'ana' } as const;
  const both = await Promise.allSettled([
    discardStaged(world.dataDir, 1, { generation: 2, at: 5, by: 'bo' }, 40),
    publish(world.dataDir, 1, promoted, 40),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await world.publications()).map(({ sequence }) => sequence)).toEqual([1, 41]);
});

test('before anything is published a staged generation is not discarded: the refusal says what to do', async () => {
  await world.ingest(log(9));
  await world.run(ASKED);
  await expect(discardStaged(world.dataDir, 0, { generation: 1, at: 5, by: 'ana' })).rejects.toThrow(
    /before anything is published: publish it, or compute another one/,
  );
});

test('what was said of a publication is not said of a discard after it', async () => {
  await goOnFrom(publishedWorld);
  const draft = { generation: 1, action: 'publish', held: false, at: 5, by: 'ana', why: 'one bot', engineDefectRows: 2 } as const;
  await expect(publish(world.dataDir, 1, draft)).resolves.toMatchObject({ engineDefectRows: 2 });
  await world.run(ASKED);
  const said = await discardStaged(world.dataDir, 2, { generation: 2, at: 6, by: 'bo' });
  expect([said.discarded, said.by, said.engineDefectRows, said.why]).toEqual([2, 'bo', undefined, undefined]);
});

test('only what waits can be discarded', async () => {
  await goOnFrom(publishedWorld);
  const draft = { at: 5, by: 'ana' };
  for (const generation of [1, 9])
    await expect(discardStaged(world.dataDir, 1, { ...draft, generation })).rejects.toMatchObject({ code: 'conflict' });
});

test('definitions stay those that readers have: a staged run takes up no edit of the file, the next one does', async () => {
  await goOnFrom(publishedWorld);
  const edited = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['buy'] });
  const ports = { configuredDefinitions: async () => edited };
  await world.run(ASKED, ports);
  expect((await world.manifest(2)).definitionsVersion).toBe(DEFINITIONS.version);
  await world.publishByHand('publish', 2);
  await world.run({}, ports);
  expect((await world.manifest(3)).definitionsVersion).toBe(edited.version);
});

test('law 7: while one waits, a scheduled run takes up no edit of the file either: real time goes on by what readers have', async () => {
  await goOnFrom(waitingWorld);
  const edited = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['buy'] });
  const ports = { configuredDefinitions: async () => edited };
  await expect(world.run({ mode: 'full' }, ports)).resolves.toMatchObject({ generation: 3, published: 'held' });
  const states = await world.serving.states();
  expect(new Set(states.map((state) => state?.definitions))).toEqual(new Set([DEFINITIONS.json]));
  world.advance(STAGED_WAITS_MS);
  await expect(world.run({}, ports)).resolves.toMatchObject({ generation: 4, published: 'published' });
  expect((await world.manifest(4)).definitionsVersion).toBe(edited.version);
});
