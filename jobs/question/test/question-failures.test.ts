/** Questions to the archive whose attempts, files or base fail: what is tried again, what is said, and what the others notice of it. */
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  cancelQuestion,
  createQuestion,
  listQuestions,
  MOST_QUESTIONS,
  QUESTION_KEPT_MS,
  questionFolder,
  readQuestion,
  sweepQuestions,
} from '@tributary/archive/asked/questions';
import { writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest, StoredFile } from '@tributary/archive/layout';
import { copyToParquet, keepFile } from '@tributary/archive/parquet';
import { TributaryError } from '@tributary/model/errors';
import { withWindows } from '@tributary/model/other-windows';
import { answerQuestion } from '@tributary/question/answer';
import { computeViews } from '@tributary/question/compute-views';
import type { QuestionPorts } from '@tributary/question/ports';
import { type World, worldsFrom } from '@tributary/recompute/test/world';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import { definitionsOf, SMALL_DEFINITIONS, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { createRandom } from '@tributary/testkit/inputs/random';
import { VIEWS } from '@tributary/views/registry';
import { afterEach, beforeEach, expect, test } from 'vitest';

const DEFINITIONS = definitionsOf(SMALL_DEFINITIONS);
const [FIRST, SECOND] = ['0abcdefg-00000001', '0abcdefg-00000002'] as const;
const HOUR = 3_600_000;

/** Other windows are read like a report, and held against nothing. */
const noComparison = () => Promise.reject(new Error('nothing is compared'));

const grown = worldsFrom(DEFINITIONS, async (first) => {
  await first.ingest(generateEvents(createRandom(9), { events: 30, users: 4, lateChance: 0, duplicateChance: 0 }, DEFINITIONS));
  await first.turn();
  await first.run({}, { reached: (stage) => void (stage === 'gathered' && first.advance(5_000)) });
});
let world: World;
beforeEach(async () => {
  world = await grown();
});
afterEach(() => world.close());

const nothing: QuestionPorts['computeViews'] = async () => ({ views: {}, recounted: 0 });
const ask = (id: string = FIRST, askedAt = Date.now()) =>
  createQuestion(world.dataDir, { id, lookbackDays: 2, windowDays: {}, by: 'test', askedAt });

function answer(changed: Partial<QuestionPorts> & { id?: string; isLast?: boolean; signal?: AbortSignal } = {}): Promise<void> {
  const { id = FIRST, isLast = false, signal = new AbortController().signal, ...more } = changed;
  const wait = (ms: number, abort: AbortSignal) => sleep(Math.min(ms, 5), undefined, { signal: abort });
  return answerQuestion(
    { id, isLast },
    { ...world.ports, compareChanged: noComparison, computeViews: nothing, sleep: wait, now: Date.now, ...more },
    signal,
  );
}

const resultOf = async (id: string = FIRST) => (await readQuestion(world.dataDir, id))?.result ?? null;
const damage = (path: string) => writeFile(join(world.dataDir, path), '{"half');

test('an answer names the cut and the events of its generation, not when it was computed', async () => {
  const { createdAt, computedAt, counts } = await world.manifest(1);
  expect([computedAt !== createdAt, counts.events > 0]).toEqual([true, true]);
  await ask();
  await answer();
  expect(await resultOf()).toMatchObject({ failure: null, cut: createdAt, events: counts.events });
});

test('law 7: a question fails where an event file that it reads is damaged, whatever came of computing', async () => {
  const [file] = (await world.manifest(1)).events as [StoredFile];
  const bytes = await readFile(join(world.dataDir, file.path));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(join(world.dataDir, file.path), bytes);
  await ask();
  await answer({ isLast: true });
  expect((await resultOf())?.failure).toContain('archive_corrupt: ');
});

test('law 7: an answer that readers could not load is refused', async () => {
  const { dimensions, measures } = VIEWS.find(({ name }) => name === 'touches') as (typeof VIEWS)[number];
  const columns = [...dimensions.map((name) => `'a\tb' AS "${name}"`), ...measures.map((name) => `1::BIGINT AS "${name}"`)];
  const staged = join(world.dataDir, 'foreign.staged');
  const rows = await copyToParquet(world.session, `SELECT ${columns.join(', ')}`, staged);
  const touches = await keepFile(world.dataDir, staged, 'foreign.parquet', rows);
  await ask();
  await answer({
    isLast: true,
    computeViews: (spec) =>
      computeViews({ ...spec, reuseRows: true, base: { ...(spec.base as GenerationManifest), views: { touches: [touches] } } }),
  });
  expect((await resultOf())?.failure).toContain('a dimension must be text without tabs');
});

test('a generation without all columns is not asked', async () => {
  await writeGeneration(world.dataDir, { ...(await world.manifest(1)), eventColumns: ['id', 'ts'] });
  await ask();
  await answer();
  expect((await resultOf())?.failure).toBe(
    'conflict: generation 1 was computed by an earlier version, without all that is asked for',
  );
});

test('law 7: from when on the rows of a generation are whole goes into its answers, later by what longer windows look back', async () => {
  const wholeFromMs = Date.UTC(2025, 9, 22);
  await writeGeneration(world.dataDir, { ...(await world.manifest(1)), wholeFromMs });
  await ask();
  await answer();
  const result = await resultOf();
  expect(result?.failure).toBeNull();
  expect(result?.wholeFromMs).toBeGreaterThan(wholeFromMs);
});

test('what may go away by itself is tried again, until the last attempt says why there are no rows', async () => {
  await ask();
  const away = () => Promise.reject(new TributaryError('store_unavailable', 'the folder is away'));
  await expect(answer({ computeViews: away })).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await resultOf()).toBeNull();
  await answer({ computeViews: away, isLast: true });
  expect((await resultOf())?.failure).toBe('store_unavailable: the folder is away');
});

