/** The data folder before anything writes to it: each folder of the one table of paths is looked at. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DATA_FOLDERS, DATA_PATHS, FOLDERS_OF_ROLES } from '@tributary/runtime/data-folder/paths';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderTroubles } from './folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-folders-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const troubles = () => folderTroubles({ name: 'TRIBUTARY_DATA_DIR', path: folder }, 16);

test('a folder is named after the one that it lies in, once', () => {
  expect(DATA_FOLDERS).toEqual([...new Set(DATA_FOLDERS)]);
  expect(DATA_FOLDERS).toEqual(expect.arrayContaining(['archive', 'archive/dead', 'questions', 'quarantine', 'logs', 'redis']));
  expect(DATA_FOLDERS.filter((path, i) => path.includes('/') && !DATA_FOLDERS.slice(0, i).includes(dirname(path)))).toEqual([]);
});

test.each(FOLDERS_OF_ROLES)('a file where %s must be is refused, by its path', (path) => {
  expect(troubles()).toEqual([]);
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), '');
  expect(troubles()).toEqual([
    `TRIBUTARY_DATA_DIR must be a folder to write in (got "${join(folder, path)}": it is not a folder). Name another folder.`,
  ]);
});

test('what the start command makes for itself is asked of that alone', () => {
  for (const path of ['logs', 'redis']) writeFileSync(join(folder, path), '');
  expect(troubles()).toEqual([]);
  expect(folderTroubles({ name: '--data-dir', path: folder }, 16, DATA_FOLDERS)).toEqual([
    `--data-dir must be a folder to write in (got "${join(folder, 'logs')}": it is not a folder). Name another folder.`,
  ]);
});

test('law 6: generations without the archive that they are of are refused; its segments or its identity are enough', () => {
  mkdirSync(join(folder, 'archive'));
  mkdirSync(join(folder, DATA_PATHS.publications), { recursive: true });
  expect(troubles()).toEqual([]);
  writeFileSync(join(folder, DATA_PATHS.publications, '000001.json'), '{}');
  expect(troubles()).toEqual([
    `TRIBUTARY_DATA_DIR must be a folder with the archive that its generations are of (got "${folder}": it has generations/publications and nothing in archive/segments). Mount or restore archive; where it is lost for good, docs/production.md says what to do ("Backup and restore").`,
  ]);
  // Where a mount of the segments alone failed.
  mkdirSync(join(folder, DATA_PATHS.segments));
  expect(troubles()).toHaveLength(1);
  writeFileSync(join(folder, DATA_PATHS.archiveIdentity), '{"identity":"a"}');
  expect(troubles()).toEqual([]);
  rmSync(join(folder, DATA_PATHS.archiveIdentity));
  mkdirSync(join(folder, DATA_PATHS.segments, '00'));
  expect(troubles()).toEqual([]);
});
