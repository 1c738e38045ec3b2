import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder, namesIn } from './durable.ts';
import {
  createGeneration,
  filesOfGeneration,
  generationFolder,
  listGenerations,
  readGeneration,
  writeGeneration,
} from './generations.ts';
import type { GenerationManifest, StoredFile } from './layout.ts';
import { currentPublication, publish, readPublications } from './publications.ts';
import { keptGenerations, keptWith, retireGenerations } from './retire.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-generations-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const DRAFT = pendingGeneration({ json: '{}', version: 'abc' });

async function computed(
  events: readonly StoredFile[] = [],
  base: number | null = null,
  added: readonly StoredFile[] = [],
): Promise<GenerationManifest> {
  const created = await createGeneration(dir, { ...DRAFT, base });
  const manifest: GenerationManifest = {
    ...created,
    state: 'computed',
    computedAt: 2,
    views: { activity: [...added, await someFile(created.generation, 'activity.parquet')] },
    events: [...events, await someFile(created.generation, 'events.parquet')],
  };
  await writeGeneration(dir, manifest);
  return manifest;
}

async function someFile(generation: number, name: string): Promise<StoredFile> {
  const path = `${generationFolder(generation)}/${name}`;
  await writeFile(join(dir, path), 'x'.repeat(10));
  return { path, rows: 1, bytes: 10, sha256: '0'.repeat(64) };
}

