import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeForgotten } from '../forgotten.ts';
import { lackingVersion } from './lacking.ts';
import { writeRetired } from './retired.ts';

test('laws 7 and 9: what is read of archived files is of another version once they lack more users, or more days', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-forgotten-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const versions = [await lackingVersion(dataDir)];
  const forgotten = { generation: 3, searchedAt: null, lastSegment: [4], cut: ['p100000005'], erased: ['one'], lifted: {} };
  await writeForgotten(dataDir, forgotten);
  versions.push(await lackingVersion(dataDir));
  const none = { upTo: [], replaced: [], replacing: [], soFar: { files: 0, rows: 0, bytes: 0 }, outcomes: [] };
  await writeRetired(dataDir, { ...none, before: 86_400_000 });
  versions.push(await lackingVersion(dataDir), await lackingVersion(dataDir));
  expect(new Set(versions).size).toBe(3);
});
