/** What one folder replaces reaches the store and the folders that follow it, whole; what was replaced leaves all of them (law 9). */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type MemoryObjects, memoryObjects } from '@tributary/testkit/memory/memory-objects';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeErasureKey } from '../erasure-key.ts';
import { type ArchiveForgotten, readForgotten, writeForgotten } from '../forgotten.ts';
import type { SegmentManifest } from '../layout.ts';
import { readSegments } from '../segments.ts';
import { openSharedArchive, type SharedArchiveOptions } from './shared-archive.ts';
import { forgottenEverywhere } from './state.ts';
import { removeDeadMarks, replaceManifest } from './unshared.ts';

let folder: string;
let store: MemoryObjects;
let ids = 0;
beforeEach(async () => {
  [folder, store] = [await mkdtemp(join(tmpdir(), 'tributary-shared-')), memoryObjects()];
});
afterEach(() => rm(folder, { recursive: true }));

const at = (machine: string, ...path: string[]) => join(folder, machine, ...path);
const open = (machine: string, changes: Partial<SharedArchiveOptions> = {}) =>
  openSharedArchive({
    ...{ dataDir: at(machine), store, newId: () => `${++ids}`.padStart(8, '0'), sleep: async () => {} },
    ...changes,
  });
const KEY = `{"key":"${'ab'.repeat(32)}"}`;

