/**
 * Laws 1, 3, 5 and 8 for the batch engine alone: however a log is cut into generations, each one's views are the naive fold
 * of all events up to its cut: duplicates, late events and a change of definitions in between included.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compute } from '@tributary/archive/compute/compute';
import {
  CONVERSION_COLUMNS,
  correctedOtherwise,
  keepsCounted,
  keepsKeys,
  keepsMarks,
  keepsWeb,
  parquetFiles,
} from '@tributary/archive/compute/relations';
import type { ComputeBase, ComputeLimits } from '@tributary/archive/compute/spec';
import { type DuckDb, openDuckDb } from '@tributary/archive/duckdb';
import type { StoredFile } from '@tributary/archive/layout';
import { copyToParquet, keepFile } from '@tributary/archive/parquet';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { HOUR_MS } from '@tributary/model/time';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { EVENT_ROW_COLUMNS, eventRow, rowsSql } from '@tributary/testkit/inputs/event-rows';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import {
  changeCorrections,
  definitionsOf,
  generateDefinitions,
  SMALL_DEFINITIONS,
  sha256Hex,
} from '@tributary/testkit/inputs/generate-definitions';
import { createRandom, type Random } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { naiveOfGeneration } from '@tributary/testkit/oracle/naive-by-partition';
import { groupedOf } from '@tributary/views/by-partition';
import { VIEWS } from '@tributary/views/registry';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewRowsOf } from '../../jobs/recompute/test/view-rows.ts';

const PARTITIONS = 3;
let dataDir: string;
let session: DuckDb;
let attempts = 0;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-generations-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterAll(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Archives events as the archiver would: by partition, with their places in the log. */
async function archive(events: readonly Event[]): Promise<StoredFile[][]> {
  const files: StoredFile[][] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const rows = events.flatMap((one, i) => {
      if (partitionOf(userKeyOf(one), PARTITIONS) !== partition) return [];
      return [
        {
          ...eventRow(one),
          page: one.page,
          element: one.element,
          properties: JSON.stringify(one.properties),
          historical: one.historical ?? null,
          partition,
          position: String(attempts).padStart(9, '0'),
          entry_index: i,
        },
      ];
    });
    const name = `archive/${++attempts}.parquet`;
    const staged = join(dataDir, `${attempts}.staged`);
    const count = await copyToParquet(
      session,
      rowsSql({
        ...EVENT_ROW_COLUMNS,
        page: 'VARCHAR',
        element: 'VARCHAR',
        properties: 'VARCHAR',
        historical: 'BOOLEAN',
        partition: 'INTEGER',
        position: 'VARCHAR',
        entry_index: 'INTEGER',
      }),
      staged,
      { rows: JSON.stringify(rows) },
    );
    files.push([await keepFile(dataDir, staged, name, count)]);
  }
  return files;
}

async function generation(
  arrivals: readonly (readonly StoredFile[])[],
  base: (ComputeBase & { readonly definitions: string }) | null,
  definitions: Definitions,
  limits: ComputeLimits,
  { mostGroupedRows, covered = [] }: { readonly mostGroupedRows?: number; readonly covered?: readonly StoredFile[][][] } = {},
): Promise<ComputeBase & { readonly definitions: string }> {
  const number = ++attempts;
  const spans = base === null ? [] : correctedOtherwise({ definitions: base.definitions }, definitions);
  const versionOf = (json: string) => storedDefinitions(json, sha256Hex).uncorrectedVersion;
  const result = await compute({
    dataDir,
    generation: number,
    attempt: 'test',
    definitions: definitions.json,
    arrivals,
    base,
    ...(spans.length > 0 && { reread: { spans, files: together(covered) } }),
    reuseRows: base !== null && versionOf(base.definitions) === definitions.uncorrectedVersion,
    limits,
    ...(mostGroupedRows !== undefined && { mostGroupedRows }),
  });
  return { generation: number, definitions: definitions.json, ...result };
}

const viewsOf = (base: ComputeBase) => viewRowsOf(session, dataDir, base, [...VIEWS, ...groupedOf(VIEWS)]);

/** The conversions that it lists. */
async function conversionsOf({ conversions }: ComputeBase): Promise<string[]> {
  const rows = await session.rows(`SELECT user_key, id FROM ${parquetFiles(dataDir, conversions, CONVERSION_COLUMNS)}`);
  return rows.map((row) => `${row['user_key']}\t${row['id']}`).sort();
}

