/** Folders of the data folder are for their owner only, where they are ours. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeFolders } from '@tributary/local/close-folders';
import { DATA_FOLDERS } from '@tributary/runtime/data-folder/paths';
import { afterEach, beforeEach, expect, test } from 'vitest';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tributary-folders-'));
  for (const name of DATA_FOLDERS) {
    mkdirSync(join(dataDir, name), { recursive: true });
    chmodSync(join(dataDir, name), 0o755);
  }
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const modes = () => DATA_FOLDERS.map((name) => statSync(join(dataDir, name)).mode & 0o777);
const refusing = (code: string, folder: string) => (path: string, mode: number) => {
  if (path === join(dataDir, folder)) throw Object.assign(new Error(code), { code });
  chmodSync(path, mode);
};

test('folders of an older version are closed; those that are not there are not made', () => {
  rmSync(join(dataDir, 'logs'), { recursive: true });
  closeFolders(dataDir);
  mkdirSync(join(dataDir, 'logs'), { mode: 0o700 });
  expect(new Set(modes())).toEqual(new Set([0o700]));
});

test.each(['EPERM', 'EROFS'])('a mount that may not be changed (%s) keeps its mode, and the start goes on', (code) => {
  closeFolders(dataDir, refusing(code, 'archive'));
  expect(modes()).toEqual(DATA_FOLDERS.map((name) => (name === 'archive' ? 0o755 : 0o700)));
});

test('anything else is reported', () => {
  expect(() => closeFolders(dataDir, refusing('EIO', 'archive'))).toThrow('EIO');
});
