/** A small data folder as archivers and runs leave it: two partitions of two segments, one generation that is published. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGeneration, writeGeneration } from '@tributary/archive/generations';
import type { StoredFile } from '@tributary/archive/layout';
import { publish } from '@tributary/archive/publications';
import { writeSegment } from '@tributary/archive/segments';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { temporaryFolder } from './temporary.ts';

const DATE = '2026-11-20';

export async function archivedFolder(dataDir = temporaryFolder('archived')): Promise<string> {
  for (const partition of [0, 1])
    for (const number of [0, 1]) {
      const path = `archive/events/date=${DATE}/p0${partition}-00000${number}-a1.parquet`;
      const file = await stored(dataDir, path, `events ${partition} ${number}\n`.repeat(20), 20);
      await writeSegment(dataDir, {
        partition,
        number,
        logIdentity: 'log-1',
        after: number === 0 ? null : '0001',
        upTo: `000${number + 1}`,
        seals: number === 1 ? 1 : null,
        rows: 20,
        deadRows: 0,
        files: [{ ...file, date: DATE }],
        dead: null,
      });
    }
  const created = await createGeneration(dataDir, pendingGeneration({ json: '{}', version: 'v' }));
  const views = { activity: [await stored(dataDir, 'generations/000001/view-activity-a1.parquet', 'rows', 1)] };
  await writeGeneration(dataDir, {
    ...created,
    state: 'computed',
    computedAt: 2,
    lastSegment: [1, 1],
    cut: ['0002', '0002'],
    views,
  });
  await publish(dataDir, 0, { generation: 1, action: 'publish', held: false, at: 3, by: 'test' });
  return dataDir;
}

async function stored(dataDir: string, path: string, text: string, rows: number): Promise<StoredFile> {
  await mkdir(dirname(join(dataDir, path)), { recursive: true });
  await writeFile(join(dataDir, path), text);
  return { path, rows, bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}