test('a generation that is retired while it is asked is tried again, as another is served by then', async () => {
  await ask();
  const manifest = await world.manifest(1);
  const retired = async () => {
    await writeGeneration(world.dataDir, { ...manifest, state: 'retired' });
    throw new Error('its files are gone');
  };
  await expect(answer({ computeViews: retired })).rejects.toThrow('generation 1 was retired meanwhile');
  expect(await resultOf()).toBeNull();
});

test('law 3: two attempts at one question do not touch the files of each other', async () => {
  await ask();
  const folders: string[] = [];
  const both = Promise.withResolvers<void>();
  const slow: QuestionPorts['computeViews'] = async ({ dataDir, staging = '' }) => {
    await mkdir(join(dataDir, staging), { recursive: true });
    if (folders.push(join(dataDir, staging)) === 2) both.resolve();
    await both.promise;
    await stat(join(dataDir, staging));
    return { views: {}, recounted: 0 };
  };
  await Promise.all([answer({ computeViews: slow }), answer({ computeViews: slow })]);
  expect(new Set(folders).size).toBe(2);
  expect((await resultOf())?.failure).toBeNull();
});

test('what killed attempts at any question left is removed once they cannot live any more', async () => {
  await ask(SECOND);
  const old = join(world.dataDir, 'staging', `question-${FIRST}-0000000a`);
  const young = join(world.dataDir, 'staging', `question-${FIRST}-0000000b`);
  for (const folder of [old, young]) await mkdir(folder, { recursive: true });
  const before = (Date.now() - world.ports.limits.computeTimeoutMs - 1_000) / 1_000;
  await utimes(old, before, before);
  await answer({ id: SECOND });
  await expect(stat(old)).rejects.toThrow('ENOENT');
  expect((await stat(young)).isDirectory()).toBe(true);
});

test('law 7: one damaged file fails its question alone: the others are listed, answered and removed in their time', async () => {
  await ask(FIRST, Date.now() - 30 * 24 * HOUR);
  await ask(SECOND);
  await damage(`${questionFolder(FIRST)}/result.json`);
  expect(await readQuestion(world.dataDir, FIRST)).toMatchObject({
    result: { failure: expect.stringContaining('manifest_corrupt: ') },
  });
  const third = '0abcdefg-00000003';
  await ask(third);
  await damage(`${questionFolder(third)}/asked.json`);
  const idsOf = async () => (await listQuestions(world.dataDir)).map(({ asked }) => asked.id);
  expect(new Set(await idsOf())).toEqual(new Set([third, SECOND, FIRST]));
  await answer({ id: SECOND });
  expect((await resultOf(SECOND))?.failure).toBeNull();
  // What is damaged is not computed any more.
  await answer({ id: third });
  expect(new Set(await idsOf())).toEqual(new Set([third, SECOND]));
  expect(await readQuestion(world.dataDir, third)).toMatchObject({
    isCancelled: false,
    result: { failure: expect.stringContaining('manifest_corrupt: ') },
  });
  // Those who asked may remove it.
  await cancelQuestion(world.dataDir, third, Date.now());
  expect(await readQuestion(world.dataDir, third)).toMatchObject({ isCancelled: true });
  await sweepQuestions(world.dataDir, Date.now() + QUESTION_KEPT_MS + HOUR);
  await expect(stat(join(world.dataDir, questionFolder(third)))).rejects.toThrow('ENOENT');
});

test('what is left of a question that was removed in part goes by its age', async () => {
  const folder = join(world.dataDir, questionFolder(FIRST));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'view-credit-0000000a.parquet'), 'rows');
  await sweepQuestions(world.dataDir, Date.now() + HOUR / 2);
  expect((await stat(folder)).isDirectory()).toBe(true);
  await sweepQuestions(world.dataDir, Date.now() + 2 * HOUR);
  await expect(stat(folder)).rejects.toThrow('ENOENT');
});

test('the rows of an answer that is given up are removed at once', async () => {
  await ask();
  await answer({ computeViews });
  const views = Object.values((await resultOf())?.views ?? {}).flat();
  expect(views.length).toBeGreaterThan(MOST_QUESTIONS);
  await cancelQuestion(world.dataDir, FIRST, Date.now());
  for (const { path } of views) await expect(stat(join(world.dataDir, path))).rejects.toThrow('ENOENT');
  expect(await readQuestion(world.dataDir, FIRST)).toMatchObject({ isCancelled: true });
});

test('the answer follows the rules that its generation was made by', async () => {
  const { rules: _, ...written } = JSON.parse(DEFINITIONS.json) as { rules?: number };
  const json = JSON.stringify(written);
  await writeGeneration(world.dataDir, { ...(await world.manifest(1)), definitions: json });
  await ask();
  await answer();
  expect(JSON.parse((await resultOf())?.definitions ?? '{}')).not.toHaveProperty('rules');
});

test('a window of a type by its own name alone counts, whatever the type is called', () => {
  const touches = Object.fromEntries(['toString', 'constructor', 'click'].map((type) => [type, { windowDays: 7 }]));
  const odd = definitionsOf({ touches });
  const { touchWindowMs } = withWindows(odd, { lookbackDays: 60, windowDays: { click: 3 } }, sha256Hex);
  expect([...touchWindowMs].map(([type, ms]) => [type, ms / (24 * HOUR)]).sort()).toEqual([
    ['click', 3],
    ['constructor', 60],
    ['toString', 60],
  ]);
  expect(withWindows(odd, { lookbackDays: null, windowDays: {} }, sha256Hex).version).toBe(odd.version);
});
