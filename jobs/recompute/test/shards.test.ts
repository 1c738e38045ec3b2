/** A generation computed shard by shard in different places: the same rows as in one session, whatever dies in between. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computePart } from '@tributary/archive/compute/compute';
import type { StoredFile } from '@tributary/archive/layout';
import { type Definitions, parseDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import type { Event } from '@tributary/model/event';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, generateDefinitions, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { untilAborted } from '@tributary/testkit/until-aborted';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryFlow } from './memory-flow.ts';
import { asRun, createWorld, dyingAt, PARTITIONS, type World } from './world.ts';

const DEFINITIONS: Definitions = definitionsOf(SMALL_DEFINITIONS);
let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

const log = (seed: number, events = 90): Event[] =>
  generateEvents(createRandom(seed), { events, users: 7, lateChance: 0, duplicateChance: 0.1 }, DEFINITIONS);
const many = () => ({ shards: world.flow });

/** What may not depend on who computed a generation: files are named and cut differently. */
async function contents(of: World, generation: number): Promise<unknown> {
  const { counts, views, events, conversions } = await of.manifest(generation);
  const rows = async (files: readonly StoredFile[], order: string) => {
    if (files.length === 0) return [];
    const paths = files.map(({ path }) => `'${join(of.dataDir, path)}'`).join(', ');
    return of.session.rows(`SELECT * FROM read_parquet([${paths}], hive_partitioning = false) ORDER BY ${order}`);
  };
  return {
    counts,
    views: Object.entries(views).map(([name, files]) => [name, files.map((file) => file.rows)]),
    events: await rows(events, 'user_key, id'),
    conversions: await rows(conversions, 'id, user_key'),
  };
}

async function shardsFolders(): Promise<string[]> {
  return (await readdir(join(world.dataDir, 'staging'))).filter((name) => name.startsWith('shards-'));
}

test('laws 1 and 5: a generation by many is that by one, row by row: full, incremental, under new definitions', async () => {
  const events = log(1, 120);
  const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion: true, transitionOrder: 2 } });
  const steps = [
    { upTo: 60, run: {} },
    { upTo: 100, run: {} },
    { upTo: 120, run: { definitions: definitions.json } },
    { upTo: 120, run: { mode: 'full' as const } },
  ];
  const alone = await createWorld(DEFINITIONS);
  alone.cutIntoShards();
  let from = 0;
  for (const [index, { upTo, run }] of steps.entries()) {
    for (const each of [world, alone]) await each.ingest(events.slice(from, upTo));
    from = upTo;
    const before = world.flow.attempts.length;
    await expect(world.run({ ...run, ...many() })).resolves.toMatchObject({ generation: index + 1, published: 'published' });
    expect(world.flow.attempts.length - before).toBeGreaterThan(1);
    await alone.run(run);
    expect(await contents(world, index + 1)).toEqual(await contents(alone, index + 1));
    expect(differences(await world.viewsOf(index + 1), await alone.viewsOf(index + 1))).toEqual([]);
    if (index < 2) expect(differences(await world.viewsOf(index + 1), naive(events.slice(0, upTo), DEFINITIONS))).toEqual([]);
  }
  expect(await shardsFolders()).toEqual([]);
  await alone.close();
});

test('laws 1 and 5: whatever the definitions and the log, generations by many are the naive computation', async () => {
  for (let seed = 20; seed < 23; seed++) {
    const random = createRandom(seed);
    const definitions = generateDefinitions(random);
    const events = generateEvents(random, { events: 100, users: 6, lateChance: 0.1, duplicateChance: 0.1 }, definitions);
    const own = await createWorld(definitions);
    for (let round = 0; round < 2; round++) {
      await own.ingest(events.slice(50 * round, 50 * round + 50));
      await own.run({ shards: own.flow });
      // Definitions that an older version stored are read by today's rules once a run goes on with them (decision 22).
      const inForce = round === 0 ? definitions : parseDefinitions(definitions.json, sha256Hex);
      const expected = naive(events.slice(0, 50 * round + 50), inForce);
      expect(differences(await own.viewsOf(round + 1), expected), `seed ${seed}`).toEqual([]);
    }
    expect(own.flow.attempts.length, `seed ${seed}`).toBeGreaterThanOrEqual(4);
    await own.close();
  }
});

