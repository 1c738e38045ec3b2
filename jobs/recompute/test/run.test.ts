/** A run of the batch layer, from barrier to retirement, with everything that can go wrong in between. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listGenerations } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { copyToParquet, keepFile } from '@tributary/archive/parquet';
import { readSegments } from '@tributary/archive/segments';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { computeInChild } from '@tributary/recompute/child/child';
import { waitUntilSealed } from '@tributary/recompute/cut/seal';
import { STAGES } from '@tributary/recompute/ports';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { asRun, createWorld, dyingAt, PARTITIONS, type World, worldsFrom } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const log = (seed: number, events = 60): Event[] =>
  generateEvents(createRandom(seed), { events, users: 5, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);

async function expectMerged(events: readonly Event[], definitions = DEFINITIONS): Promise<void> {
  await world.turn();
  expect(differences(await world.merged(), naive(events, definitions))).toEqual([]);
}

test('law 1: generations over a growing log; at every moment readers see naive(all)', async () => {
  const events = log(1, 90);
  for (let round = 0; round < 3; round++) {
    await world.ingest(events.slice(30 * round, 30 * round + 30));
    await expectMerged(events.slice(0, 30 * round + 30));
    const outcome = await world.run();
    expect(outcome).toMatchObject({ generation: round + 1, published: 'published' });
    await expectMerged(events.slice(0, 30 * round + 30));
    expect(differences(await world.viewsOf(round + 1), naive(events.slice(0, 30 * round + 30), DEFINITIONS))).toEqual([]);
  }
  expect((await world.manifest(3)).mode).toBe('incremental');
});

test('an empty archive gives an empty generation, published like any other', async () => {
  await expect(world.run()).resolves.toMatchObject({ generation: 1, published: 'published', counts: { events: 0 } });
  await expectMerged([]);
  await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ generation: 2, published: 'published' });
});

/** Runs by many are in shards.test.ts, those that find nothing new in nothing-new.test.ts. */
const ALONE = STAGES.filter((stage) => !['gathered', 'checked', 'superseded'].includes(stage));

/** The second half came after generation 1. */
const BEGUN = log(7);
const begunWorld = worldsFrom(DEFINITIONS, async (grown) => {
  await grown.ingest(BEGUN.slice(0, 30));
  await grown.run();
  await grown.ingest(BEGUN.slice(30));
});
async function goOnFromBegun(): Promise<void> {
  await world.close();
  world = await begunWorld();
}

test.each(ALONE)(
  'law 3: killed after "%s", the retried run ends as if nothing had happened, with one publication',
  async (stage) => {
    await goOnFromBegun();
    const run = asRun();
    const dying = dyingAt(stage);
    void world.run(run, { reached: dying.reached });
    await dying.died;

    const outcome = await world.run({ ...run, begun: run.begun });
    // Killed before it could remember its generation, the run makes another one and supersedes the first.
    const forgot = stage === 'created';
    expect(outcome.generation).toBe(forgot ? 3 : 2);
    expect((await world.publications()).map(({ generation }) => generation)).toEqual([1, outcome.generation]);
    if (forgot) expect((await world.manifest(2)).state).toBe('superseded');
    await expectMerged(BEGUN);
    expect(await world.reconciliation(outcome.generation)).toMatchObject({ comparedWith: 1, equal: true });
  },
);

test('law 3: a run repeated after it finished changes nothing', async () => {
  await world.ingest(log(8));
  const run = asRun();
  const first = await world.run(run);
  const second = await world.run({ ...run, begun: run.begun });
  expect(second).toEqual({ ...first, published: 'already' });
  expect(await world.publications()).toHaveLength(1);
  expect(await world.generations()).toEqual([1]);
});

