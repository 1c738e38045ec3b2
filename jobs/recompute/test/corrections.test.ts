/** Generations whose definitions correct events: what they keep of it, what is sent again, and corrections that come, change and go. */

import { CONVERSION_COLUMNS, type Columns, GENERATION_EVENT_COLUMNS, parquetFiles } from '@tributary/archive/compute/relations';
import type { ComputeSpec } from '@tributary/archive/compute/spec';
import type { StoredFile } from '@tributary/archive/layout';
import { createArchiveReader } from '@tributary/archive/readers/archive-reader';
import type { Definitions, DefinitionsFile } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { timelineOf } from '@tributary/serving/users/user-timeline';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { event, NOON_MS } from './one-user.ts';
import { asRun, createWorld, dyingAt, PARTITIONS, type World, worldsFrom } from './world.ts';

type Corrections = NonNullable<DefinitionsFile['corrections']>;

const RANGE = { from: '2026-03-01', to: '2026-03-02', author: 'ada', reason: 'it went wrong' };
const of = (...corrections: Omit<Corrections[number], keyof typeof RANGE>[]): Definitions =>
  definitionsOf({
    ...SMALL_DEFINITIONS,
    fields: { order: 'properties.order_id' },
    corrections: corrections.map((one) => ({ ...one, ...RANGE })),
  });
const PLAIN = definitionsOf(SMALL_DEFINITIONS);
const CRAWLER = { name: 'crawler', when: 'page == "/robots"', drop: true } as const;
const RENAMED = { name: 'renamed', when: 'campaign == "sumer"', set: { campaign: 'summer' } } as const;
const BACK = { name: 'back', when: 'campaign == "summer"', set: { campaign: 'sumer' } } as const;
const REFUND = { name: 'refund', when: 'order == "o-7"', value: 0 } as const;

let world: World;
let log: Event[];
beforeEach(async () => {
  world = await createWorld(PLAIN);
  log = [];
});
afterEach(() => world.close());

async function ingest(...events: Event[]): Promise<void> {
  log.push(...events);
  await world.ingest(events);
}

/** Runs a generation, which must be what the oracle finds; resolves with how it was made and how many events were corrected. */
async function generation(number: number, definitions: Definitions) {
  await world.run({ definitions: definitions.json, mode: 'incremental' });
  const { mode, counts } = await world.manifest(number);
  expect(differences(await world.viewsOf(number), naive(log, definitions)), `generation ${number}`).toEqual([]);
  return { mode, corrected: counts.corrected, recounted: counts.recounted };
}

/** All that a generation keeps of its events, and the conversions that it lists. */
async function keptEvents(number: number) {
  const { events, conversions } = await world.manifest(number);
  const rowsOf = (files: readonly StoredFile[], columns: Columns) =>
    world.session.rows(`SELECT * FROM ${parquetFiles(world.dataDir, files, columns)} ORDER BY ALL`);
  return [await rowsOf(events, GENERATION_EVENT_COLUMNS), await rowsOf(conversions, CONVERSION_COLUMNS)];
}

/** The same of a full generation at the same cut. */
async function keptByFull(number: number) {
  await world.run({ mode: 'full' });
  return keptEvents(number);
}

