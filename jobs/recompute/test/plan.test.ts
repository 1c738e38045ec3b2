/** A plan says what the run then reads and builds upon, and changes nothing. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Within } from '@tributary/archive/plan/within';
import { openDataFolder } from '@tributary/archive/readers/data-folder';
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS, dayOf } from '@tributary/model/time';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Run } from '../src/run.ts';
import { createWorld, PARTITIONS, type World } from './world.ts';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const OTHERS = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion: true } });
const ONCE = definitionsOf({ ...SMALL_DEFINITIONS, conversions: { buy: { onceBy: 'properties.order' } } });

const EVENTS: Event[] = generateEvents(
  createRandom(31),
  { events: 120, users: 6, lateChance: 0.2, duplicateChance: 0.1 },
  DEFINITIONS,
);

const LAST_DAY = dayOf(Math.max(...EVENTS.map(({ ts }) => ts)));
const CORRECTED = definitionsOf({
  ...SMALL_DEFINITIONS,
  corrections: [
    {
      name: 'gone',
      when: 'type == "click"',
      drop: true,
      from: LAST_DAY,
      to: dayOf(Date.parse(LAST_DAY) + DAY_MS),
      author: 'ada',
      reason: 'it went wrong',
    },
  ],
});

let world: World;
beforeEach(async () => {
  world = await createWorld(DEFINITIONS);
});
afterEach(() => world.close());

async function plan(mode: Run['mode'], definitions: Definitions = DEFINITIONS, within?: Within) {
  const folder = openDataFolder({ dataDir: world.dataDir, views: VIEWS, now: () => 0, memoryLimit: '64MiB' });
  const publication = await folder.publication();
  const published = publication === null ? null : await folder.manifest(publication.generation);
  const signal = new AbortController().signal;
  return folder.plan({ mode, definitions, published, partitions: PARTITIONS, signal, ...(within !== undefined && { within }) });
}

/** Ingested, and in the archive: segments are closed by their age. */
async function archive(events: readonly Event[]): Promise<void> {
  await world.ingest(events);
  await world.turn();
  world.advance(2e12);
  await world.turn();
}

test('how long a run takes is said by earlier ones that did the same: not where other definitions compute all rows again', async () => {
  const parts = [0, 1, 2, 3].map((part) => EVENTS.slice(part * 30, (part + 1) * 30));
  for (const part of parts) {
    await archive(part);
    await world.run();
  }
  const plain = await plan('incremental');
  expect([plain.estimate?.runs, plain.notEstimated]).toEqual([3, null]);
  const changed = await plan('incremental', OTHERS);
  expect([changed.estimate, changed.notEstimated]).toEqual([null, 'definitions_changed']);
  expect((await plan('incremental', CORRECTED)).notEstimated).toBe('corrections_changed');
});

test.each([
  ['the first run', 'incremental', DEFINITIONS, 'nothing_computed'],
  ['a run upon a base', 'incremental', DEFINITIONS, null],
  ['a full run', 'full', DEFINITIONS, 'asked'],
  ['a run with other definitions', 'incremental', OTHERS, null],
  ['a run that counts once by a key', 'incremental', ONCE, 'counted_once_changed'],
  ['a run that corrects a day', 'incremental', CORRECTED, null],
] as const)('the plan of %s is what the run reads', async (name, mode, definitions, fullBecause) => {
  await archive(EVENTS.slice(0, 70));
  if (name !== 'the first run') await world.run();
  await archive(EVENTS.slice(70));
  const before = await world.generations();
  const planned = await plan(mode, definitions);
  expect(await world.generations()).toEqual(before);

  const { generation } = await world.run({ mode, definitions: definitions.json });
  const { mode: ran, base, counts, definitionsVersion } = await world.manifest(generation);
  expect(planned).toMatchObject({
    mode: ran,
    base,
    definitionsVersion,
    fullBecause,
    definitionsChange: before.length > 0 && definitions !== DEFINITIONS,
  });
  expect(planned.archive.rows).toBe(counts.newEvents + counts.duplicates);
  expect(planned.archive.rows).toBeGreaterThan(base === null ? 100 : 40);
  expect(planned.days.reduce((sum, { rows }) => sum + rows, planned.olderRows)).toBe(planned.archive.rows);
  const dates = planned.days.map(({ date }) => date);
  expect(dates).toEqual([...new Set(dates)].toSorted().reverse());
  expect(planned.kept.files > 0).toBe(base !== null);
  const covered = EVENTS.slice(0, 70).filter(({ ts }) => dayOf(ts) === LAST_DAY).length;
  expect(planned.reread?.rows ?? null).toBe(definitions === CORRECTED ? covered : null);
});

test('a plan says where the archive ends: at the cut of its base, or at the newest segment', async () => {
  await archive(EVENTS.slice(0, 70));
  const { generation } = await world.run();
  const { cut } = await world.manifest(generation);
  expect((await plan('incremental')).archivedUpTo).toEqual(cut);
  await archive(EVENTS.slice(70));
  const { archivedUpTo } = await plan('incremental');
  expect(archivedUpTo).toEqual((await plan('full')).archivedUpTo);
  expect(archivedUpTo.every((upTo, partition) => (upTo ?? '') >= (cut[partition] ?? ''))).toBe(true);
  expect(archivedUpTo).not.toEqual(cut);
});

test('law 7: a plan is refused where the run would be: the archive is older than its base', async () => {
  await archive(EVENTS.slice(0, 70));
  await world.run();
  const folder = join(world.dataDir, 'archive', 'segments', 'p00');
  const names = (await readdir(folder)).sort();
  await rm(join(folder, names.at(-1) as string));
  await expect(plan('incremental')).rejects.toMatchObject({
    code: 'manifest_corrupt',
    message: expect.stringContaining('goes on after nothing'),
  });
});

test('a plan of some days, users and views says of each why its rows may be others', async () => {
  await archive(EVENTS);
  const ofPaths = async (mode: Run['mode'], definitions = DEFINITIONS, days: Within = {}) => {
    const { within } = await plan(mode, definitions, { ...days, views: ['paths'] });
    return within?.views.map(({ view, because }) => [view, because]);
  };
  expect(await ofPaths('incremental')).toEqual([['paths', ['not_computed', 'full', 'new_events']]]);
  await world.run();
  expect(await ofPaths('incremental')).toEqual([['paths', []]]);
  expect(await ofPaths('full')).toEqual([['paths', ['full', 'new_events']]]);
  expect(await ofPaths('incremental', OTHERS)).toEqual([['paths', ['definitions']]]);
  expect(await ofPaths('incremental', CORRECTED)).toEqual([['paths', ['corrections']]]);
  expect(await ofPaths('incremental', CORRECTED, { fromMs: Date.parse('2099-01-01') })).toEqual([['paths', []]]);
  const { within } = await plan('incremental', DEFINITIONS, { users: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] });
  expect(within?.partitions).toBe(PARTITIONS);
  expect(within?.views.map(({ view }) => view)).toEqual(VIEWS.map(({ name }) => name));
});

test('a plan that was given up reads no further', async () => {
  await archive(EVENTS);
  const stopped = AbortSignal.abort(new Error('stopped'));
  const folder = openDataFolder({ dataDir: world.dataDir, views: VIEWS, now: () => 0, memoryLimit: '64MiB' });
  const demand = { mode: 'full', definitions: DEFINITIONS, published: null, partitions: PARTITIONS } as const;
  await expect(folder.plan({ ...demand, signal: stopped })).rejects.toThrow('stopped');
});
