import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createDurably,
  digest,
  digestIfOfSize,
  isDiskFull,
  makeFolder,
  namesIn,
  sweepStaged,
  syncAndDigest,
  writeDurably,
} from './durable.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-durable-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('law 3: of many writers of one name exactly one succeeds, and its bytes are there whole', async () => {
  const path = join(dir, 'a', 'b', '000001.json');
  const won = await Promise.all(Array.from({ length: 20 }, (_, i) => createDurably(path, `writer ${i} `.repeat(1000))));
  expect(won.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(`writer ${won.indexOf(true)} `.repeat(1000));
  expect(await namesIn(join(dir, 'a', 'b'))).toEqual(['000001.json']);
});

test('writing replaces whole, and leaves nothing in the making behind', async () => {
  const path = join(dir, 'm.json');
  await writeDurably(path, 'first, and longer');
  await writeDurably(path, 'second');
  expect(await readFile(path, 'utf8')).toBe('second');
  expect(await namesIn(dir)).toEqual(['m.json']);
});

test('a write that fails leaves the old file and no new name', async () => {
  const path = join(dir, 'folder');
  await mkdir(join(path, 'child'), { recursive: true });
  await expect(writeDurably(path, 'x')).rejects.toThrow();
  expect(await namesIn(dir)).toEqual(['folder']);
});

test('sweeping removes what a crash left in the making, nothing else', async () => {
  await writeFile(join(dir, '.m.json.0.staged'), 'half');
  await writeFile(join(dir, 'm.json'), 'whole');
  await sweepStaged(dir, Date.now() - 60_000);
  expect(await namesIn(dir)).toEqual(['.m.json.0.staged', 'm.json']); // someone may be writing it
  await sweepStaged(dir, Date.now() + 60_000);
  expect(await namesIn(dir)).toEqual(['m.json']);
});

test('law 7: digests are those of the bytes, whatever size; folders are made with their parents', async () => {
  await makeFolder(join(dir, 'x', 'y'));
  await makeFolder(join(dir, 'x', 'y'));
  const path = join(dir, 'x', 'y', 'f');
  // Around the size of a piece, and of two.
  for (const length of [0, 1, 262_143, 262_144, 262_145, 524_288, 600_001]) {
    const bytes = Buffer.alloc(length, 'ü');
    await writeFile(path, bytes);
    const whole = { bytes: length, sha256: createHash('sha256').update(bytes).digest('hex') };
    expect(await digest(path)).toEqual(whole);
    expect(await syncAndDigest(path)).toEqual(whole);
    expect(await digestIfOfSize(path, length)).toEqual(whole);
    expect(await digestIfOfSize(path, length + 1)).toEqual({ bytes: length, sha256: '(not read)' });
  }
});

test('a full disk is recognised by its code and by the words of DuckDB', () => {
  expect(isDiskFull(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe(true);
  expect(isDiskFull(new Error('IO Error: Could not write file "x": No space left on device'))).toBe(true);
  expect(isDiskFull(Object.assign(new Error('no such file'), { code: 'ENOENT' }))).toBe(false);
});
