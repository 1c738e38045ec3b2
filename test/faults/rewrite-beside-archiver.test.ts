/** An archiver that starts while archived files are written again takes none of them, neither those that are named next nor those that are still read. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { digestsBy, erasureKey } from '@tributary/archive/erasure-key';
import { keepFile } from '@tributary/archive/parquet';
import { replacedFiles } from '@tributary/archive/replaced-files';
import { rewriteArchive } from '@tributary/archive/rewrite/rewrite';
import { readSegments, writeSegment } from '@tributary/archive/segments';
import { sweepOrphans } from '@tributary/archiver/sweep';
import { HOUR_MS } from '@tributary/model/time';
import { expect, test } from 'vitest';

test('laws 6 and 7: an archiver that starts beside it takes no file that is written again, nor one that it replaced', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tributary-beside-'));
  const session = await openDuckDb({ memoryLimit: '64MB', threads: 1, tempDir: join(dataDir, 'spill') });
  try {
    const stays = '{"raw":"{\\"userId\\":\\"eve\\"}"}\n';
    await mkdir(join(dataDir, 'staging'));
    await writeFile(join(dataDir, 'staging/dead'), `{"raw":"{\\"userId\\":\\"ana\\"}"}\n${stays}`);
    const before = await keepFile(dataDir, join(dataDir, 'staging/dead'), 'archive/dead/p00-000000-abc.ndjson', 2);
    await writeSegment(dataDir, {
      ...{ partition: 0, number: 0, logIdentity: 'log', after: null, upTo: '1', seals: null, rows: 0, files: [] },
      ...{ deadRows: 2, dead: before },
    });
    const erased = [digestsBy(await erasureKey(dataDir))('ana')];
    const rewrite = (attempt: string, reached: (step: string) => void = () => {}) =>
      rewriteArchive(session, {
        ...{ dataDir, attempt, staging: join(dataDir, 'staging/again'), from: [0], nowMs: Date.now(), reached },
        forgotten: { generation: 1, erased, lifted: {}, lastSegment: [0], cut: ['9'], searchedAt: null },
      });
    // Its file is there, and no manifest names it yet: whether it goes on or was killed, it cannot be seen from outside.
    const stopped = rewrite('dddd0000', (step) => {
      if (step === 'written') throw new Error('stopped');
    });
    await expect(stopped).rejects.toThrow('stopped');
    expect(await sweepOrphans(dataDir, Date.now())).toEqual([]);
    expect(await sweepOrphans(dataDir, Date.now() + 2 * HOUR_MS)).toEqual(['archive/dead/p00-000000-dddd0000.ndjson']);
    const noted = join(dataDir, 'archive/forgotten.json');
    const text = readFileSync(noted, 'utf8');
    await writeFile(noted, '{');
    expect(await sweepOrphans(dataDir, Date.now() + 2 * HOUR_MS)).toEqual([]);
    // As it was before any attempt. All at once between two of its reads: it had the manifest of before, or has the list of after.
    await writeFile(noted, JSON.stringify({ ...JSON.parse(text), replacing: [] }));
    const atOnce = async (folder: string) => {
      const known = await replacedFiles(folder);
      await rewrite('eeee0000');
      return known;
    };
    const orphan = join(dataDir, 'archive/dead/p00-000000-ffff0000.ndjson');
    await writeFile(orphan, '');
    expect(await sweepOrphans(dataDir, Date.now() + 2 * HOUR_MS, atOnce)).toEqual(['archive/dead/p00-000000-ffff0000.ndjson']);
    const [segment] = await readSegments(dataDir, 0);
    expect(readFileSync(join(dataDir, segment?.dead?.path ?? ''), 'utf8')).toBe(stays);
    expect(await sweepOrphans(dataDir, Date.now() + 2 * HOUR_MS)).toEqual([]);
    expect(existsSync(join(dataDir, before.path))).toBe(true);
  } finally {
    await session.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