/** The arrivals of several generations, by partition. */
function together(archived: readonly StoredFile[][][]): StoredFile[][] {
  return Array.from({ length: PARTITIONS }, (_, p) => archived.flatMap((arrivals) => arrivals[p] ?? []));
}

/** 2–4 pieces; some may be empty. */
function cut<T>(random: Random, items: readonly T[]): T[][] {
  const cuts = Array.from({ length: random.between(1, 3) }, () => random.below(items.length + 1)).sort((a, b) => a - b);
  return [...cuts, items.length].map((end, i) => items.slice(i === 0 ? 0 : cuts[i - 1], end));
}

// In parts, each with a time of its own: beside the whole suite all of it takes minutes.
test.each([1, 2, 3, 4, 5])(
  'laws 1, 3, 5, 8: every generation is naive(all up to its cut), whatever the cuts (%i)',
  { timeout: 600_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 0, max: 150 }), async (seed, count) => {
        const random = createRandom(seed);
        let definitions = generateDefinitions(random);
        const shape = { events: count, users: 1 + random.below(6), lateChance: random.pick([0, 0.3]), duplicateChance: 0.2 };
        const events = generateEvents(random, shape, definitions);
        const limits = {
          memoryMb: 256,
          threads: 1 + (seed % 2),
          shardRows: random.pick([1, 60, 1_000]),
          filesPerKind: random.pick([2, 64]),
          // Rows in lines, in Parquet, and in both.
          ...(seed % 5 < 2 && { fewRows: seed % 5 === 0 ? 0 : 4 }),
          ...(seed % 4 > 0 && { mostMet: [0, 2, 1_000][(seed % 4) - 1] as number }),
          ...(seed % 3 > 0 && { added: { ...ADDED, mostShare: seed % 3 === 1 ? 0.5 : 1_000 } }),
        };
        const pieces = cut(random, events);
        const archived: StoredFile[][][] = [];
        let base: Awaited<ReturnType<typeof generation>> | null = null;
        let rows: Awaited<ReturnType<typeof viewsOf>> = new Map();
        let upTo = 0;
        for (const piece of pieces) {
          if (random.chance(0.2)) definitions = generateDefinitions(random);
          if (random.chance(0.5)) definitions = changeCorrections(random, definitions);
          const arrivals = await archive(piece);
          const covered = archived.slice();
          archived.push(arrivals);
          // Without the keys, or the pages, that its definitions ask for, all are read again (plan/base.ts).
          base =
            base === null ||
            (keepsKeys(base, definitions) &&
              keepsWeb(base, definitions) &&
              keepsCounted(base, definitions) &&
              keepsMarks(base, definitions))
              ? await generation(arrivals, base, definitions, limits, { covered })
              : await generation(together(archived), null, definitions, limits);
          upTo += piece.length;
          rows = await viewsOf(base);
          expect(differences(rows, naiveOfGeneration(events.slice(0, upTo), definitions, PARTITIONS))).toEqual([]);
        }
        const full = await generation(together(archived), null, definitions, limits);
        expect(differences(await viewsOf(full), rows)).toEqual([]);
        expect(full.counts.events).toBe(base?.counts.events);
        const conversions = await conversionsOf(full);
        expect(await conversionsOf(base as ComputeBase)).toEqual(conversions);
        const counted = [...(naive(events, definitions).get('conversions')?.values() ?? [])];
        expect(conversions).toHaveLength(counted.reduce((sum, [own = 0]) => sum + Number(own), 0));
      }),
      { numRuns: 5 },
    );
  },
);

/** Rows that a run changes are added to the files of the base, however few those have. */
const ADDED = { fewRows: 0, mostShare: 1_000 };
const LIMITS: ComputeLimits = { memoryMb: 256, threads: 1, shardRows: 1_000, filesPerKind: 64, added: ADDED };
const NOON_MS = Date.UTC(2026, 2, 1, 12);
const event = (userId: string, id: string, hours: number, type: string, more: Partial<Event> = {}): Event => ({
  ts: NOON_MS + hours * HOUR_MS,
  type,
  id,
  userId,
  receivedAt: NOON_MS,
  source: 'test',
  ...more,
});

const renamed = (set: Readonly<Record<string, string>>) => ({
  ...{ name: 'renamed', when: 'campaign == "spring"', set, author: 'ana', reason: 'it was misspelt' },
  ...{ from: '2026-03-01', to: '2026-03-02' },
});

