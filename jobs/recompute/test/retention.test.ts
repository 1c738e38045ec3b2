/** Archived events that are retired by age: what was computed of them stays, what is computed without them says so. */
import { access, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signalsPromisedMs } from '@tributary/api/http/signals-body';
import { auditDataFolder } from '@tributary/archive/audit/audit';
import { writeGeneration } from '@tributary/archive/generations';
import { archivedPast } from '@tributary/archive/history/archived-past';
import { pastValues } from '@tributary/archive/history/past-values';
import { openDataFolder } from '@tributary/archive/readers/data-folder';
import { midnightOf, newestBefore, planRetirement } from '@tributary/archive/retention/plan';
import { createRequest } from '@tributary/archive/retention/requests';
import { retireEvents } from '@tributary/archive/retention/retire-events';
import { readRetired } from '@tributary/archive/retention/retired';
import { readSegments } from '@tributary/archive/segments';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { cutOfPartition } from '@tributary/serving/users/lost-cut';
import { readDefinitions, signalsOf } from '@tributary/signals/definitions/file';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { naive } from '@tributary/testkit/oracle/naive';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { NEVER_CUT } from '@tributary/views/user-state';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beforeOf, DEFINITIONS, generated, longAgo, nowBehind } from './old-and-young.ts';
import { speedFromNothing } from './speed-from-nothing.ts';
import { PARTITIONS, type World, worldsFrom } from './world.ts';

const OLD = longAgo(generated(3));
const YOUNG = generated(4);
const SINCE = generated(6).map((one) => ({ ...one, id: `since-${one.id}` }));
const NOW = nowBehind([...YOUNG, ...SINCE]);
const BEFORE = beforeOf(NOW);
const AT = { now: () => NOW };

const grown = worldsFrom(DEFINITIONS, async (first) => {
  for (const events of [OLD, YOUNG.slice(0, 10), YOUNG.slice(10, 20), YOUNG.slice(20)]) {
    await first.ingest(events);
    await first.turn();
    await first.run({}, AT);
  }
});
let world: World;
beforeEach(async () => {
  world = await grown();
});
afterEach(() => world.close());

const signal = new AbortController().signal;
const plan = (before = BEFORE) => planRetirement(world.dataDir, { before, definitions: DEFINITIONS, signal });
async function ask(before = BEFORE): Promise<void> {
  const { files, rows, bytes } = await plan(before);
  await createRequest(world.dataDir, { before, at: NOW, by: 'ana', planned: { files, rows, bytes } });
}
const archived = async () =>
  (await Promise.all(Array.from({ length: PARTITIONS }, (_, p) => readSegments(world.dataDir, p)))).flat(2);
const namedFiles = async () => (await archived()).flatMap(({ files }) => files);
const oldFiles = async () => (await namedFiles()).filter(({ date }) => Date.parse(date) < BEFORE);
const verified = () => auditDataFolder({ dataDir: world.dataDir, nowMs: NOW, depth: { quick: false } });
const isThere = (path: string) =>
  access(join(world.dataDir, path)).then(
    () => true,
    () => false,
  );

async function expectWhole(events: readonly Event[]): Promise<void> {
  await world.turn();
  expect(differences(await world.merged(), naive(events, DEFINITIONS))).toEqual([]);
}

