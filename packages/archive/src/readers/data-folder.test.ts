import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onceKeyOf } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { fieldsWith } from '@tributary/model/event-fields';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { createGenerations } from '@tributary/serving/generations/served';
import { projectionOf } from '@tributary/serving/merge';
import { EVENT_ROW_COLUMNS, eventRow, rowsSql } from '@tributary/testkit/inputs/event-rows';
import { FULL_EVENT } from '@tributary/testkit/inputs/full-event';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDuckDb } from '../duckdb.ts';
import { createGeneration, generationFolder, writeGeneration } from '../generations.ts';
import type { GenerationManifest, StoredFile } from '../layout.ts';
import { copyToParquet, keepFile } from '../parquet.ts';
import { createArchiveReader } from './archive-reader.ts';
import { openDataFolder } from './data-folder.ts';

const defaults = definitionsOf({});
const PARTITIONS = 4;
const NEVER = new AbortController().signal;
let dataDir: string;
const nowMs = 0;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "tributary-api's-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function event(userId: string, more: Pick<Event, 'ts' | 'id' | 'type'> & Partial<Event>): Event {
  return { userId, receivedAt: more.ts, source: 'test', ...more };
}

/** A computed generation with one row in each view and these deduplicated events. */
async function compute(events: readonly Event[], definitions = defaults) {
  const created = await createGeneration(dataDir, pendingGeneration(defaults));
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: join(dataDir, 'staging', 'test') });
  const file = async (name: string, query: string): Promise<StoredFile> => {
    const staged = join(dataDir, 'staging', `${created.generation}-${name}.parquet`);
    const rows = await copyToParquet(session, query, staged);
    return keepFile(dataDir, staged, `${generationFolder(created.generation)}/${name}.parquet`, rows);
  };
  try {
    const views: Record<string, StoredFile[]> = {};
    for (const { name, dimensions, measures } of VIEWS)
      views[name] = [
        await file(
          name,
          `SELECT ${[...dimensions.map((d) => `'${d === 'day' ? '2026-11-20' : d}' AS "${d}"`), ...measures.map((m, i) => `${i + created.generation}::BIGINT AS "${m}"`)].join(', ')}`,
        ),
      ];
    const counted = definitions.onceMs.size > 0;
    const columns = { partition: 'INTEGER', ...EVENT_ROW_COLUMNS, ...(counted && { once_key: 'VARCHAR' }) };
    await session.run(`CREATE TABLE e AS ${rowsSql(columns)}`, {
      rows: JSON.stringify(
        events.map((one) => ({
          ...eventRow(one),
          partition: partitionOf(userKeyOf(one), PARTITIONS),
          once_key: onceKeyOf(one, definitions) || null,
        })),
      ),
    });
    const half = Math.ceil(events.length / 2);
    const manifest: GenerationManifest = {
      ...created,
      state: 'computed',
      definitions: definitions.json,
      ...(counted && { eventColumns: Object.keys(columns) }),
      views,
      events: [await file('events-0', `SELECT * FROM e LIMIT ${half}`), await file('events-1', `SELECT * FROM e OFFSET ${half}`)],
      conversions: [
        await file(
          'conversion-list',
          `SELECT id, user_key, ts, type, value, currency FROM e WHERE type = 'purchase' ORDER BY id`,
        ),
      ],
    };
    await writeGeneration(dataDir, manifest);
    return manifest;
  } finally {
    await session.close();
  }
}

const open = () => openDataFolder({ dataDir, views: VIEWS, now: () => nowMs, memoryLimit: '64MiB' });

test('the view rows of a published generation, and the publication itself', async () => {
  const source = open();
  expect(await source.publication()).toBeNull();
  expect(await source.manifest(1)).toBeNull();
  const manifest = await compute([]);
  const published = await source.publish(0, { generation: 1, action: 'publish', held: false, at: 5, by: 'test' });
  expect(await source.publication()).toEqual(published);
  const rows = await source.viewRows(manifest);
  expect(rows.get('conversions')).toEqual(new Map([['2026-11-20\ttype\tcurrency', [1, 2]]]));
  expect([...rows.keys()].sort()).toEqual(VIEWS.map(({ name }) => name).sort());
  await expect(source.publish(0, { generation: 1, action: 'publish', held: false, at: 5, by: 'test' })).rejects.toMatchObject({
    code: 'conflict',
  });
  expect(await source.reconciliation(1)).toBeNull();
});

