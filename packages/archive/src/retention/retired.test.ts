import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { expect, onTestFinished, test } from 'vitest';
import { rememberedRetiredBefore, retiredBefore, writeRetired } from './retired.ts';

const retired = (before: number) => ({
  ...{ before, upTo: [], replaced: [], replacing: [], outcomes: [] },
  soFar: { files: 0, rows: 0, bytes: 0 },
});

test('law 7: from when on the archive is whole is read again once it changed, and only then', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-retired-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const path = dataPath(dataDir, 'archiveRetired');
  await mkdir(dirname(path), { recursive: true });
  const read: number[] = [];
  const ask = rememberedRetiredBefore(dataDir, async (of) => {
    const before = await retiredBefore(of);
    read.push(before ?? 0);
    return before;
  });
  expect(await ask()).toBeNull();
  const at = new Date(Date.UTC(2026, 0, 1));
  await writeRetired(dataDir, retired(1_000));
  await utimes(path, at, at);
  expect([await ask(), await ask(), await ask()]).toEqual([1_000, 1_000, 1_000]);
  // As long, and of the same instant.
  await writeRetired(dataDir, retired(2_000));
  await utimes(path, at, at);
  expect([await ask(), await ask()]).toEqual([2_000, 2_000]);
  // And the same file by its number, as the next one may be that is put back. The clock of files has ticks of some milliseconds.
  await sleep(50);
  await writeFile(path, (await readFile(path, 'utf8')).replace('2000', '3000'));
  await utimes(path, at, at);
  expect([await ask(), await ask()]).toEqual([3_000, 3_000]);
  expect(read).toEqual([1_000, 2_000, 3_000]);
  await rm(path);
  expect(await ask()).toBeNull();
});