test.each(['sealed', 'gathered', 'filed', 'computed', 'published', 'retired'] as const)(
  'law 3: a coordinator of many killed after "%s": its next attempt takes the parts that are there',
  async (stage) => {
    const events = log(2);
    await world.ingest(events);
    const run = { ...asRun(), ...many() };
    const dying = dyingAt(stage);
    void world.run(run, { reached: dying.reached });
    await dying.died;
    const before = world.flow.attempts.length;
    await expect(world.run({ ...run, begun: { generation: 1, sequence: 0 } })).resolves.toMatchObject({ generation: 1 });
    expect(world.flow.attempts.length - before).toBe(stage === 'sealed' ? PARTITIONS : 0);
    expect(await world.publications()).toHaveLength(1);
    expect(differences(await world.viewsOf(1), naive(events, DEFINITIONS))).toEqual([]);
    expect(await shardsFolders()).toEqual([]);
  },
);

test('law 7: a part that is damaged, gone, or of a damaged record is computed again; the others are not', async () => {
  const damages: ((folder: string) => Promise<void>)[] = [
    async (folder) => {
      const record = await readFile(join(folder, '0001.json'), 'utf8');
      await writeFile(join(folder, '0001.json'), record.replace(/"arrivals":\d+/, '"arrivals":7777'));
    },
    async (folder) => writeFile(join(folder, '0001.json'), ''),
    async (folder) => {
      for (const name of await readdir(folder)) if (name.startsWith('0001-')) await rm(join(folder, name), { recursive: true });
    },
    async (folder) => {
      const [attempt] = (await readdir(folder)).filter((name) => name.startsWith('0001-'));
      const files = await readdir(join(folder, attempt ?? ''));
      await flip(join(folder, attempt ?? '', files.find((name) => name.startsWith('rows-credit')) ?? ''));
    },
  ];
  for (const [index, damage] of damages.entries()) {
    const events = log(3);
    await world.ingest(events);
    const run = { ...asRun(), ...many() };
    const dying = dyingAt('gathered');
    void world.run(run, { reached: dying.reached });
    await dying.died;
    const [folder] = await shardsFolders();
    await damage(join(world.dataDir, 'staging', folder ?? ''));
    world.flow.attempts.length = 0;
    await world.run({ ...run, begun: { generation: 1, sequence: 0 } });
    expect(world.flow.attempts, `damage ${index}`).toEqual([1]);
    expect(differences(await world.viewsOf(1), naive(events, DEFINITIONS))).toEqual([]);
    await world.close();
    world = await createWorld(DEFINITIONS);
  }
});

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

test('law 3: the same shard worked on twice at once: one attempt counts, the files of the other are gone', async () => {
  const events = log(4);
  await world.ingest(events);
  const ports = { ...world.ports, computePart };
  const once = createMemoryFlow(ports, 2);
  const twice = {
    ...once,
    work: async (...[shards, onDone, signal]: Parameters<typeof once.work>) => {
      await Promise.all([once.work(shards, onDone, signal), once.work(shards, onDone, signal)]);
    },
  };
  const dying = dyingAt('gathered');
  void world.run({ ...asRun(), shards: twice }, { reached: dying.reached });
  await dying.died;
  const [folder] = await shardsFolders();
  const names = await readdir(join(world.dataDir, 'staging', folder ?? ''));
  expect(names.filter((name) => /^000\d-/.test(name))).toHaveLength(PARTITIONS);
  await world.run({ begun: { generation: 1, sequence: 0 }, shards: once });
  expect(differences(await world.viewsOf(1), naive(events, DEFINITIONS))).toEqual([]);
});

test('a shard that fails for good fails its generation with the reason; the one before stays in force', async () => {
  const events = log(5);
  await world.ingest(events.slice(0, 40));
  await world.run(many());
  await world.ingest(events.slice(40));
  const sick = createMemoryFlow(
    {
      ...world.ports,
      computePart: async (spec) => {
        if (spec.number === 2) throw new TributaryError('compute_failed', 'the child ran out of memory');
        return computePart(spec);
      },
    },
    2,
  );
  await expect(world.run({ shards: sick })).rejects.toMatchObject({ code: 'compute_failed' });
  expect(sick.attempts).toEqual([0, 1, 2, 2, 2]);
  expect(await world.manifest(2)).toMatchObject({ state: 'failed', failure: expect.stringContaining('ran out of memory') });
  expect((await world.current())?.generation).toBe(1);
  await expect(world.run(many())).resolves.toMatchObject({ generation: 3, published: 'published' });
  expect(differences(await world.viewsOf(3), naive(events, DEFINITIONS))).toEqual([]);
});