test('law 7: a flipped byte, a missing file and a broken manifest are never a smaller number', async () => {
  const source = open();
  await compute([]);
  const second = await compute([]);
  await source.publish(0, { generation: 1, action: 'publish', held: false, at: 5, by: 'test' });
  const generations = createGenerations({ source, now: () => nowMs, onWarning: () => {} });
  await generations.refresh();
  await source.publish(1, { generation: 2, action: 'publish', held: false, at: 6, by: 'test' });
  await appendFile(join(dataDir, second.views['credit']?.[0]?.path ?? ''), 'x');
  await generations.refresh();
  expect(generations.take(null)).toMatchObject({ loaded: { generation: 1 }, failure: expect.stringContaining('credit.parquet') });
  await writeFile(join(dataDir, 'generations/publications/000003.json'), '{"sequence":3');
  await expect(generations.refresh()).rejects.toMatchObject({ code: 'manifest_corrupt' });
  expect(generations.take(null).loaded.generation).toBe(1);
});

test('law 7: a reader that sees other bytes looks again, and leaves the file to the batch layer', async () => {
  const source = open();
  const manifest = await compute([]);
  const path = join(dataDir, manifest.views['credit']?.[0]?.path ?? '');
  const bytes = await readFile(path);
  await writeFile(path, bytes.subarray(0, 100));
  await expect(source.viewRows(manifest)).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(await readFile(path)).toHaveLength(100);
  // A share that shows half of a file for a moment.
  const reading = source.viewRows(manifest);
  await sleep(100);
  await writeFile(path, bytes);
  expect((await reading).get('credit')?.size).toBe(1);
});

test('a generation without a view that an upgrade added is loaded with the others', async () => {
  const manifest = await compute([]);
  const { credit: _credit, ...views } = manifest.views;
  const rows = await open().viewRows({ ...manifest, views });
  expect([...rows.keys()].sort()).toEqual(Object.keys(views).sort());
});

test('a generation is served at once when it is published, also by who looked while it was pending', async () => {
  const source = open();
  const created = await createGeneration(dataDir, pendingGeneration(defaults));
  expect(await source.manifest(created.generation)).toMatchObject({ state: 'pending' });
  await writeGeneration(dataDir, { ...created, state: 'computed' });
  // No time has passed.
  expect(await source.manifest(created.generation)).toMatchObject({ state: 'computed' });
});

test('a failed load is tried again soon, then ever more rarely, up to every 5 s', async () => {
  let at = 0;
  const attempts: number[] = [];
  const source = {
    ...open(),
    publication: async () => ({ sequence: 1, generation: 1, action: 'publish' as const, held: false, at: 1, by: 'test' }),
    manifests: async () => [],
    manifest: async () => {
      attempts.push(at);
      return null;
    },
  };
  const generations = createGenerations({ source, now: () => at, onWarning: () => {} });
  for (; at <= 30_000; at += 100) await generations.refresh();
  expect(attempts).toEqual([0, 200, 600, 1_400, 3_000, 6_200, 11_200, 16_200, 21_200, 26_200]);
});

test('loading 120 000 rows lets requests have their turn', async () => {
  const manifest = await compute([]);
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: join(dataDir, 'staging', 'test') });
  const { dimensions, measures } = VIEWS.find(({ name }) => name === 'credit') as (typeof VIEWS)[number];
  const columns = [...dimensions.map((d) => `'${d}' || i AS "${d}"`), ...measures.map((m) => `i AS "${m}"`)].join(', ');
  const staged = join(dataDir, 'staging', 'many.parquet');
  const rows = await copyToParquet(session, `SELECT ${columns} FROM range(1, 120001) r(i)`, staged);
  const credit = await keepFile(dataDir, staged, 'generations/many.parquet', rows);
  await session.close();
  const many = { ...manifest, views: { ...manifest.views, credit: [credit] } };
  const source = { ...open(), manifest: async () => many };
  await source.publish(0, { generation: 1, action: 'publish', held: false, at: 5, by: 'test' });
  const generations = createGenerations({ source, now: () => nowMs, onWarning: () => {} });
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const startMs = performance.now();
  await generations.refresh();
  const tookMs = performance.now() - startMs;
  clearInterval(timer);
  const view = VIEWS.find(({ name }) => name === 'credit') as (typeof VIEWS)[number];
  const question = projectionOf(view, { days: { fromDay: null, toDay: null }, by: [], equal: {} });
  const sum = generations.take(null).loaded.answer(question);
  expect(sum.get('')?.[0]).toBe((120_000 * 120_001) / 2);
  // 59 chunks of rows and 30 turns of the split; how long each takes depends on the machine, how many there are does not.
  expect(turns, `in ${Math.round(tookMs)} ms`).toBeGreaterThan(30);
  await expect(
    source.viewRows({ ...many, views: { ...many.views, credit: [{ ...credit, rows: 120_001 }] } }),
  ).rejects.toMatchObject({
    code: 'archive_corrupt',
  });
});