test('law 3: many coordinators at once take different numbers, from 1 without gaps', async () => {
  const made = await Promise.all(Array.from({ length: 12 }, () => createGeneration(dir, DRAFT)));
  expect(made.map((m) => m.generation).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(await listGenerations(dir)).toHaveLength(12);
  expect(await readGeneration(dir, 3)).toEqual({ ...DRAFT, generation: 3 });
});

test('law 7: what a generation left out stays in its manifest', async () => {
  const manifest = { ...(await computed()), leftOut: ['creditByPartition'] };
  await writeGeneration(dir, manifest);
  expect((await readGeneration(dir, manifest.generation)).leftOut).toEqual(['creditByPartition']);
});

test('a creation that a crash cut short is not a generation, and its number is not taken again', async () => {
  await createGeneration(dir, DRAFT);
  await mkdir(join(dir, generationFolder(2)));
  expect((await createGeneration(dir, DRAFT)).generation).toBe(3);
  expect(await listGenerations(dir)).toEqual([1, 3]);
  await expect(readGeneration(dir, 2)).rejects.toMatchObject({ code: 'not_found' });
});

test.each([
  ['superseded', 'computed'],
  ['computed', 'pending'],
  ['retired', 'computed'],
] as const)('law 3: a generation that is %s cannot become %s', async (from, to) => {
  const created = await createGeneration(dir, DRAFT);
  await writeGeneration(dir, { ...created, state: from });
  await expect(writeGeneration(dir, { ...created, state: to })).rejects.toMatchObject({ code: 'conflict' });
  expect((await readGeneration(dir, 1)).state).toBe(from);
});

test.each([
  ['cut short', '{"generation":1,"sta', 'is not JSON'],
  ['empty', '', 'is not JSON'],
  ['of another generation', JSON.stringify({ ...DRAFT, generation: 7 }), 'swapped'],
  ['with a wrong type', JSON.stringify({ ...DRAFT, generation: 1, lastSegment: ['x'] }), 'lastSegment.0'],
  [
    'that points out of the data folder',
    JSON.stringify({
      ...DRAFT,
      generation: 1,
      events: [{ path: '../../etc/passwd', rows: 1, bytes: 1, sha256: '0'.repeat(64) }],
    }),
    'events.0.path',
  ],
])('law 7: a manifest %s is refused by its path', async (_, text, words) => {
  await createGeneration(dir, DRAFT);
  await writeFile(join(dir, generationFolder(1), 'manifest.json'), text);
  const reading = readGeneration(dir, 1);
  await expect(reading).rejects.toMatchObject({ code: 'manifest_corrupt' });
  await expect(reading).rejects.toThrow(words);
  await expect(reading).rejects.toThrow('manifest.json');
});

test('law 1: views of a generation of an earlier version, which named one file of each, are read', async () => {
  const { views, ...rest } = await computed();
  const earlier = Object.fromEntries(Object.entries(views).map(([name, [file]]) => [name, file]));
  await writeFile(join(dir, generationFolder(1), 'manifest.json'), JSON.stringify({ ...rest, views: earlier }));
  expect((await readGeneration(dir, 1)).views).toEqual(views);
});

test('law 7: a file that views share is named once, with the rows of all of them', () => {
  const [file, own] = [
    { path: 'generations/000001/rows-a.ndjson', rows: 2, bytes: 90, sha256: '1'.repeat(64) },
    { path: 'generations/000001/members-a.parquet', rows: 7, bytes: 500, sha256: '2'.repeat(64) },
  ];
  const views = { activity: [file], credit: [{ ...file, rows: 3 }], paths: [] };
  expect(filesOfGeneration({ views, events: [own], conversions: [] })).toEqual([{ ...file, rows: 5 }, own]);
});

test('law 3: of many publishers who saw the same state one succeeds, the others learn of it', async () => {
  const { generation } = await computed();
  const attempt = (by: string) => publish(dir, 0, { generation, action: 'publish', held: false, at: 5, by });
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => attempt(`job ${i}`)));
  expect(outcomes.filter((o) => o.status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
  expect(await readPublications(dir)).toHaveLength(1);
});

test('publication: a zombie with an old view of the world, a gap, an unfinished generation are conflicts', async () => {
  const one = await computed();
  const two = await computed();
  const pending = await createGeneration(dir, DRAFT);
  const of = (generation: number) => ({ generation, action: 'publish', held: false, at: 5, by: 'test' }) as const;
  expect(await currentPublication(dir)).toBeNull();
  await publish(dir, 0, of(one.generation));
  await publish(dir, 1, of(two.generation));
  await expect(publish(dir, 0, of(one.generation))).rejects.toMatchObject({ code: 'conflict' });
  await expect(publish(dir, 1, of(one.generation))).rejects.toMatchObject({ code: 'conflict' });
  await expect(publish(dir, 7, of(one.generation))).rejects.toMatchObject({ code: 'conflict' });
  await expect(publish(dir, 2, of(pending.generation))).rejects.toMatchObject({ code: 'conflict' });
  await expect(publish(dir, 2, of(99))).rejects.toMatchObject({ code: 'not_found' });
  expect(await currentPublication(dir)).toMatchObject({ sequence: 2, generation: two.generation });
});

test('law 7: a damaged newest publication is an error, not the one before it', async () => {
  const { generation } = await computed();
  await publish(dir, 0, { generation, action: 'publish', held: false, at: 5, by: 'test' });
  await makeFolder(join(dir, 'generations', 'publications'));
  await writeFile(join(dir, 'generations', 'publications', '000002.json'), '{"sequence":2');
  await expect(currentPublication(dir)).rejects.toMatchObject({ code: 'manifest_corrupt' });
});

test('retirement keeps the newest, the published one, and every file of the chain that a kept manifest names', async () => {
  const one = await computed();
  const two = await computed(one.events, one.generation);
  const three = await computed(two.events, two.generation, two.views['activity']);
  const four = await computed(three.events, three.generation, three.views['activity']);
  await publish(dir, 0, { generation: three.generation, action: 'publish', held: false, at: 5, by: 'test' });

  const { retired, oldestKept, freedBytes } = await retireGenerations(dir, 2);
  expect({ retired, oldestKept, freedBytes }).toEqual({ retired: [1, 2], oldestKept: 3, freedBytes: 10 });
  for (const kept of [three, four])
    for (const { path } of [...kept.events, ...Object.values(kept.views).flat()])
      expect(await readdir(join(dir, path, '..')), path).toContain(path.split('/').at(-1));
  expect(await namesIn(join(dir, generationFolder(1)))).toEqual(['events.parquet', 'manifest.json']);
  expect((await readGeneration(dir, 1)).state).toBe('retired');
  expect((await createGeneration(dir, DRAFT)).generation).toBe(5);
  const newest = await currentPublication(dir);
  expect(await retireGenerations(dir, 2)).toMatchObject({ retired: [], freedBytes: 0 });
  // Published again, it would overtake a run that is about to publish.
  expect(await currentPublication(dir)).toEqual(newest);
});

test('what was never computed leaves nothing behind once everything that is kept is newer', async () => {
  const failed = await createGeneration(dir, DRAFT);
  await someFile(failed.generation, 'events.parquet');
  await writeGeneration(dir, { ...failed, state: 'failed', failure: 'test' });
  const { generation } = await computed();
  const newer = await createGeneration(dir, DRAFT);
  await someFile(newer.generation, 'events.parquet');
  await publish(dir, 0, { generation, action: 'publish', held: false, at: 5, by: 'test' });
  expect((await retireGenerations(dir, 1)).retired).toEqual([failed.generation]);
  expect(await namesIn(join(dir, generationFolder(failed.generation)))).toEqual(['manifest.json']);
  expect(await namesIn(join(dir, generationFolder(newer.generation)))).toContain('events.parquet');
});

test('law 9: a generation that is computed after a newer one was published is not published: files lack users by now whom it has', async () => {
  const slow = await createGeneration(dir, DRAFT);
  const { generation } = await computed();
  const draft = { held: false, at: 5, by: 'test' } as const;
  await publish(dir, 0, { ...draft, generation, action: 'publish', kept: await keptWith(dir, generation, 2) });
  await writeGeneration(dir, { ...slow, state: 'computed', computedAt: 6 });
  const rollback = { ...draft, generation: slow.generation, action: 'rollback' } as const;
  await expect(publish(dir, 1, rollback)).rejects.toMatchObject({ code: 'conflict' });
});

test('law 7: files that a killed retirement left are removed by the next one, also between generations that are kept', async () => {
  const [held, between] = [await computed(), await computed()];
  await computed();
  const kept = { upTo: 3, generations: [1, 3] };
  await publish(dir, 0, { generation: held.generation, action: 'rollback', held: true, at: 5, by: 'test', kept });
  await writeGeneration(dir, { ...between, state: 'retired' });
  await retireGenerations(dir, 1);
  expect(await namesIn(join(dir, generationFolder(between.generation)))).toEqual(['manifest.json']);
});

test('law 7: of generations retired long ago those are forgotten whose files no kept one builds on', async () => {
  const one = await computed();
  const two = await computed(one.events);
  const manifest = (generation: number) => JSON.stringify({ ...DRAFT, generation, state: 'retired' });
  await writeGeneration(dir, { ...one, state: 'retired' });
  for (let generation = 3; generation <= 1_004; generation++) {
    await mkdir(join(dir, generationFolder(generation)));
    await writeFile(join(dir, generationFolder(generation), 'manifest.json'), manifest(generation));
  }
  const newest = await computed(two.events);
  await publish(dir, 0, { generation: newest.generation, action: 'publish', held: false, at: 5, by: 'test' });
  await retireGenerations(dir, 1);
  // 1 004 are gone: of the four oldest, the files of two are still named.
  expect((await listGenerations(dir)).slice(0, 4)).toEqual([1, 2, 5, 6]);
  for (const { path } of newest.events) expect(await namesIn(join(dir, path, '..')), path).toContain(path.split('/').at(-1));
});

test('retirement keeps what is published after a rollback, and the base of what is being computed', () => {
  const computedOne = (generation: number) => ({ generation, state: 'computed', base: null }) as const;
  const manifests = [1, 2, 3, 4, 5].map(computedOne);
  expect([...keptGenerations(manifests, [2], 2)].sort()).toEqual([2, 4, 5]);
  const pending = { generation: 6, state: 'pending', base: 3 } as const;
  expect([...keptGenerations([...manifests, pending], [5], 1)].sort()).toEqual([3, 5, 6]);
  const stale = { generation: 2, state: 'pending', base: 1 } as const;
  expect([...keptGenerations([computedOne(1), stale, ...manifests.slice(2)], [5], 1)]).toEqual([5]);
});