test('law 3: a zombie coordinator wakes at any stage after another run took over: one publication, no damage', async () => {
  for (const stage of ['remembered', 'raised', 'sealed', 'filed', 'computed', 'published'] as const) {
    const events = log(9);
    await world.ingest(events);
    const sleeping = Promise.withResolvers<void>();
    const waking = Promise.withResolvers<void>();
    const zombie = world.run(asRun(), {
      reached: (at) => {
        if (at !== stage) return;
        sleeping.resolve();
        return waking.promise;
      },
    });
    await sleeping.promise;
    const other = await world.run();
    waking.resolve();
    const woken = await zombie.then(
      (outcome) => outcome.published,
      (error: unknown) => (error as TributaryError).code,
    );
    expect(woken, stage).toBe(stage === 'computed' ? 'overtaken' : stage === 'published' ? 'published' : 'conflict');
    expect((await world.current())?.generation).toBe(other.generation);
    expect(await world.serving.pointer()).toMatchObject({ generation: other.generation });
    await expectMerged(events);
    await world.close();
    world = await createWorld(DEFINITIONS);
  }
});

test('law 3: two coordinators with the same generation at once publish once', async () => {
  const events = log(10);
  await world.ingest(events);
  const run = asRun();
  const dying = dyingAt('raised');
  void world.run(run, { reached: dying.reached });
  await dying.died;
  const outcomes = await Promise.all([world.run({ ...run }), world.run({ ...run })]);
  expect(outcomes.map(({ generation }) => generation)).toEqual([1, 1]);
  expect(await world.publications()).toHaveLength(1);
  await expectMerged(events);
});

test('a barrier that reached some partitions only is superseded; what came between is counted once', async () => {
  const events = log(11, 90);
  await world.ingest(events.slice(0, 30));
  const run = asRun();
  let appended = 0;
  const partial = {
    ...world.log,
    append: async (partition: number, record: Parameters<typeof world.log.append>[1]) => {
      if (++appended > PARTITIONS - 1) throw new TributaryError('log_unavailable', 'the broker went away');
      return world.log.append(partition, record);
    },
  };
  await expect(world.run(run, { log: partial })).rejects.toMatchObject({ code: 'log_unavailable' });
  // What may pass by itself is not a failed generation.
  expect((await world.manifest(1)).state).toBe('pending');
  await world.ingest(events.slice(30, 60));
  await expect(world.run()).resolves.toMatchObject({ generation: 2, published: 'published' });
  // Superseded; and, being older than all that is kept, retired by the run that took over.
  expect((await world.manifest(1)).state).toBe('retired');
  await world.ingest(events.slice(60));
  await expectMerged(events);

  // The first coordinator comes back: its barrier comes too late in one partition.
  await expect(world.run({ ...run })).rejects.toMatchObject({ code: 'conflict' });
  await world.run();
  await expectMerged(events);
});

test('duplicates: within a batch, across generations, and with other content: the first arrival counts', async () => {
  const [first, ...rest] = log(12) as [Event, ...Event[]];
  const again: Event = { ...first, ts: first.ts + 1, value: 123_456, type: 'buy' };
  await world.ingest([first, again, ...rest]);
  await world.run();
  await world.ingest([...rest.slice(0, 10), again]);
  const outcome = await world.run();
  expect(outcome.counts).toMatchObject({ newEvents: 0, duplicates: 11 });
  await world.run({ mode: 'full' });
  expect(differences(await world.viewsOf(3), naive([first, ...rest], DEFINITIONS))).toEqual([]);
  expect(differences(await world.viewsOf(2), naive([first, ...rest], DEFINITIONS))).toEqual([]);
});

test('law 3: of two events with one id in one entry the first counts, also when the second happened earlier', async () => {
  const rest = log(12);
  const [first] = rest as [Event];
  const earlier: Event = { ...first, ts: first.ts - 1, value: 654_321, type: 'buy' };
  await world.ingest([first, earlier, ...rest]);
  await world.run();
  expect(differences(await world.viewsOf(1), naive([first, earlier, ...rest], DEFINITIONS))).toEqual([]);
});

