/** Registrations of computations on disk. */
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { computationFiles, type Registration, readComputations, removeComputation, writeComputation } from './computations.ts';

const CO_VIEWED: Registration = {
  name: 'coViewed',
  version: '1',
  reads: { kinds: [], signals: ['lastItems'] },
  writes: { fields: ['items'] },
  mostLagMs: 60_000,
  at: 1,
  by: 'key ta_x',
};

test('law 7: registrations are files of their own, replaced whole, and a damaged one is named', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'computations-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  expect(await readComputations(dataDir)).toEqual([]);
  expect(await removeComputation(dataDir, 'coViewed')).toBe(false);
  await Promise.all(['b', 'a', 'coViewed'].map((name) => writeComputation(dataDir, { ...CO_VIEWED, name }, 50)));
  await writeComputation(dataDir, { ...CO_VIEWED, version: '2' }, 50);
  // What a crash left in the making is none.
  await writeFile(join(dataDir, 'computations', '.c.json.1.staged'), '{');
  expect((await readComputations(dataDir)).map(({ name, version }) => [name, version])).toEqual([
    ['a', '1'],
    ['b', '1'],
    ['coViewed', '2'],
  ]);
  expect(await computationFiles(dataDir)).toEqual(['a', 'b', 'coViewed'].map((name) => `computations/${name}.json`));
  expect(await removeComputation(dataDir, 'a')).toBe(true);
  await expect(writeComputation(dataDir, { ...CO_VIEWED, name: '../a' }, 50)).rejects.toMatchObject({ code: 'not_found' });
  await writeFile(join(dataDir, 'computations', 'b.json'), '{"name": "b"}');
  await expect(readComputations(dataDir)).rejects.toMatchObject({
    code: 'manifest_corrupt',
    message: expect.stringContaining('b.json'),
  });
  expect(await readdir(dataDir)).toEqual(['computations']);
});

test('the bound holds for registrations at the same moment, and does not hold up one that replaces another', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'computations-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const at = Date.now();
  const write = (name: string, version = '1') => writeComputation(dataDir, { ...CO_VIEWED, name, version, at }, 3);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const written = await Promise.all(names.map((name) => write(name)));
  expect(written.filter(Boolean)).toHaveLength(3);
  const registered = (await readComputations(dataDir)).map(({ name }) => name);
  expect(registered).toEqual(names.filter((_name, i) => written[i]));
  expect(await write('b', '2')).toBe(true);
  // Another process is about to register one: its place is taken, until that process is known to have died.
  await removeComputation(dataDir, 'a');
  const staged = join(dataDir, 'computations', '.other.json.1.staged');
  await writeFile(staged, '{');
  expect([await write('d'), await write('c', '2')]).toEqual([false, true]);
  await utimes(staged, at / 1_000 - 61, at / 1_000 - 61);
  expect(await write('d')).toBe(true);
  expect(await readdir(join(dataDir, 'computations'))).toEqual(['b.json', 'c.json', 'd.json']);
});