test('law 1: where only campaigns are corrected, journeys keep their channels; what comes beside them is counted', async () => {
  const touch = (user: string, hours: number, campaign: string) =>
    event(user, `${user}-${hours}`, hours, 'click', { channel: 'search', campaign });
  const buy = (user: string, id: string, hours: number) => event(user, id, hours, 'buy', { value: 10, currency: 'EUR' });
  const first = ['ana', 'ben'].flatMap((user) => [touch(user, 0, 'spring'), touch(user, 1, 'summer'), buy(user, `b-${user}`, 2)]);
  const pieces = [first, [], [], [touch('ana', 1.5, 'autumn'), buy('ben', 'late', 1)], []];
  const corrections = [[], [renamed({ campaign: 'may' })], [renamed({ channel: 'mail' })], [renamed({ campaign: 'may' })], []];
  const covered: StoredFile[][][] = [];
  let base: Awaited<ReturnType<typeof generation>> | null = null;
  for (const [i, piece] of pieces.entries()) {
    const definitions = definitionsOf({ ...SMALL_DEFINITIONS, corrections: corrections[i] });
    const arrivals = await archive(piece);
    base = await generation(arrivals, base, definitions, LIMITS, { covered: covered.slice() });
    covered.push(arrivals);
    const upTo = pieces.slice(0, i + 1).flat();
    expect(differences(await viewsOf(base), naiveOfGeneration(upTo, definitions, PARTITIONS)), `generation ${i}`).toEqual([]);
  }
});

/** Each piece is one generation; the last one must be naive(all). */
async function expectNaive(
  pieces: readonly (readonly Event[])[],
  definitions: Definitions,
  limits: ComputeLimits = LIMITS,
): Promise<void> {
  let base: Awaited<ReturnType<typeof generation>> | null = null;
  for (const piece of pieces) base = await generation(await archive(piece), base, definitions, limits);
  expect(differences(await viewsOf(base as ComputeBase), naiveOfGeneration(pieces.flat(), definitions, PARTITIONS))).toEqual([]);
}

/** A user for each case, and its number in each channel, so that cases share no rows: two generations for all of them. */
async function expectNaiveOfEach(held: readonly Event[], cases: readonly (readonly Event[])[], definitions: Definitions) {
  const ofCase = (events: readonly Event[], i: number) =>
    events.map((one) => ({
      ...one,
      userId: `${one.userId} ${i}`,
      ...(one.channel !== undefined && { channel: `${one.channel} ${i}` }),
    }));
  await expectNaive([cases.flatMap((_, i) => ofCase(held, i)), cases.flatMap(ofCase)], definitions);
}

test('law 8: late touches at the very edges of their windows change the conversions that they reach, and no others', async () => {
  for (const resetOnConversion of [false, true]) {
    const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } });
    const conversions = [event('ana', 'm', 6, 'buy', { value: 1_000 }), event('ana', 'n', 7, 'buy', { value: 10 })];
    const edges = [
      event('ana', 'a', 0, 'click', { channel: 'a whole window before m' }),
      event('ana', 'b', -0.001, 'click', { channel: 'a little more' }),
      event('ana', 'c', 5, 'view', { channel: 'a shorter window' }),
      event('ana', 'd', 4.999, 'view', { channel: 'missed' }),
      event('ana', 'e', 6, 'click', { channel: 'same instant, id before m' }),
      event('ana', 'z', 6, 'click', { channel: 'same instant, id after m' }),
      event('ana', 'k', 6, 'buy', { value: 5 }),
    ];
    await expectNaiveOfEach(conversions, [edges, ...edges.map((edge) => [edge])], definitions);
  }
});

test('law 8: late events begin, end, join and cut null paths, to the millisecond of the lookback', async () => {
  const ms = 1 / 3_600_000;
  const click = (id: string, hours: number, type = 'click') => event('ana', id, hours, type, { channel: id });
  // Journeys that end at 0, 12 and 24 h: the next touch is farther than the lookback of 6 h.
  const held = [click('a', -1), click('b', 0), click('f', 12), click('g', 18 - ms, 'buy'), click('h', 24), click('n', 48)];
  const late = [
    click('c', 6),
    click('c', 6 + ms),
    click('c', 6 - ms),
    click('c', 3, 'buy'),
    click('c', -0.5, 'buy'),
    click('c', -7 - ms),
    click('c', -7),
    click('c', 6, 'view'),
    click('c', 12, 'buy'),
    click('c', 18),
    click('c', 30),
    click('c', 42),
    click('c', 36),
    click('c', 54, 'buy'),
    click('c', 54 + ms, 'buy'),
    click('c', 60),
  ];
  const plain = definitionsOf(SMALL_DEFINITIONS);
  await expectNaiveOfEach(
    held,
    late.map((one) => [one]),
    plain,
  );
  const all = late.map((one, i) => ({ ...one, id: `c${i}` }));
  await expectNaive([held, all.slice(0, 5), all.slice(5)], plain);
  const attribution = { transitionOrder: 3, clicksOutrankViews: true, resetOnConversion: true };
  await expectNaive([held, all.slice(0, 5), all.slice(5, 9), all.slice(9)], definitionsOf({ ...SMALL_DEFINITIONS, attribution }));
});