test('law 1: events after the cut are not part of what readers saw before it', async () => {
  const events = log(23, 80);
  await world.ingest(events.slice(0, 30));
  await world.run();
  await world.ingest(events.slice(30, 50));
  const ingestMore = async () => {
    await world.ingest(events.slice(50));
    await world.turn();
  };
  await world.run({}, { reached: (stage) => (stage === 'pointed' ? ingestMore() : undefined) });
  expect(await world.reconciliation(2)).toMatchObject({ comparedWith: 1, equal: true });
  await expectMerged(events);
});

test('law 7: a generation that readers could not load fails with the reason; the loadable one is published and kept', async () => {
  await goOnFromBegun();
  const foreign = await fileWithTabs('campaigns.parquet');
  const unloadable: Parameters<World['run']>[1] = {
    compute: (spec, options) => {
      const base = spec.base === null ? null : { ...spec.base, views: { ...spec.base.views, touches: [foreign] } };
      // A file that stays as it is was read back when it was written: this one is summed with what is new.
      return world.ports.compute({ ...spec, base, limits: { ...spec.limits, added: { fewRows: 9, mostShare: 0 } } }, options);
    },
  };
  for (let i = 0; i < 4; i++) await expect(world.run({}, unloadable)).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(await world.manifest(5)).toMatchObject({
    state: 'failed',
    failure: expect.stringContaining('a dimension must be text without tabs'),
  });
  expect((await world.current())?.generation).toBe(1);
  await expectMerged(BEGUN);
  await expect(world.run()).resolves.toMatchObject({ generation: 6, published: 'published' });
  await expectMerged(BEGUN);
});

/** Rows of a view as no version of ours writes them. */
async function fileWithTabs(path: string): Promise<StoredFile> {
  const { dimensions, measures } = VIEWS.find(({ name }) => name === 'touches') as (typeof VIEWS)[number];
  const columns = [...dimensions.map((name) => `'a\tb' AS "${name}"`), ...measures.map((name) => `1::BIGINT AS "${name}"`)];
  const rows = await copyToParquet(world.session, `SELECT ${columns.join(', ')}`, join(world.dataDir, `${path}.staged`));
  return keepFile(world.dataDir, join(world.dataDir, `${path}.staged`), path, rows);
}

test('definitions change: rows are computed again from events already deduplicated, and readers never mix both', async () => {
  await goOnFromBegun();
  const changed = definitionsOf({ ...SMALL_DEFINITIONS, conversions: ['buy'], attribution: { resetOnConversion: true } });
  await world.run({ definitions: changed.json, scheduled: false });
  expect(differences(await world.viewsOf(2), naive(BEGUN, changed))).toEqual([]);
  await expectMerged(BEGUN, changed);
  expect((await world.reconciliation(2)).because.definitionsChanged).toBe(true);
  const conversions = (await world.manifest(2)).conversions.reduce((sum, file) => sum + file.rows, 0);
  expect(conversions).toBe(
    new Set(BEGUN.filter((e) => e.type === 'buy').map((e) => `${e.userId ?? e.anonymousId} ${e.id}`)).size,
  );
});

test('a base of another version, which knows fewer views, is not built upon, nor compared where there is nothing to compare', async () => {
  const events = log(14, 80);
  const older = VIEWS.map(({ name }) => name).filter((name) => name !== 'nullCoalitions');
  await world.ingest(events.slice(0, 40));
  await world.run({}, { compute: (spec, options) => world.ports.compute({ ...spec, views: older }, options) });
  await world.ingest(events.slice(40));
  await world.run();
  expect(differences(await world.viewsOf(2), naive(events, DEFINITIONS))).toEqual([]);
  const { equal, views } = await world.reconciliation(2);
  expect(Object.keys(views)).toEqual(older);
  expect(equal).toBe(true);
});

