/** Registrations of computations on disk. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
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
  await Promise.all(['b', 'a', 'coViewed'].map((name) => writeComputation(dataDir, { ...CO_VIEWED, name })));
  await writeComputation(dataDir, { ...CO_VIEWED, version: '2' });
  // What a crash left in the making is none.
  await writeFile(join(dataDir, 'computations', '.c.json.1.staged'), '{');
  expect((await readComputations(dataDir)).map(({ name, version }) => [name, version])).toEqual([
    ['a', '1'],
    ['b', '1'],
    ['coViewed', '2'],
  ]);
  expect(await computationFiles(dataDir)).toEqual(['a', 'b', 'coViewed'].map((name) => `computations/${name}.json`));
  expect(await removeComputation(dataDir, 'a')).toBe(true);
  await expect(writeComputation(dataDir, { ...CO_VIEWED, name: '../a' })).rejects.toMatchObject({ code: 'not_found' });
  await writeFile(join(dataDir, 'computations', 'b.json'), '{"name": "b"}');
  await expect(readComputations(dataDir)).rejects.toMatchObject({
    code: 'manifest_corrupt',
    message: expect.stringContaining('b.json'),
  });
  expect(await readdir(dataDir)).toEqual(['computations']);
});