test('law 3: identity is user and id: the same id of two users is two events, each counted once', async () => {
  const same = [
    event('ana', 'x', 1, 'buy', { value: 1 }),
    event('bea', 'x', 2, 'buy', { value: 2 }),
    event('cid', 'x', 3, 'buy'),
  ];
  await expectNaive([[...same, ...same]], definitionsOf(SMALL_DEFINITIONS));
  await expectNaive([same, [...same, event('dora', 'x', 4, 'buy', { value: 3 })]], definitionsOf(SMALL_DEFINITIONS));
});

test('law 3: what a base holds is known by user and id, in whichever of its files it lies and however much of it comes again', async () => {
  const click = (user: string, id: string, hours = 1) => event(user, id, hours, 'click', { channel: id });
  // The base has two files, each of its own users.
  const held = [[click('ana', 'w'), click('ana', 'x')], ['y', 'z'].flatMap((id) => [click('bea', id), click('cid', id)])];
  const again = held.flat().map((one) => ({ ...one, ts: one.ts + 1, channel: 'again' }));
  const others = [click('bea', 'x'), click('cid', 'x'), click('ana', 'y')];
  for (const mostMet of [1, 1_000])
    await expectNaive([...held, [...others, ...again], again.slice(0, 1)], definitionsOf(SMALL_DEFINITIONS), {
      ...LIMITS,
      mostMet,
    });
});

test('law 5: a refund is not a first order, also where nothing repeats another order', async () => {
  const click = event('ana', 'a', 1, 'click', { channel: 'search' });
  const refund = event('ana', 'b', 2, 'buy', { value: -5, currency: 'EUR' });
  await expectNaive([[click, refund]], definitionsOf(SMALL_DEFINITIONS));
  await expectNaive([[click], [refund]], definitionsOf(SMALL_DEFINITIONS));
});

test('laws 5 and 8: of orders that come together each repeats those of its own user, and is listed with that user', async () => {
  const definitions = definitionsOf(SMALL_DEFINITIONS);
  const clicks = ['ana', 'bea'].map((user) => event(user, 'a', 1, 'click', { channel: 'search' }));
  const orders = [event('ana', 'b', 2, 'buy'), event('bea', 'c', 2.5, 'buy'), event('ana', 'd', 3, 'buy')];
  await expectNaive([clicks, orders], definitions);
  const base = await generation(await archive(clicks), null, definitions, LIMITS);
  const last = await generation(await archive(orders), base, definitions, LIMITS);
  expect(await conversionsOf(last)).toEqual(
    ['ana', 'ana', 'bea'].map((user, i) => `${userKeyOf(event(user, '', 0, ''))}\t${'bdc'[i]}`),
  );
});

test('law 5: what was a mere signal under old definitions is found once new ones make it a touch', async () => {
  const touches = SMALL_DEFINITIONS.touches ?? {};
  const before = definitionsOf(SMALL_DEFINITIONS);
  const after = definitionsOf({
    ...SMALL_DEFINITIONS,
    touches: { ...touches, page: { windowDays: 0.25, defaultChannel: 'organic' } },
  });
  const first = [event('ana', 'a', 1, 'page'), event('ana', 'b', 2, 'scroll')];
  const late = [event('ana', 'c', 3, 'buy', { value: 9 })];
  const one = await generation(await archive(first), null, before, LIMITS);
  const two = await generation(await archive([]), one, after, LIMITS);
  const three = await generation(await archive(late), two, after, LIMITS);
  expect(differences(await viewsOf(three), naiveOfGeneration([...first, ...late], after, PARTITIONS))).toEqual([]);
});