test('a conversion and the events of its user are found, and those of no other user', async () => {
  const user = `o'brien "x"`;
  const manifest = await compute([
    event(user, { ts: 10, id: 't1', type: 'ad_click', channel: 'search' }),
    event(user, { ts: 20, id: 'c1', type: 'purchase', value: 70 }),
    event('u2', { ts: 15, id: 'other', type: 'ad_click' }),
    event('u2', { ts: 20, id: 'c1', type: 'purchase' }),
    event(user, { ts: 30, id: 't2', type: 'visit' }),
  ]);
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  expect(await reader.findConversions(manifest, 'c1', NEVER)).toEqual([
    { id: 'c1', userKey: user, ts: 20 },
    { id: 'c1', userKey: 'u2', ts: 20 },
  ]);
  expect(await reader.findConversions(manifest, `' OR 1=1 --`, NEVER)).toEqual([]);
  const events = await reader.userEvents(manifest, user, { fromMs: 10, toMs: 30, limit: 10 }, NEVER);
  expect(events.map(({ id, channel, value }) => [id, channel, value])).toEqual([
    ['t1', 'search', undefined],
    ['c1', undefined, 70],
  ]);
  const newest = await reader.userEvents(manifest, user, { fromMs: 0, toMs: 99, limit: 2 }, NEVER);
  expect(newest.map(({ id }) => id)).toEqual(['c1', 't2']);
  await expect(reader.userEvents(manifest, user, { fromMs: 0, toMs: 99, limit: 2 }, AbortSignal.abort())).rejects.toThrow();
});

test('a question whose time is over while files are verified or DuckDB opens is not asked', async () => {
  const manifest = await compute([event('u1', { ts: 20, id: 'c1', type: 'purchase' })]);
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  for (const during of ['verifying', 'opening']) {
    const over = new AbortController();
    const asked = reader.findConversions(manifest, 'c1', over.signal);
    // What was verified once is open for DuckDB at the next turn of the event loop.
    if (during === 'opening') await new Promise((resolve) => setImmediate(resolve));
    over.abort(new Error('over'));
    await expect(asked, during).rejects.toThrow('over');
  }
});

test('a question does not wait for files that are verified when its time is over', async () => {
  const manifest = await compute([event('u1', { ts: 20, id: 'c1', type: 'purchase' })]);
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  // A missing file is looked at twice, 250 ms apart.
  await rm(join(dataDir, (manifest.conversions[0] as StoredFile).path));
  const over = new AbortController();
  const asked = reader.findConversions(manifest, 'c1', over.signal);
  over.abort(new Error('over'));
  await expect(asked).rejects.toThrow('over');
  await expect(reader.findConversions(manifest, 'c1', NEVER)).rejects.toMatchObject({ code: 'archive_corrupt' });
});

test('conversions are listed newest first, by filter and page by page, none twice and none left out', async () => {
  const manifest = await compute([
    event('u1', { ts: 10, id: 't1', type: 'ad_click', channel: 'search' }),
    event('u1', { ts: 20, id: 'same', type: 'purchase', value: 70, currency: 'EUR' }),
    event('u2', { ts: 20, id: 'same', type: 'purchase' }),
    event('u2', { ts: 20, id: 'other', type: 'purchase' }),
    event('u2', { ts: 30, id: 'last', type: 'purchase' }),
  ]);
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const all = { fromMs: 0, toMs: 99, types: undefined, userKeys: undefined, after: null, limit: 9 };
  const list = async (change: Partial<Parameters<typeof reader.conversions>[1]> = {}) =>
    (await reader.conversions(manifest, { ...all, ...change }, NEVER)).map(({ ts, id, userKey }) => [ts, id, userKey]);
  const newestFirst = [
    [30, 'last', 'u2'],
    [20, 'same', 'u2'],
    [20, 'same', 'u1'],
    [20, 'other', 'u2'],
  ];
  expect(await list()).toEqual(newestFirst);
  expect(await list({ fromMs: 20, toMs: 30 })).toEqual(newestFirst.slice(1));
  expect(await list({ types: ['ad_click', 'purchase'] })).toEqual(newestFirst);
  expect(await list({ types: ['ad_click', `purchase' OR 1=1 --`] })).toEqual([]);
  expect(await list({ userKeys: [`u1' OR 1=1 --`] })).toEqual([]);
  expect(await list({ userKeys: ['u1', 'absent'] })).toEqual([[20, 'same', 'u1']]);
  for (const [i, [ts, id, userKey]] of newestFirst.entries())
    expect(await list({ after: { ts: Number(ts), id: String(id), userKey: String(userKey) }, limit: 1 })).toEqual(
      newestFirst.slice(i + 1, i + 2),
    );
  const [, , sold, booked] = await reader.conversions(manifest, all, NEVER);
  expect(sold).toEqual({ id: 'same', userKey: 'u1', ts: 20, type: 'purchase', valueMinor: 70, currency: 'EUR' });
  expect(booked).toMatchObject({ valueMinor: 0, currency: null });
});