/** What is explained from the files of a generation, where each event is as it was sent no longer. */
async function archived(number: number, definitions: Definitions) {
  const reader = createArchiveReader({ dataDir: world.dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const range = { fromMs: 0, toMs: NOON_MS + 9 * HOUR_MS, limit: 99 };
  const events = await reader.userEvents(await world.manifest(number), 'ana', range, new AbortController().signal);
  return timelineOf(events, definitions);
}

const clicks = () => [
  event('a', 0, 'click', { channel: 'search', campaign: 'sumer' }),
  event('b', 1, 'click', { channel: 'mail', campaign: 'summer' }),
  event('bot', 2, 'click', { channel: 'search', page: '/robots' }),
  event('o', 3, 'buy', { value: 100, currency: 'EUR', properties: { order_id: 'o-7' } }),
  event('bought by a bot', 3, 'buy', { value: 7, page: '/robots' }),
];

const renamed = worldsFrom(PLAIN, async (first) => {
  await first.ingest(clicks());
  await first.run({ definitions: of(RENAMED).json, mode: 'incremental' });
  expect(differences(await first.viewsOf(1), naive(clicks(), of(RENAMED)))).toEqual([]);
});
/** The clicks, and a generation that has the correction. */
async function beginRenamed(): Promise<void> {
  await world.close();
  world = await renamed();
  log = clicks();
}

test('law 1: corrections come, change and go: each run builds on the one before, and counts again what they say otherwise', async () => {
  await ingest(...clicks());
  expect(await generation(1, PLAIN)).toEqual({ mode: 'full', corrected: undefined, recounted: undefined });
  expect(await generation(2, of(CRAWLER, REFUND))).toEqual({
    mode: 'incremental',
    corrected: { crawler: 2, refund: 1 },
    recounted: 3,
  });
  // What is sent again under an id that was dropped is a duplicate, whatever it says now.
  await ingest(event('bot', 2, 'click', { channel: 'search' }), event('c', 2.5, 'click', { page: '/robots' }));
  expect(await generation(3, of(CRAWLER, REFUND))).toEqual({ mode: 'incremental', corrected: { crawler: 3, refund: 1 } });
  expect((await world.manifest(3)).counts).toMatchObject({ events: 6, newEvents: 1, duplicates: 1 });
  await ingest(event('d', 2.6, 'click', { campaign: 'sumer' }));
  expect(await generation(4, of(RENAMED, BACK))).toEqual({
    mode: 'incremental',
    corrected: { renamed: 2, back: 1 },
    recounted: 6,
  });
  expect((await world.manifest(4)).counts).toMatchObject({ events: 7, newEvents: 1, duplicates: 0 });
  await ingest(event('e', 2.7, 'view', { campaign: 'summer' }));
  expect(await generation(5, of(RENAMED, BACK))).toEqual({ mode: 'incremental', corrected: { renamed: 2, back: 2 } });
  expect(await generation(6, PLAIN)).toEqual({ mode: 'incremental', corrected: undefined, recounted: 4 });
  expect(await keptEvents(6)).toEqual(await keptByFull(7));
});

test('law 1: where corrections concern many journeys all of the archive is computed, else what they change; both are exact', async () => {
  const limits = { ...world.ports.limits, weighFromRows: 1 };
  const others = Array.from({ length: 160 }, (_, i) =>
    event(`v${i}`, i / 20, 'click', { channel: 'mail', userId: `user-${i % 40}` }),
  );
  await ingest(...clicks(), ...others);
  await generation(1, PLAIN);
  const runs = async (number: number, definitions: Definitions, ports: Partial<World['ports']> = {}) => {
    await world.run({ definitions: definitions.json }, { limits, ...ports });
    expect(differences(await world.viewsOf(number), naive(log, definitions)), `generation ${number}`).toEqual([]);
    const { mode, base, counts } = await world.manifest(number);
    return { mode, base, recounted: counts.recounted };
  };
  const weighed: number[] = [];
  const weigh: typeof world.ports.weigh = async (...asked) => {
    weighed.push(await world.ports.weigh(...asked));
    return weighed.at(-1) as number;
  };
  const none = { name: 'none', when: 'page == "/nowhere"', drop: true } as const;
  expect(await runs(2, of(none), { weigh })).toEqual({ mode: 'incremental', base: 1, recounted: 0 });
  const mail = { name: 'mail', when: 'channel == "mail"', set: { channel: 'post' } } as const;
  expect(await runs(3, of(none, mail), { weigh })).toEqual({ mode: 'full', base: null, recounted: undefined });
  // To take it back is as much work.
  expect(await runs(4, of(none), { weigh })).toMatchObject({ mode: 'full', base: null });
  expect(weighed[0]).toBe(0);
  for (const near of weighed.slice(1)) expect(near).toBeGreaterThan(0.9);
  // One touch of each user: few events, and most journeys.
  const first = { name: 'first', when: 'channel == "mail" && id < "v4"', set: { channel: 'post' } } as const;
  expect(await runs(5, of(none, first), { weigh })).toMatchObject({ mode: 'full', base: null });
  // All touches of one user: as few events, and few journeys.
  const one = { name: 'one', when: 'channel == "mail" && userId == "user-0"', set: { channel: 'post' } } as const;
  expect(await runs(6, of(none), { weigh })).toMatchObject({ mode: 'full', base: null });
  expect(await runs(7, of(none, one), { weigh })).toMatchObject({ mode: 'incremental', base: 6, recounted: 4 });
  // What cannot be asked is computed as changes.
  const broken = { weigh: () => Promise.reject(new Error('no memory')) };
  expect(await runs(8, of(none, mail), broken)).toMatchObject({ mode: 'incremental', base: 7, recounted: 161 });
});

test('law 1: a correction reads archived events of its days alone', async () => {
  const elsewhere = [event('x', -48, 'click', { campaign: 'sumer' }), event('y', -24, 'buy', { value: 9 })];
  await ingest(...clicks(), ...elsewhere);
  await generation(1, PLAIN);
  const specs: ComputeSpec[] = [];
  const watched = (spec: ComputeSpec) => {
    specs.push(spec);
    return world.ports.compute(spec, { timeoutMs: 60_000, signal: new AbortController().signal });
  };
  await world.run({ definitions: of(RENAMED).json }, { compute: watched });
  const files = specs.flatMap(({ reread }) => reread?.files.flat() ?? []) as (StoredFile & { readonly date: string })[];
  expect(specs).toHaveLength(1);
  expect(new Set(files.map(({ date }) => date))).toEqual(new Set(['2026-03-01']));
  expect(differences(await world.viewsOf(2), naive(log, of(RENAMED)))).toEqual([]);
});

test('law 3: of arrivals under one id the first counts, whichever of them a correction holds for', async () => {
  const early = event('twice', -26, 'click', { campaign: 'sumer' });
  await ingest(early, event('same', 1, 'click', { campaign: 'summer', channel: 'mail' }));
  await ingest({ ...early, ts: NOON_MS }, event('same', 1, 'click', { campaign: 'sumer', channel: 'search' }));
  await ingest(event('o', 3, 'buy', { value: 100 }));
  await generation(1, PLAIN);
  expect(await generation(2, of(RENAMED))).toMatchObject({ mode: 'incremental', recounted: 0 });
  expect(await generation(3, of(BACK))).toMatchObject({ mode: 'incremental', recounted: 1 });
  expect(await keptEvents(3)).toEqual(await keptByFull(4));
});

test('law 1: corrections and other rules change at once: rows are computed again, of events that are corrected as they say', async () => {
  await ingest(...clicks());
  await generation(1, of(CRAWLER, REFUND));
  const others = definitionsOf({ ...JSON.parse(of(RENAMED, REFUND).json), attribution: { resetOnConversion: true } });
  await ingest(event('d', 2.6, 'click', { campaign: 'sumer' }));
  expect(await generation(2, others)).toEqual({ mode: 'incremental', corrected: { renamed: 2, refund: 1 }, recounted: 3 });
  expect(await keptEvents(2)).toEqual(await keptByFull(3));
});

test('law 7: where the archive lacks what a correction is taken back from, nothing is published', async () => {
  await beginRenamed();
  const other = async (spec: ComputeSpec) => {
    const files = spec.reread?.files.map(() => []) ?? [];
    return world.ports.compute(
      { ...spec, reread: { spans: spec.reread?.spans ?? [], files } },
      { timeoutMs: 60_000, signal: new AbortController().signal },
    );
  };
  await expect(world.run({ definitions: PLAIN.json }, { compute: other })).rejects.toMatchObject({
    code: 'archive_corrupt',
    message: expect.stringContaining('lacks 1 events of generation 1'),
  });
  expect(await world.current()).toMatchObject({ generation: 1 });
});

test.each(['raised', 'sealed', 'filed', 'computed', 'decided', 'published'] as const)(
  'law 1: killed after "%s", a run that brings corrections is begun again and is exact in both layers',
  async (stage) => {
    await beginRenamed();
    await ingest(event('d', 2.6, 'click', { campaign: 'sumer' }));
    const definitions = of(CRAWLER, REFUND);
    const run = asRun({ definitions: definitions.json, scheduled: false });
    const dying = dyingAt(stage);
    void world.run(run, dying);
    await dying.died;
    await ingest(event('seen', 3.1, 'click', { page: '/robots' }), event('u', 3.2, 'buy', { value: 5 }));
    const { generation: number } = await world.run(run);
    await world.turn();
    expect(await world.current()).toMatchObject({ generation: number });
    expect(differences(await world.merged(), naive(log, definitions))).toEqual([]);
    // Late ones, in the range: the next generation has them.
    await ingest(event('late', 0.5, 'click', { page: '/robots' }), event('late too', 2.8, 'buy', { value: 5 }));
    const next = await world.run();
    expect(differences(await world.viewsOf(next.generation), naive(log, definitions))).toEqual([]);
  },
);

test('law 1: after a rollback across corrections a run by hand is exact in both layers, under those of the generation that readers got', async () => {
  await beginRenamed();
  await generation(2, of(CRAWLER, REFUND));
  await ingest(event('d', 3.1, 'click', { campaign: 'sumer' }), event('e', 3.2, 'buy', { value: 5 }));
  await world.turn();
  await world.publishByHand('rollback', 1);
  await ingest(event('f', 3.3, 'click', { page: '/robots' }));
  expect(await world.run({ scheduled: false })).toMatchObject({ generation: 3, published: 'published' });
  expect(await world.manifest(3)).toMatchObject({ mode: 'incremental', base: 1, definitions: of(RENAMED).json });
  await ingest(event('g', 3.4, 'buy', { value: 7 }));
  await world.turn();
  expect(differences(await world.merged(), naive(log, of(RENAMED)))).toEqual([]);
});

test('law 5: a channel that a correction names makes a touch of what was none, whichever generation has it', async () => {
  const definitions = of({ name: 'named', when: 'type == "page"', set: { channel: 'organic' } });
  await ingest(event('a', 0, 'page'), event('b', 1, 'scroll'));
  await generation(1, definitions);
  await ingest(event('o', 2, 'buy', { value: 100 }));
  expect((await generation(2, definitions)).mode).toBe('incremental');
});

test('law 1: events of a generation are explained as they count, and not corrected twice', async () => {
  await ingest(...clicks());
  for (const [i, definitions] of [of(RENAMED, BACK, CRAWLER, REFUND), PLAIN].entries()) {
    await generation(i + 1, definitions);
    expect(await archived(i + 1, definitions)).toEqual(timelineOf(log, definitions));
  }
});

test('laws 1 and 3: generations by many correct as one process does; other authors and reasons change nothing', async () => {
  const users = ['ana', 'bea', 'cid', 'dora', 'eva', 'fay'];
  const definitions = of(RENAMED, CRAWLER);
  await ingest(...users.flatMap((userId) => clicks().map((one) => ({ ...one, userId }))));
  await world.run({ definitions: definitions.json, shards: world.flow });
  const restated = definitionsOf({
    ...JSON.parse(definitions.json),
    corrections: definitions.corrections.map((one) => ({ ...one, author: 'bob', reason: 'as agreed' })),
  });
  await ingest(...users.map((userId) => event('d', 0.5, 'click', { campaign: 'sumer', userId })));
  await world.run({ definitions: restated.json, shards: world.flow });
  expect(world.flow.attempts.length).toBeGreaterThan(3);
  const { mode, counts, definitions: json } = await world.manifest(2);
  expect({ mode, corrected: counts.corrected }).toEqual({ mode: 'incremental', corrected: { renamed: 12, crawler: 12 } });
  expect(json).toBe(restated.json);
  expect(differences(await world.viewsOf(2), naive(log, restated))).toEqual([]);
});

test('a reconciliation names the corrections that apply to other events than before', async () => {
  await ingest(...clicks());
  for (const definitions of [PLAIN, of(CRAWLER, REFUND), of(REFUND)]) await world.run({ definitions: definitions.json });
  const said = await Promise.all([2, 3].map((number) => world.reconciliation(number)));
  expect(said.map(({ because }) => because.corrections)).toEqual([
    [
      { name: 'crawler', before: 0, after: 2 },
      { name: 'refund', before: 0, after: 1 },
    ],
    [{ name: 'crawler', before: 2, after: 0 }],
  ]);
});
