import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type ArchiveForgotten, erasedBehind, leftToGo, readForgotten, writeForgotten } from './forgotten.ts';

test('law 9: a state from before the cut of archived files may still have whom these lack, and who was lifted after it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-forgotten-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  expect(await erasedBehind(dataDir, 0, 'p100000001')).toBeNull();
  await writeForgotten(dataDir, {
    ...{ generation: 3, searchedAt: null, lastSegment: [4, 4], cut: ['p100000005', 'p200000000'] },
    erased: ['here', 'anywhere', 'there'],
    lifted: { soon: { position: 'p100000004', entryIndex: 0 }, long: { position: 'p100000002', entryIndex: 1 } },
    partitions: { here: [0, 1], there: [1] },
  });
  const behind = { erased: ['here', 'anywhere'], lifted: { soon: 'p100000004' }, upTo: '' };
  expect(await erasedBehind(dataDir, 0, 'p100000002')).toEqual(behind);
  expect(await erasedBehind(dataDir, 0, 'p100000004')).toEqual({ ...behind, lifted: {} });
  expect(await erasedBehind(dataDir, 0, 'p100000005')).toBeNull();
  await writeForgotten(dataDir, { ...((await readForgotten(dataDir)) as ArchiveForgotten), ofCut: true });
  expect(await erasedBehind(dataDir, 0, 'p100000002')).toEqual({ ...behind, upTo: 'p100000005' });
  // A block may go on behind the cut: what is erased goes up to there, as a lift may come after it.
  const lifted = { soon: { position: 'p100000004' }, here: { position: 'p100000005' }, there: { position: 'p100000005' } };
  expect(await leftToGo(dataDir, { partition: 0, number: 4 })).toMatchObject({ lifted });
  expect(await leftToGo(dataDir, { partition: 0, number: 5 })).toBeNull();
  const searched = { ...(await readForgotten(dataDir)), searchedAt: 1 } as Parameters<typeof writeForgotten>[1];
  await writeForgotten(dataDir, searched);
  expect(await leftToGo(dataDir, { partition: 0, number: 4 })).toBeNull();
});