test('law 1: rows of another version of the program are not built upon: the next run computes them again', async () => {
  const events = log(26, 80);
  await world.ingest(events.slice(0, 40));
  const [first] = VIEWS.map(({ name }) => name) as [string];
  const wrong: Parameters<World['run']>[1] = {
    program: 'older',
    // An older version, whose rows of one view are another's.
    compute: async (spec, options) => {
      const result = await world.ports.compute({ ...spec, arrivals: spec.arrivals.map(() => []) }, options);
      const right = await world.ports.compute({ ...spec, attempt: '0badbeef' }, options);
      return { ...right, views: { ...right.views, [first]: result.views[first] as (typeof result.views)[string] } };
    },
  };
  await world.run({}, wrong);
  await world.ingest(events.slice(40));
  await world.run();
  expect(await world.manifest(2)).toMatchObject({ mode: 'incremental', program: 'test' });
  expect(differences(await world.viewsOf(2), naive(events, DEFINITIONS))).toEqual([]);
  await world.ingest(events.slice(40));
  await world.run();
  expect(differences(await world.viewsOf(3), naive(events, DEFINITIONS))).toEqual([]);
});

test('law 7: a reconciliation compares with what readers had before its generation, whatever was published since', async () => {
  await world.ingest(log(3));
  await world.run();
  const rolledBack = { reached: (stage: string) => (stage === 'published' ? world.publishByHand('rollback', 1) : undefined) };
  await world.run({ mode: 'full' }, rolledBack);
  expect(await world.reconciliation(2)).toMatchObject({ comparedWith: 1, equal: true });
});

test('law 7: a reconciliation without the deltas of a partition is none, and says which did not answer', async () => {
  await world.ingest(log(27));
  await world.turn();
  const deltas: typeof world.serving.deltas = async (...asked) => (await world.serving.deltas(...asked)).slice(0, -1);
  const serving = { ...world.serving, deltas };
  await expect(world.run({}, { serving })).resolves.toMatchObject({ published: 'published' });
  const { failure, equal, views } = await world.reconciliation(1);
  expect([equal, views]).toEqual([false, {}]);
  expect(failure).toContain(`partition ${PARTITIONS - 1} of ${PARTITIONS} did not answer`);
});

test('law 8: late events are pending in real time, exact after the next generation, and the reconciliation says so', async () => {
  const shape = { events: 120, users: 4, lateChance: 0.25, duplicateChance: 0.05 };
  const events = generateEvents(createRandom(14), shape, DEFINITIONS);
  await world.ingest(events.slice(0, 60));
  await world.run();
  await world.ingest(events.slice(60));
  await world.run();
  expect(differences(await world.viewsOf(2), naive(events, DEFINITIONS))).toEqual([]);
  const report = await world.reconciliation(2);
  expect(report.equal).toBe(false);
  expect(report.because.lateEvents).toBeGreaterThan(0);
  expect(report.because.speedBehind).toEqual([]);
  const activity = report.views['activity'];
  expect(activity?.totals['events']?.after).toBe(
    [...(naive(events, DEFINITIONS).get('activity') ?? new Map()).values()].flat().reduce((a, b) => a + b, 0),
  );
  for (const row of activity?.rows ?? []) expect(row.measures['events']?.difference).not.toBe(0);
});

test('a speed layer that is down does not hold up a run; the reconciliation names its partitions', async () => {
  await world.ingest(log(15));
  world.down.speed = true;
  await world.run();
  const report = await world.reconciliation(1);
  expect(report.because.speedBehind).toEqual([0, 1, 2]);
  expect(report.equal).toBe(false);
});

test('law 7: an archiver that is down: generation_timeout names the partitions; the old generation stays in force', async () => {
  const events = log(16);
  await world.ingest(events);
  await world.run();
  world.down.archiver = true;
  await world.ingest(events);
  await expect(world.run()).rejects.toMatchObject({
    code: 'generation_timeout',
    message: expect.stringContaining('partitions 0 to 2'),
  });
  expect(await world.manifest(2)).toMatchObject({ state: 'failed', failure: expect.stringContaining('generation_timeout') });
  expect((await world.current())?.generation).toBe(1);
  world.down.archiver = false;
  await expect(world.run()).resolves.toMatchObject({ generation: 3, published: 'published' });
  await expectMerged(events);
});

