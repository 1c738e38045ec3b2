/** Folders sent to an object store and fetched from there: whole, or refused. What the store itself does: its contract. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { describeArchiveStoreContract } from '@tributary/testkit/contracts/object-store-contract';
import { type MemoryObjects, memoryObjects } from '@tributary/testkit/memory/memory-objects';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchBackup } from './fetch.ts';
import { demandNoBackup, sendBackup } from './send.ts';

const places = new Map<string, MemoryObjects>();
describeArchiveStoreContract('memory', (place) => {
  if (!places.has(place)) places.set(place, memoryObjects());
  return places.get(place) as MemoryObjects;
});

const FILES = {
  'backup.json': '{}',
  'archive/a=1/x.parquet': 'x'.repeat(5_000),
  'archive/y.parquet': 'y',
  'archive/z.parquet': 'y',
};
const LIST = 'backup.list.json';
const sleep = async () => {};
let folder: string;
let store: MemoryObjects;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-objects-'));
  fill('from', FILES);
  mkdirSync(join(folder, 'to'));
  store = memoryObjects();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function fill(name: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, path, '..'), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
}
const send = (from = 'from', to: MemoryObjects = store) => sendBackup({ folder: join(folder, from), store: to, sleep });
const fetched = () => fetchBackup({ folder: join(folder, 'to'), store, sleep });
/** `create` of the store, but for what it does instead. */
function changed(create: (name: string, real: () => Promise<boolean>) => Promise<boolean>): MemoryObjects {
  return { ...store, create: (name, content) => create(name, () => store.create(name, content)) };
}

test('law 7: what was sent is fetched as it was; killed before any object it is refused, and the next attempt goes on', async () => {
  for (let at = 0; at < 4; at++) {
    let left = at;
    const killed = changed(async (_, real) => (left-- > 0 ? real() : Promise.reject(new Error('killed'))));
    await expect(send('from', killed)).rejects.toThrow('killed');
    await demandNoBackup({ store, sleep });
    await expect(fetched()).rejects.toMatchObject({
      code: 'invalid_query',
      message: expect.stringContaining('which is written last'),
    });
  }
  await send();
  // Files of the same bytes are one object.
  expect(store.objects.size).toBe(4);
  await fetched();
  for (const [path, text] of Object.entries(FILES)) expect(readFileSync(join(folder, 'to', path), 'utf8')).toBe(text);
  expect(readdirSync(join(folder, 'to', 'archive')).sort()).toEqual(['a=1', 'y.parquet', 'z.parquet']);
});

test('law 7: of two backups to one place one is there, whole; whose answer was lost learns that it is', async () => {
  fill('other', { ...FILES, 'archive/y.parquet': 'another' });
  // Both saw that nothing is there.
  const lost = changed(async (name, real) => {
    const isMade = await real();
    return isMade && name !== LIST;
  });
  await Promise.all([demandNoBackup({ store, sleep }), demandNoBackup({ store, sleep })]);
  await send('from', lost);
  await expect(send('other')).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('"s3://memory/here"') });
  await expect(demandNoBackup({ store, sleep })).rejects.toMatchObject({ code: 'conflict' });
  await fetched();
  expect(readFileSync(join(folder, 'to/archive/y.parquet'), 'utf8')).toBe('y');
});

test('law 7: a backup that lost an object, or was altered, is refused with its file, and leads to no other place', async () => {
  await send();
  const whole = new Map(store.objects);
  const list = JSON.parse(String(whole.get(LIST))) as { files: { path: string; sha256: string }[] };
  const large = list.files.find(({ path }) => path === 'archive/a=1/x.parquet');
  const object = `files/${large?.sha256}`;
  const listOf = (path: string) => Buffer.from(JSON.stringify({ ...list, files: [{ ...large, path }] }));
  for (const [says, name, bytes] of [
    ['archive/a=1/x.parquet is missing', object, null],
    ['archive/a=1/x.parquet has other bytes', object, Buffer.from('z'.repeat(5_000))],
    ['archive/a=1/x.parquet has other bytes', object, Buffer.from('x'.repeat(4_999))],
    ['archive/a=1/x.parquet has other bytes', object, Buffer.from('x'.repeat(9_000_000))],
    [`${LIST} cannot be read`, LIST, Buffer.from('{"version":1,')],
    [`${LIST} cannot be read`, LIST, listOf('../outside')],
    [`${LIST} cannot be read`, LIST, listOf('/outside')],
    [`${LIST} cannot be read`, LIST, listOf('a/../../outside')],
  ] as const) {
    store.objects.clear();
    for (const [each, value] of whole) store.objects.set(each, value);
    store.objects.delete(name);
    if (bytes !== null) store.objects.set(name, bytes);
    await expect(fetched(), says).rejects.toMatchObject({ code: 'invalid_query', message: expect.stringContaining(says) });
  }
  expect(existsSync(join(folder, 'outside'))).toBe(false);
});

test('an object that breaks off is read again; a file that is too large for the store is named before anything is sent', async () => {
  await send();
  const pauses: number[] = [];
  let failures = 3;
  const broken: MemoryObjects = {
    ...store,
    async read(name) {
      const pieces = await store.read(name);
      return pieces === null || failures === 0 ? pieces : breaking(pieces);
    },
  };
  async function* breaking(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      yield piece.subarray(0, 1);
      if (failures-- > 0) throw new TributaryError('objects_unavailable', 'gone');
    }
  }
  await fetchBackup({ folder: join(folder, 'to'), store: broken, sleep: async (ms) => void pauses.push(ms) });
  expect(pauses).toEqual([400, 800, 1_600]);
  expect(readFileSync(join(folder, 'to/archive/a=1/x.parquet'), 'utf8')).toBe(FILES['archive/a=1/x.parquet']);
  let reads = 0;
  const gone: MemoryObjects = {
    ...store,
    read: () => Promise.reject(new TributaryError('objects_unavailable', `read ${++reads} times`)),
  };
  await expect(fetchBackup({ folder: join(folder, 'to'), store: gone, sleep })).rejects.toThrow('read 5 times');
  await expect(demandNoBackup({ store: gone, sleep })).rejects.toThrow('read 10 times');
  const small = { ...memoryObjects(), largestObject: 4_000 };
  await expect(send('from', small)).rejects.toMatchObject({
    code: 'invalid_query',
    message: expect.stringContaining('at most 4000 bytes to be sent to s3://memory/here (got 5000: archive/a=1/x.parquet)'),
  });
  expect(small.objects.size).toBe(0);
});