test('law 7: an archived file that is damaged fails the generation, whichever process reads it', async () => {
  const events = log(6);
  await world.ingest(events);
  const damaging = {
    reached: async (stage: string) => {
      if (stage !== 'sealed') return;
      const day = (await readdir(join(world.dataDir, 'archive/events')))[0] ?? '';
      const [file] = await readdir(join(world.dataDir, 'archive/events', day));
      await flip(join(world.dataDir, 'archive/events', day, file ?? ''));
    },
  };
  await expect(world.run(many(), damaging)).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(await world.manifest(1)).toMatchObject({ state: 'failed', failure: expect.stringContaining('archive_corrupt') });
});

test('a shard whose generation no longer waits for it is not computed; one that is on another host`s disk is tried again', async () => {
  await world.ingest(log(7));
  const dying = dyingAt('gathered');
  const run = { ...asRun(), ...many() };
  void world.run(run, { reached: dying.reached });
  await dying.died;
  const [folder] = await shardsFolders();
  const plan = /^shards-1-([0-9a-f]+)$/.exec(folder ?? '')?.[1] ?? '';
  const { workOnShard } = await import('@tributary/recompute/distribute/shard-attempt');
  const ports = { ...world.ports, computePart };
  const signal = new AbortController().signal;
  const work = (name: { generation: number; plan: string; number: number }) =>
    workOnShard(name, ports, signal).catch((error: TributaryError) => error.code);
  expect(await work({ generation: 1, plan, number: 0 })).toBe('known');
  expect(await work({ generation: 1, plan: 'f'.repeat(16), number: 0 })).toBe('store_unavailable');
  expect(await work({ generation: 9, plan, number: 0 })).toBe('store_unavailable');
  await world.run({ ...run, begun: { generation: 1, sequence: 0 } });
  expect(await work({ generation: 1, plan, number: 0 })).toBe('conflict');
});

test('parts of another version of the program are not taken, and go with the next sweep', async () => {
  const events = log(8);
  await world.ingest(events);
  const dying = dyingAt('gathered');
  void world.run(
    { ...asRun(), shards: createMemoryFlow({ ...world.ports, computePart }, 2, 'older') },
    { reached: dying.reached },
  );
  await dying.died;
  await world.run({ ...many(), begun: { generation: 1, sequence: 0 } });
  expect(world.flow.attempts).toEqual([0, 1, 2]);
  expect(differences(await world.viewsOf(1), naive(events, DEFINITIONS))).toEqual([]);
  expect(await shardsFolders()).toEqual([]);
});

test('the cut of the first attempt holds for the next, however many workers there are then', async () => {
  await world.ingest(log(9));
  const run = { ...asRun(), ...many() };
  const dying = dyingAt('gathered');
  void world.run(run, { reached: dying.reached });
  await dying.died;
  await mkdir(join(world.dataDir, 'staging'), { recursive: true });
  const alone = createMemoryFlow({ ...world.ports, computePart }, 1);
  await world.run({ ...run, shards: alone, begun: { generation: 1, sequence: 0 } });
  expect(alone.attempts).toEqual([]);
  expect((await world.manifest(1)).events.every(({ path }) => path.startsWith('generations/000001/'))).toBe(true);
});

test('shards that no worker computes fail the generation after the time that computing may take; an abort leaves it pending', async () => {
  await world.ingest(log(10));
  const stuck = { ...world.flow, work: (_: unknown, __: unknown, signal: AbortSignal) => untilAborted(signal) };
  const limits = { ...world.ports.limits, computeTimeoutMs: 1 };
  await expect(world.run({ shards: stuck }, { limits })).rejects.toMatchObject({
    code: 'compute_failed',
    message: expect.stringContaining('within 1 ms'),
  });
  expect((await world.manifest(1)).state).toBe('failed');

  const controller = new AbortController();
  const losing: typeof stuck = {
    ...stuck,
    work(_, __, signal) {
      controller.abort(new Error('the lock was lost'));
      return untilAborted(signal);
    },
  };
  await expect(world.run({ shards: losing }, {}, controller.signal)).rejects.toThrow('the lock was lost');
  expect((await world.manifest(2)).state).toBe('pending');
});

test('law 3: two coordinators of many with the same generation at once publish once', async () => {
  const events = log(11);
  await world.ingest(events);
  const run = { ...asRun(), ...many() };
  const dying = dyingAt('raised');
  void world.run(run, { reached: dying.reached });
  await dying.died;
  const again = { ...run, begun: { generation: 1, sequence: 0 } };
  const outcomes = await Promise.all([world.run({ ...again }), world.run({ ...again })]);
  expect(outcomes.map(({ generation }) => generation)).toEqual([1, 1]);
  expect(await world.publications()).toHaveLength(1);
  expect(differences(await world.viewsOf(1), naive(events, DEFINITIONS))).toEqual([]);
});