test('law 8: late touches push older ones off the paths that have 1 000', { timeout: 120_000 }, async () => {
  const held = Array.from({ length: 1_003 }, (_, i) => event('ana', `t${1_000 + i}`, i / 300, 'click', { channel: `c${i % 7}` }));
  const buys = [990, 1_000, 1_003].map((i) => event('ana', `buy ${i}`, i / 300 + 0.001, 'buy', { value: 100 }));
  const late = Array.from({ length: 20 }, (_, i) => event('ana', `late ${i}`, 3 + i / 1_000, 'mail', { channel: 'mail' }));
  const bob = (events: readonly Event[]) => events.map((touch) => ({ ...touch, userId: 'bob' }));
  for (const resetOnConversion of [false, true]) {
    const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } });
    // Bob converts never: his journey ends in a null path.
    await expectNaive([[...held, ...buys, ...bob(held)], [...late.slice(0, 5), ...bob(late)], late], definitions);
  }
});

test('law 8: a late touch with a short window pushes an older one off paths that end beyond its own window', async () => {
  const clicks = Array.from({ length: 1_000 }, (_, i) =>
    event('ana', `t${1_000 + i}`, (i * 3) / 1_000, 'click', { channel: i === 0 ? 'the oldest' : 'others' }),
  );
  const late = event('ana', 'late', 3.5, 'view', { channel: 'its window is an hour' });
  for (const resetOnConversion of [false, true]) {
    const definitions = definitionsOf({ ...SMALL_DEFINITIONS, attribution: { resetOnConversion } });
    await expectNaive([[...clicks, event('ana', 'buy', 5, 'buy', { value: 100 })], [late]], definitions);
  }
});

test('laws 1, 5: fresh events take conversions over from held ones, at the edges of the window, and paths follow', async () => {
  const ms = 1 / 3_600_000;
  const order = (id: string, hours: number, key: unknown = 'o', type = 'buy') =>
    event('ana', id, hours, type, { value: 100 + Math.round(hours), channel: 'c', properties: { order_id: key } });
  const click = (id: string, hours: number) => event('ana', id, hours, 'click', { channel: id });
  const held = [click('a', 0), order('m', 4), click('b', 5), order('n', 6.5), click('d', 9), order('p', 20, 7), click('e', 21)];
  const fresh = [
    [order('f', 3)],
    [order('f', 2)],
    [order('f', 2 - ms)],
    [order('f', 4)],
    [order('z', 4)],
    [order('f', 5)],
    [order('f', 8)],
    [order('f', 3, 'other')],
    [order('f', 3, 'o', 'Order Completed')],
    [order('f', 19, '7')],
    [order('f', -1), order('g', 1), order('h', 2.5)],
    [order('f', 3), click('x', 3.5), click('y', 1)],
    [order('f', 18.5, 7), order('g', 3)],
  ];
  for (const resetOnConversion of [false, true]) {
    const attribution = { resetOnConversion, transitionOrder: 2 };
    const conversions = { buy: { onceBy: 'properties.order_id', withinDays: 2 / 24 }, 'Order Completed': {} };
    await expectNaiveOfEach(held, fresh, definitionsOf({ ...SMALL_DEFINITIONS, conversions, attribution }));
  }
});

test('law 7: rows by partition beyond the bound are left out, also of what is built upon them, until all is computed again', async () => {
  const definitions = generateDefinitions(createRandom(3));
  const shape = { events: 120, users: 6, lateChance: 0, duplicateChance: 0 };
  const events = generateEvents(createRandom(4), shape, definitions);
  const arrivals = await archive(events);
  const limits = LIMITS;
  const whole = await generation(arrivals, null, definitions, limits);
  const names = groupedOf(VIEWS).filter(({ mostRows }) => mostRows !== null);
  expect([names.map(({ name }) => name), whole.leftOut]).toEqual([['creditByPartition', 'pathsByPartition'], undefined]);
  const rows = Math.max(...names.map(({ name }) => whole.views[name]?.[0]?.rows ?? 0));
  const bounded = (mostGroupedRows: number, base: typeof whole | null, files: readonly (readonly StoredFile[])[]) =>
    generation(files, base, definitions, limits, { mostGroupedRows });
  expect((await bounded(rows, null, arrivals)).leftOut).toBeUndefined();
  const first = await bounded(0, null, arrivals);
  expect(first.leftOut).toEqual(names.map(({ name }) => name));
  expect(Object.keys(first.views).sort()).toEqual(
    [...VIEWS, ...groupedOf(VIEWS)]
      .map(({ name }) => name)
      .filter((name) => !first.leftOut?.includes(name))
      .sort(),
  );
  const more = generateEvents(createRandom(5), { ...shape, events: 10 }, definitions);
  expect((await bounded(rows, first, await archive(more))).leftOut).toEqual(first.leftOut);
});