test('law 7: a corrupt archive file fails the generation with its name; the old one stays in force', async () => {
  await goOnFromBegun();
  // Flipped after the archiver let go of it: the size is right, only the bytes are not.
  let corrupted = '';
  const corrupting: Parameters<World['run']>[1] = {
    compute: computeInChild,
    reached: async (stage) => {
      if (stage !== 'sealed') return;
      const segments = await Promise.all([0, 1, 2].map((partition) => readSegments(world.dataDir, partition, 1)));
      corrupted = segments.flat().flatMap((segment) => segment.files)[0]?.path ?? '';
      const bytes = await readFile(join(world.dataDir, corrupted));
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      await writeFile(join(world.dataDir, corrupted), bytes);
    },
  };
  await expect(world.run({}, corrupting)).rejects.toMatchObject({ code: 'archive_corrupt' });
  const failed = await world.manifest(2);
  expect(failed.state).toBe('failed');
  expect(failed.failure).toContain(corrupted);
  expect((await world.current())?.generation).toBe(1);
  await expectMerged(BEGUN);
});

test('rollback and forward again are exact; scheduled runs hold until then', async () => {
  const events = log(18, 120);
  await world.ingest(events.slice(0, 40));
  await world.run();
  await world.ingest(events.slice(40, 80));
  await world.run();
  await world.publishByHand('rollback', 1);
  await expectMerged(events.slice(0, 80));

  await world.ingest(events.slice(80));
  await expect(world.run()).resolves.toMatchObject({ generation: 3, published: 'held', publication: { generation: 1 } });
  expect((await world.manifest(3)).base).toBe(1);
  await expectMerged(events);
  await world.publishByHand('publish', 3);
  await expectMerged(events);
  await expect(world.run({ mode: 'full' })).resolves.toMatchObject({ generation: 4, published: 'published' });
  await expectMerged(events);
});

test('a rollback during a run wins over it', async () => {
  const events = log(19);
  await world.ingest(events.slice(0, 20));
  await world.run();
  await world.ingest(events.slice(20));
  await world.run();
  const outcome = await world.run(
    { scheduled: false, mode: 'full' },
    {
      reached: async (stage) => {
        if (stage === 'computed') await world.publishByHand('rollback', 1);
      },
    },
  );
  expect(outcome).toMatchObject({ published: 'overtaken', publication: { generation: 1, held: true } });
  await expectMerged(events);
});

test('old generations are retired, and the files that newer ones build on stay', async () => {
  const events = log(20, 140);
  for (let round = 0; round < 7; round++) {
    await world.ingest(events.slice(20 * round, 20 * round + 20));
    await world.run();
  }
  const states = await Promise.all((await listGenerations(world.dataDir)).map(async (g) => (await world.manifest(g)).state));
  expect(states).toEqual(['retired', 'retired', 'retired', 'retired', 'computed', 'computed', 'computed']);
  const newest = await world.manifest(7);
  expect(newest.events.length).toBeLessThanOrEqual(2 * world.ports.limits.compute.filesPerKind);
  await world.run({ mode: 'full' });
  expect(differences(await world.viewsOf(8), await world.viewsOf(7))).toEqual([]);
  await expectMerged(events);
});

test('an abort leaves the generation pending; the retried run goes on with it', async () => {
  const events = log(21);
  await world.ingest(events);
  const run = asRun();
  const controller = new AbortController();
  const aborting = world.run(
    run,
    { reached: (stage) => (stage === 'raised' ? controller.abort() : undefined) },
    controller.signal,
  );
  await expect(aborting).rejects.toThrow();
  expect((await world.manifest(1)).state).toBe('pending');
  await expect(world.run({ ...run })).resolves.toMatchObject({ generation: 1, published: 'published' });
  await expectMerged(events);
});

test('a partition that a later generation sealed first is never taken for a seal of an earlier one', async () => {
  const dying = dyingAt('remembered');
  void world.run(asRun(), { reached: dying.reached });
  await dying.died;
  await world.ingest(log(22));
  await world.run();
  const sealed = waitUntilSealed(await world.manifest(1), world.ports, new AbortController().signal);
  await expect(sealed).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('superseded') });
});
