/** A folder that stands for an object store keeps the contract of one; half a file gets no name. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeArchiveStoreContract } from '@tributary/testkit/contracts/object-store-contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderStore } from './folder.ts';
import { contentOfText } from './port.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-objects-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeArchiveStoreContract('folder', (place) => folderStore(join(folder, place)));

test('law 6: other bytes than those that were announced get no name, and nothing of them stays', async () => {
  using store = folderStore(join(folder, 'half'));
  const content = { ...contentOfText('whole'), read: () => contentOfText('half').read() };
  await expect(store.create('a/b', content)).rejects.toThrow('a/b was to have 5 bytes');
  expect(await store.read('a/b')).toBeNull();
  expect(await store.list('', '')).toEqual([]);
  expect(await readdir(join(folder, 'half', 'a'))).toEqual([]);
});