test('a plan says what goes, by month, and changes nothing', async () => {
  const planned = await plan();
  const old = await oldFiles();
  expect(planned).toMatchObject({ before: BEFORE, files: old.length, rows: OLD.length, corrections: [] });
  expect(planned.bytes).toBe(old.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(planned.months.reduce((sum, { rows }) => sum + rows, 0)).toBe(OLD.length);
  expect(planned.staying).toEqual({ files: 0, rows: 0, copied: 0 });
  expect(await readRetired(world.dataDir)).toBeUndefined();
  // Events that came after the oldest kept generation stay, however old they are.
  await world.ingest([{ ...(OLD[0] as Event), id: 'imported', historical: true }]);
  await world.run({}, AT);
  expect((await plan()).staying).toEqual({ files: 1, rows: 1, copied: 0 });
});

test('law 1: retired events leave the archive, their files a run later, and every answer stays exact', async () => {
  const old = await oldFiles();
  await ask();
  await world.run({}, AT);
  expect(await oldFiles()).toEqual([]);
  for (const { path } of old) expect(await isThere(path)).toBe(true);
  expect(await readRetired(world.dataDir)).toMatchObject({
    before: BEFORE,
    outcomes: [{ number: 1, files: old.length, rows: OLD.length }],
  });
  expect((await verified()).ok).toBe(true);
  await expectWhole([...OLD, ...YOUNG]);
  await world.ingest(SINCE);
  await world.run({}, AT);
  for (const { path } of old) expect(await isThere(path)).toBe(false);
  expect((await readRetired(world.dataDir))?.replaced).toEqual([]);
  expect(await verified()).toMatchObject({ ok: true, faults: [] });
  await expectWhole([...OLD, ...YOUNG, ...SINCE]);
});

test('laws 1 and 3: a full run counts what the archive lacks from the generation before it, and what is sent again once', async () => {
  await ask();
  await world.run({}, AT);
  await world.ingest([...OLD.slice(0, 5), ...SINCE]);
  await world.run({ mode: 'full' }, AT);
  const generation = (await world.current())?.generation ?? 0;
  expect(await world.manifest(generation)).toMatchObject({ mode: 'incremental', rowsAgain: true });
  expect(await world.manifest(generation)).not.toHaveProperty('wholeFromMs');
  expect(differences(await world.viewsOf(generation), naive([...OLD, ...YOUNG, ...SINCE], DEFINITIONS))).toEqual([]);
  expect(await world.reconciliation(generation)).toMatchObject({ engineDefectRows: 0 });
  await expectWhole([...OLD, ...YOUNG, ...SINCE]);
});

test('the plan of a full run says that all rows are computed again where the archive lacks some, and not how long that takes', async () => {
  await ask();
  await world.run({}, AT);
  const folder = openDataFolder({ dataDir: world.dataDir, views: VIEWS, now: () => NOW, memoryLimit: '64MiB' });
  const published = await world.manifest((await world.current())?.generation ?? 0);
  const planned = (mode: 'full' | 'incremental') =>
    folder.plan({ mode, definitions: DEFINITIONS, published, partitions: PARTITIONS, signal });
  expect(await planned('full')).toMatchObject({ rowsAgain: true, estimate: null, notEstimated: 'rows_again' });
  expect(await planned('incremental')).toMatchObject({ rowsAgain: false, notEstimated: null });
});

/** Rows of days from an instant on. */
const from = (rows: RowsByView, ms: number): RowsByView =>
  new Map([...rows].map(([view, own]) => [view, new Map([...own].filter(([key]) => Date.parse(key.slice(0, 10)) >= ms))]));

test('law 7: computed from nothing without them, a generation says from when on it is whole, and is exact from there', async () => {
  await ask();
  await world.run({}, AT);
  await rm(join(world.dataDir, 'generations'), { recursive: true });
  await world.run({ scheduled: false }, AT);
  const generation = (await world.current())?.generation ?? 0;
  const { wholeFromMs = 0, mode } = await world.manifest(generation);
  expect(mode).toBe('full');
  expect(wholeFromMs).toBeGreaterThan(BEFORE);
  expect(wholeFromMs).toBeLessThan(Math.min(...YOUNG.map(({ ts }) => ts)));
  const [own, all] = [await world.viewsOf(generation), naive([...OLD, ...YOUNG], DEFINITIONS)];
  expect(differences(from(own, wholeFromMs), from(all, wholeFromMs))).toEqual([]);
  expect(differences(own, all)).not.toEqual([]);
  // Those built upon it say the same.
  await world.ingest(SINCE);
  await world.run({}, AT);
  expect(await world.manifest(generation + 1)).toMatchObject({ base: generation, wholeFromMs });
});

test('law 1: a speed layer that begins from nothing reads what is left of the archive, and answers stay exact', async () => {
  await ask();
  await world.run({}, AT);
  await world.ingest(SINCE.slice(0, 20));
  await world.run({}, AT);
  for (const { partition, upTo } of await archived()) await world.log.trim(partition, upTo);
  await world.ingest(SINCE.slice(20));
  const store = await speedFromNothing(world, DEFINITIONS);
  const generation = (await world.current())?.generation ?? 0;
  const rows = await world.viewsOf(generation);
  const names = VIEWS.map(({ name }) => name);
  const deltas = await store.serving().deltas(names, generation);
  for (const { rows: own } of deltas) addRowsByView(rows, own);
  expect(differences(rows, naive([...OLD, ...YOUNG, ...SINCE], DEFINITIONS))).toEqual([]);
  // Nothing looks back on what is gone, though each partition knows of it.
  expect(deltas.map(({ overflowed }) => overflowed)).toEqual(Array(PARTITIONS).fill(0));
  expect((await store.serving().states()).map((state) => state?.generation)).toEqual(Array(PARTITIONS).fill(generation));
});

test('law 7: where generations and store are lost, records say up to when they lack what definitions of today keep', async () => {
  const before = midnightOf(NOW - 300 * DAY_MS);
  await ask(before);
  await world.run({}, AT);
  for (const { partition, upTo } of await archived()) await world.log.trim(partition, upTo);
  await rm(join(world.dataDir, 'generations'), { recursive: true });
  await world.ingest(SINCE);
  const keptFor = (days: number) => definitionsOf({ ...SMALL_DEFINITIONS, signalRetention: { days, perUser: 20 } });
  const lackingUnder = async (definitions: Definitions) => {
    const states = await (await speedFromNothing(world, definitions)).serving().states();
    return states.map((state) => cutOfPartition(state, definitions, signalsPromisedMs(definitions)));
  };
  expect(await lackingUnder(keptFor(365))).toEqual(Array(PARTITIONS).fill(before));
  expect(await lackingUnder(keptFor(30))).toEqual(Array(PARTITIONS).fill(NEVER_CUT));
  // A run brings such definitions, and its barrier is the first that is known.
  await world.run({ scheduled: false, definitions: keptFor(365).json }, AT);
  expect(await lackingUnder(keptFor(365))).toEqual(Array(PARTITIONS).fill(before));
});

test('law 7: an older copy of the generations goes on within what was retired, and says from when on it is whole', async () => {
  const generations = join(world.dataDir, 'generations');
  await cp(generations, join(world.dataDir, 'copy'), { recursive: true });
  // History that came after the copy was made, and is old enough by the time of a later run.
  const history = OLD.map((one) => ({ ...one, id: `import-${one.id}`, historical: true as const }));
  await world.ingest(history);
  for (let i = 0; i < 4; i++) await world.run({ mode: 'full' }, AT);
  await ask();
  await world.run({}, AT);
  await rm(generations, { recursive: true });
  await cp(join(world.dataDir, 'copy'), generations, { recursive: true });
  await world.run({}, AT);
  const generation = (await world.current())?.generation ?? 0;
  const { wholeFromMs = 0, base } = await world.manifest(generation);
  expect(base).toBe(4);
  expect(wholeFromMs).toBeGreaterThan(BEFORE);
  const [own, all] = [await world.viewsOf(generation), naive([...OLD, ...YOUNG, ...history], DEFINITIONS)];
  expect(differences(from(own, wholeFromMs), from(all, wholeFromMs))).toEqual([]);
  expect(differences(own, all)).not.toEqual([]);
});

test('law 1: killed after any step, the retirement goes on, and no file that may still be read is gone', async () => {
  const old = await oldFiles();
  await ask();
  const steps: string[] = [];
  await cp(world.dataDir, `${world.dataDir}-copy`, { recursive: true });
  await retireEvents({ dataDir: `${world.dataDir}-copy`, nowMs: NOW, reached: (step) => void steps.push(step) });
  await rm(`${world.dataDir}-copy`, { recursive: true });
  expect(steps.length).toBeGreaterThan(3);
  for (let at = 0; at < steps.length; at++) {
    let left = at;
    const reached = () => {
      if (left-- === 0) throw new Error('killed');
    };
    await retireEvents({ dataDir: world.dataDir, nowMs: NOW, reached }).catch((error: Error) => {
      if (error.message !== 'killed') throw error;
    });
    for (const { path } of [...old, ...(await namedFiles())]) expect(await isThere(path)).toBe(true);
    const named = await oldFiles();
    // A manifest that lacks some is never there before the note that says so.
    if (named.length < old.length) expect(await readRetired(world.dataDir)).toMatchObject({ before: BEFORE });
    expect((await verified()).ok).toBe(true);
  }
  await retireEvents({ dataDir: world.dataDir, nowMs: NOW });
  expect(await readRetired(world.dataDir)).toMatchObject({ outcomes: [{ number: 1, files: old.length, rows: OLD.length }] });
  await retireEvents({ dataDir: world.dataDir, nowMs: NOW });
  for (const { path } of old) expect(await isThere(path)).toBe(false);
  await expectWhole([...OLD, ...YOUNG]);
});

test('a request that definitions no longer allow is refused when it is carried out, and nothing goes', async () => {
  const newest = newestBefore({ createdAt: NOW }, DEFINITIONS, NOW);
  await ask(newest + DAY_MS);
  const before = await namedFiles();
  await world.run({}, AT);
  expect(await namedFiles()).toEqual(before);
  expect(await readRetired(world.dataDir)).toMatchObject({
    before: null,
    outcomes: [{ refused: expect.stringContaining('days') }],
  });
});

test.each([
  ['ended', Number.POSITIVE_INFINITY],
  ['was killed behind its first manifest', 2],
])('law 7: a request that is refused once a pass of it %s says what was done', async (_, steps) => {
  const old = await oldFiles();
  await ask();
  let left = steps;
  const reached = () => {
    if (left-- === 0) throw new Error('killed');
  };
  const pass = retireEvents({ dataDir: world.dataDir, nowMs: NOW, mostFiles: 1, reached });
  await (steps === Number.POSITIVE_INFINITY ? pass : expect(pass).rejects.toThrow('killed'));
  const named = new Set((await namedFiles()).map(({ path }) => path));
  const gone = old.filter(({ path }) => !named.has(path));
  expect([gone.length > 0, gone.length < old.length]).toEqual([true, true]);
  // The clock goes back: they are too young.
  const outcome = await retireEvents({ dataDir: world.dataDir, nowMs: BEFORE });
  const sum = (of: (file: (typeof old)[number]) => number) => gone.reduce((all, file) => all + of(file), 0);
  const done = { files: gone.length, rows: sum(({ rows }) => rows), bytes: sum(({ bytes }) => bytes) };
  expect(outcome).toMatchObject({ ...done, refused: expect.stringContaining('days') });
  expect((await readRetired(world.dataDir))?.outcomes).toEqual([outcome]);
});

test('law 1: where keys of one person are joined, whose links may be of any age, nothing is retired', async () => {
  await ask();
  const before = await namedFiles();
  const generation = (await world.current())?.generation ?? 0;
  const manifest = await world.manifest(generation);
  const { rules: _, ...written } = JSON.parse(manifest.definitions) as Record<string, unknown>;
  const definitions = JSON.stringify({ ...written, rules: 7, identity: { days: 9 } });
  expect(storedDefinitions(definitions, sha256Hex).joinedMs).toBe(9 * DAY_MS);
  await writeGeneration(world.dataDir, { ...manifest, definitions });
  await retireEvents({ dataDir: world.dataDir, nowMs: NOW });
  expect((await readRetired(world.dataDir))?.outcomes).toMatchObject([{ refused: expect.stringContaining('identity') }]);
  expect(await namedFiles()).toEqual(before);
});

test('a correction of retired events is refused before real time follows it', async () => {
  await ask();
  await world.run({}, AT);
  const corrected = definitionsOf({
    ...SMALL_DEFINITIONS,
    corrections: [
      { name: 'late', when: 'campaign == "x"', drop: true, author: 'ana', reason: 'x', from: '2020-01-01', to: '2020-01-02' },
    ],
  });
  const states = await world.serving.states();
  await expect(world.run({ definitions: corrected.json }, AT)).rejects.toMatchObject({ code: 'conflict' });
  expect((await world.serving.states()).map((state) => state?.definitions)).toEqual(states.map((state) => state?.definitions));
});

test('a manifest that a repair brings back keeps its files', async () => {
  const [segment] = await archived();
  const path = join(world.dataDir, 'archive/segments/p00/000000.json');
  const text = await readFile(path, 'utf8');
  expect(JSON.parse(text)).toEqual(segment);
  await ask();
  await world.run({}, AT);
  await writeFile(path, text);
  await world.run({ mode: 'full' }, AT);
  for (const file of segment?.files ?? []) expect(await isThere(file.path)).toBe(true);
  expect((await verified()).ok).toBe(true);
});

test('law 7: values of the past say where what they look back on may be gone', async () => {
  await ask();
  await world.run({}, AT);
  const past = await archivedPast(world.dataDir, signal, () => {});
  if (past === null) throw new Error('nothing is published');
  expect(past).toMatchObject({ retiredBefore: BEFORE });
  const signals = readDefinitions(JSON.stringify({ signals: { seen: { count: '*', window: '2d' } } }), sha256Hex);
  const definitions = [...signalsOf(signals, sha256Hex).values()];
  const folder = join(world.dataDir, 'staging', 'past');
  await mkdir(folder, { recursive: true });
  async function* rows() {
    for (const days of [1, 3]) yield { user: 'ana', atMs: BEFORE + days * DAY_MS, label: null };
  }
  const statuses: string[] = [];
  for await (const { status } of pastValues({ past, definitions, rows: rows(), folder, memoryLimit: '256MB', signal }))
    statuses.push(status);
  expect(statuses).toEqual(['RETIRED', 'READY']);
});
