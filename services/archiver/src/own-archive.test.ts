import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { createMemoryArchiveClaims } from '@tributary/testkit/memory/memory-archive-claims';
import { expect, onTestFinished, test } from 'vitest';
import { createOwnArchive } from './own-archive.ts';

const log = { identity: 'log', starts: async () => [null] };

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-own-archive-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('law 6: of two archivers that begin a folder at the same moment both claim the identity that it has', async () => {
  const dataDir = await emptyFolder();
  const claims = createMemoryArchiveClaims();
  const path = dataPath(dataDir, 'archiveIdentity');
  const second = createOwnArchive(dataDir, log, claims, () => {
    // The first one writes between the second one's look and its own file.
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ identity: 'of the first' }));
    return 'of the second';
  });
  await second.claim();
  expect([await claims.of('log'), await archiveIdentity(dataDir)]).toEqual(['of the first', 'of the first']);
  await createOwnArchive(dataDir, log, claims).claim();
});

test('law 6: an archive whose claim comes second is refused at once', async () => {
  const claims = { of: async () => null, claim: async () => 'another archive' };
  await expect(createOwnArchive(await emptyFolder(), log, claims).claim()).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining('must be the folder with the archive another archive'),
  });
});