test('law 5: an archived event has each field that a generation keeps, as it was sent', async () => {
  const manifest = await compute([FULL_EVENT]);
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const range = { fromMs: FULL_EVENT.ts, toMs: FULL_EVENT.ts + 1, limit: 2 };
  const [found] = await reader.userEvents(manifest, FULL_EVENT.userId, range, NEVER);
  const kept = fieldsWith({ timeline: true }).map((field) => [field, FULL_EVENT[field]]);
  expect(kept.length).toBeGreaterThan(7);
  expect(found).toEqual({
    ...Object.fromEntries(kept),
    userId: FULL_EVENT.userId,
    receivedAt: FULL_EVENT.ts,
    source: '(archive)',
  });
});

test('law 1: an archived conversion that is counted once has its key where the definitions look for it', async () => {
  const definitions = definitionsOf({ conversions: { purchase: { onceBy: 'properties.cart.id' }, lead: {} } });
  const manifest = await compute(
    [
      event('u', { ts: 10, id: 'text', type: 'purchase', properties: { cart: { id: 'o-7' }, other: 1 } }),
      event('u', { ts: 11, id: 'number', type: 'purchase', properties: { cart: { id: 7 } } }),
      event('u', { ts: 12, id: 'none', type: 'purchase', properties: { cart: [7] } }),
      event('u', { ts: 13, id: 'lead', type: 'lead', properties: { cart: { id: 'o-7' } } }),
    ],
    definitions,
  );
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  const found = await reader.userEvents(manifest, 'u', { fromMs: 0, toMs: 99, limit: 9 }, NEVER);
  expect(found.map((one) => [one.id, onceKeyOf(one, definitions)])).toEqual([
    ['text', 'o-7'],
    ['number', '7'],
    ['none', ''],
    ['lead', ''],
  ]);
});

test('law 7: a damaged events file fails the question', async () => {
  const manifest = await compute([event('u', { ts: 10, id: 't1', type: 'visit' })]);
  await appendFile(join(dataDir, (manifest.events[0] as StoredFile).path), 'x');
  const reader = createArchiveReader({ dataDir, partitions: PARTITIONS, memoryLimit: '64MiB' });
  await expect(reader.userEvents(manifest, 'u', { fromMs: 0, toMs: 99, limit: 2 }, NEVER)).rejects.toMatchObject({
    code: 'archive_corrupt',
  });
});

test('what was asked of a generation is answered ahead of time of the next one, before it is served, and exactly', async () => {
  const view = VIEWS.find(({ name }) => name === 'conversions') as (typeof VIEWS)[number];
  const selection = { days: { fromDay: '2026-11-02', toDay: null }, equal: {}, by: ['type'] };
  let passes = 0;
  const plain = projectionOf(view, selection);
  const question: typeof plain = {
    ...plain,
    addTo(...args) {
      passes++;
      plain.addTo(...args);
    },
  };
  const rowsOf = (generation: number) =>
    new Map(Array.from({ length: 10_000 }, (_, i) => [`2026-11-0${1 + (i % 3)}\ttype ${i % 7}\t${i}`, [generation, i]] as const));
  const source = {
    ...open(),
    manifest: async (generation: number) => ({ generation, state: 'computed' }) as GenerationManifest,
    viewRows: async ({ generation }: GenerationManifest) =>
      new Map([['conversions', new Map([...rowsOf(generation)].map(([key, row]) => [key, row.slice()]))]]),
    publication: async () => null,
  };
  const generations = createGenerations({ source, now: () => 0, onWarning: () => {} });
  const serve = async (generation: number) => {
    while (generations.current().served !== generation) {
      try {
        generations.take({ sequence: generation, generation });
      } catch {
        // Still loading.
      }
      await generations.refresh();
    }
    return generations.take(null).loaded;
  };
  (await serve(1)).answer(question);
  expect(passes).toBe(1);
  const next = await serve(2);
  expect(passes).toBe(4); // 10 000 rows in turns of 4 096
  const expected = new Map();
  plain.addTo(expected, rowsOf(2));
  expect(next.answer(question)).toEqual(expected);
  expect(passes).toBe(4);
});