function write(machine: string, number: number, attempt: string, text: string): SegmentManifest {
  const path = `archive/events/date=2026-03-01/p00-00000${number}-${attempt}.parquet`;
  mkdirSync(dirname(at(machine, path)), { recursive: true });
  writeFileSync(at(machine, path), text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const files = [{ path, rows: 1, bytes: text.length, sha256, date: '2026-03-01' }];
  const range = { after: number === 0 ? null : `${number}`, upTo: `${number + 1}` };
  return { partition: 0, number, logIdentity: 'log', ...range, seals: null, rows: 1, deadRows: 0, files, dead: null };
}

const forgotten = (searchedAt: number | null, erased = ['d1']): ArchiveForgotten => ({
  ...{ generation: 1, erased, lifted: {}, lastSegment: [3], cut: ['4'], searchedAt, ofDead: true },
});

/** As an attempt does it that is killed behind some of its steps (rewrite/rewrite.ts). */
async function forget(machine: string, attempt: string, steps = 9): Promise<void> {
  const tasks = [
    () => writeForgotten(at(machine), forgotten(null)),
    ...[0, 1, 2].map(
      (number) => () => replaceManifest(at(machine), write(machine, number, attempt, `without, of ${attempt} ${number}`)),
    ),
    () => writeForgotten(at(machine), forgotten(7)),
    async () => {
      for (const number of [0, 1, 2])
        await rm(at(machine, `archive/events/date=2026-03-01/p00-00000${number}-a1.parquet`), { force: true });
    },
  ];
  for (const task of tasks.slice(0, steps)) await task();
}

async function begun(): Promise<void> {
  const one = open('one');
  await one.giveIdentity('archive');
  for (let number = 0; number < 4; number++) await one.add([write('one', number, 'a1', `erased user ${number}`)]);
  await writeErasureKey(at('one'), KEY);
  await one.share();
  await open('two').follow();
}

/** All bytes of the store, and of the files of a folder that manifests name. */
const inStore = () => [...store.objects].filter(([name]) => name.startsWith('archive/')).map(([, bytes]) => bytes.toString());
async function filesIn(machine: string): Promise<string[]> {
  const segments = await readSegments(at(machine), 0);
  return segments.flatMap(({ files }) => files.map(({ path }) => readFileSync(at(machine, path), 'utf8')));
}
const LEFT = ['erased user 3', 'without, of b1 0', 'without, of b1 1', 'without, of b1 2'];

test('law 9: killed between any two steps of rewriting and of sharing, store and followers have files of one state, and in the end none of before', async () => {
  for (let steps = 1; steps <= 6; steps++)
    for (const step of ['sent', 'changed', 'shared'] as const) {
      await rm(folder, { recursive: true });
      store.objects.clear();
      await begun();
      await forget('one', 'b0', steps);
      const dying = open('one', {
        reached(passed) {
          if (passed === step) throw new Error('killed');
        },
      });
      await expect(dying.share()).rejects.toThrow('killed');
      expect((await forgottenEverywhere(at('one')))?.searchedAt ?? null).toBeNull();
      // What is there is a state that the first folder had: files without the user only where it is said that they may be.
      await open('two').follow();
      if ((await filesIn('two')).some((text) => text.startsWith('without'))) expect(await readForgotten(at('two'))).toBeDefined();
      await forget('one', 'b1');
      await open('one').share();
      expect((await forgottenEverywhere(at('one')))?.searchedAt, `${steps} ${step}`).toBe(7);
      expect(inStore().sort()).toEqual(LEFT);
      for (const machine of ['two', 'three']) {
        await open(machine).follow();
        expect((await filesIn(machine)).sort()).toEqual(LEFT);
        expect(await readForgotten(at(machine))).toEqual(forgotten(7));
        expect(readFileSync(at(machine, 'erasure-key.json'), 'utf8')).toBe(KEY);
        expect(existsSync(at(machine, 'archive/events/date=2026-03-01/p00-000000-a1.parquet'))).toBe(false);
      }
    }
});

test('law 9: what is too much for one change comes in several; killed between any two of them nothing says that all was searched, and the next ones have the rest', async () => {
  for (let killedAt = 1; killedAt <= 8; killedAt++) {
    await rm(folder, { recursive: true });
    store.objects.clear();
    await begun();
    const changes = () => [...store.objects.keys()].filter((name) => name.startsWith('changes/')).length;
    const before = changes();
    await forget('one', 'b1');
    let passed = 0;
    const dying = open('one', {
      changeBytes: 1,
      reached() {
        if (++passed === killedAt) throw new Error('killed');
      },
    });
    await expect(dying.share()).rejects.toThrow('killed');
    await open('two').follow();
    const files = await filesIn('two');
    if (files.some((text) => text.startsWith('without'))) expect(await readForgotten(at('two'))).toBeDefined();
    // The last change has all but its marks.
    const isWhole = changes() === before + 3;
    expect((await readForgotten(at('two')))?.searchedAt ?? null).toBe(isWhole ? 7 : null);
    if (isWhole) expect(files.sort()).toEqual(LEFT);
    expect((await forgottenEverywhere(at('one')))?.searchedAt).toBeNull();
    await open('one', { changeBytes: 1 }).share();
    expect((await forgottenEverywhere(at('one')))?.searchedAt).toBe(7);
    expect(inStore().sort()).toEqual(LEFT);
    for (const machine of ['two', 'three']) {
      await open(machine).follow();
      expect((await filesIn(machine)).sort()).toEqual(LEFT);
      expect(await readForgotten(at(machine))).toEqual(forgotten(7));
    }
  }
});

test('laws 6 and 9: a folder that is behind by more changes than are held gets what later ones left, and needs no more of them at a time', async () => {
  await begun();
  for (const attempt of ['b1', 'c1', 'd1']) {
    await forget('one', attempt);
    await open('one', { changeBytes: 1 }).share();
  }
  const left = ['erased user 3', ...[0, 1, 2].map((number) => `without, of d1 ${number}`)];
  for (const held of [1, 2, 5, 1_024]) {
    const machine = `held-${held}`;
    for (let killedAt = 1; killedAt < 8; killedAt++) {
      let passed = 0;
      const dying = open(machine, {
        held,
        reached() {
          if (++passed === killedAt) throw new Error('killed');
        },
      });
      await dying.follow().catch(() => {});
    }
    await open(machine, { held }).follow();
    expect((await filesIn(machine)).sort(), `${held} at a time`).toEqual(left);
    expect(await readForgotten(at(machine))).toEqual(forgotten(7));
    const hidden = readdirSync(at(machine), { recursive: true }).filter((name) => String(name).endsWith('.staged'));
    expect(hidden).toEqual([]);
  }
});

test('law 7: a store that lacks a file which no later change replaces is an error, however far a folder is behind', async () => {
  await begun();
  await forget('one', 'b1');
  await open('one', { changeBytes: 1 }).share();
  const lost = [...store.objects.keys()].find((name) => name.includes('-000003-')) as string;
  store.objects.delete(lost);
  for (const held of [1, 1_024])
    await expect(open(`behind-${held}`, { held }).follow()).rejects.toMatchObject({ code: 'archive_corrupt' });
});

test('law 9: where two folders replace files neither overwrites what the other did; a folder takes over that has nothing of its own', async () => {
  await begun();
  await forget('two', 'b1');
  await forget('one', 'b1');
  await open('two').share();
  await expect(open('one').share()).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`${at('one')} must have no `),
  });
  await rm(at('one'), { recursive: true });
  const one = open('one');
  await one.share();
  expect((await filesIn('one')).sort()).toEqual(LEFT);
  await replaceManifest(at('one'), write('one', 3, 'c1', 'without as well'));
  await one.share();
  await open('two').share();
  expect((await filesIn('two')).sort()).toEqual(['without as well', ...LEFT.slice(1)]);
  // An archiver still adds segments there, and replaces none.
  expect(await open('two').add([write('two', 4, 'a2', 'another user')])).toHaveLength(1);
  await one.share();
  expect((await filesIn('one')).sort()).toEqual((await filesIn('two')).sort());
  await rm(at('two', 'erasure-key.json'));
  await writeErasureKey(at('two'), KEY.replace('ab', 'cd'));
  await expect(open('two').share()).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`s3://memory/here has another erasure-key.json than ${at('two')}`),
  });
});

test('law 9: a process that wakes with what it read before gives the store nothing of it', async () => {
  await begun();
  await forget('one', 'b0');
  let isAsleep = true;
  const sleeper = open('one', {
    async reached(step) {
      if (step !== 'sent' || !isAsleep) return;
      isAsleep = false;
      await forget('one', 'b1');
      await open('one').share();
    },
  });
  await sleeper.share();
  await open('three').follow();
  expect((await filesIn('three')).sort()).toEqual(LEFT);
  await sleeper.share();
  expect(inStore().sort()).toEqual(LEFT);
});

test('law 6: a folder that follows removes nothing that another one is about to name, and one that was killed goes on', async () => {
  await begun();
  await forget('one', 'b0');
  await open('one', { reached: (step) => (step === 'sent' ? open('two').share() : undefined) }).share();
  await open('three').follow();
  expect(await filesIn('three')).toHaveLength(4);
  const before = readFileSync(at('two', 'archive/changes.json'));
  await writeForgotten(at('one'), forgotten(null, ['d1', 'd2']));
  await forget('one', 'b1');
  await open('one').share();
  await replaceManifest(at('one'), write('one', 3, 'c1', 'without as well'));
  await open('one').share();
  for (let attempt = 0; attempt < 2; attempt++) {
    await open('two').follow();
    expect((await filesIn('two')).sort()).toEqual(['without as well', ...LEFT.slice(1)]);
    expect(await readForgotten(at('two'))).toEqual(forgotten(7));
    // As a process leaves it that is killed before it says how far the folder is.
    writeFileSync(at('two', 'archive/changes.json'), before);
  }
});

test('law 9: a folder that was put back to an older copy of itself gives the store nothing', async () => {
  await begun();
  await forget('one', 'b0');
  await open('one').share();
  cpSync(at('one'), at('copy'), { recursive: true });
  await writeForgotten(at('one'), forgotten(7, ['d1', 'd2']));
  await open('one').share();
  const kept = new Map(store.objects);
  await expect(open('copy').share()).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`${at('copy')} must know of change`),
  });
  expect(store.objects).toEqual(kept);
  // What it notes of each attempt goes, of those that failed as well.
  await writeForgotten(at('one'), forgotten(7, ['d1', 'd3']));
  const full = open('one', { store: { ...store, create: () => Promise.reject(new Error('no room')) } });
  for (let attempt = 0; attempt < 3; attempt++) await expect(full.share()).rejects.toThrow('no room');
  for (let attempt = 0; attempt < 2; attempt++) await open('one').share();
  expect(readdirSync(at('one', 'archive/unshared'))).toEqual([]);
});

test('law 6: objects stay as long as the store names them, also while the folder is ahead of it, and those of a segment that is to come', async () => {
  await begun();
  store.objects.set('archive/events/date=2026-03-01/p00-000009-zz.0.parquet', Buffer.from('to come'));
  store.objects.set('archive/events/date=2026-03-01/p00-000002-zz.0.parquet', Buffer.from('of a killed one'));
  await forget('one', 'b1', 2);
  let isAhead = false;
  await open('one', {
    async reached(step) {
      if (step !== 'shared') return;
      isAhead = true;
      await forget('one', 'b1', 3);
    },
  }).share();
  expect(isAhead).toBe(true);
  await open('three').follow();
  expect(await filesIn('three')).toEqual(['without, of b1 0', 'erased user 1', 'erased user 2', 'erased user 3']);
  await forget('one', 'b1');
  await open('one').share();
  expect(inStore().sort()).toEqual([...LEFT, 'to come'].sort());
});

test('law 9: a manifest that is marked and still to come is given to the store when it is there', async () => {
  await begun();
  cpSync(at('one'), at('copy'), { recursive: true });
  await forget('copy', 'b1');
  await writeForgotten(at('one'), forgotten(null));
  const comes = (...path: string[]) => cpSync(at('copy', 'archive', ...path), at('one', 'archive', ...path), { recursive: true });
  comes('unshared');
  await open('one').share();
  expect(inStore()).toContain('erased user 0');
  for (const path of ['events', 'segments', 'forgotten.json']) comes(path);
  await open('one').share();
  await open('three').follow();
  expect((await filesIn('three')).sort()).toEqual(LEFT);
  expect(inStore().sort()).toEqual(LEFT);
  // The mark of an attempt that was killed, before another one begins.
  writeFileSync(at('one', 'archive/unshared', `p00-000002-${'0'.repeat(64)}`), '');
  expect((await forgottenEverywhere(at('one')))?.searchedAt).toBeNull();
  await removeDeadMarks(at('one'));
  expect((await forgottenEverywhere(at('one')))?.searchedAt).toBe(7);
});
