/** Segments that blocks have replaced go only while nothing else replaces archived files. */
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { alone } from '@tributary/archive/alone';
import { blocksToMerge } from '@tributary/archive/blocks';
import { openDuckDb } from '@tributary/archive/duckdb';
import { namesIn, writeDurably } from '@tributary/archive/durable';
import type { SegmentManifest } from '@tributary/archive/layout';
import { toJson } from '@tributary/archive/manifest-file';
import { BLOCK_SEGMENTS, blockPath, segmentPath, writeSegment } from '@tributary/archive/segments';
import { mergeArchive, mergeBlocks } from '@tributary/recompute/retire/merge-archive';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SMALL_LIMITS } from './world.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-sweep-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const EVENTS = 'archive/events/date=2026-01';
const NAMED = 'p00-000000-000095-a1.parquet';
/** Written by who replaces the block's files, who has not named it yet. */
const UNNAMED = 'p00-000000-000095-b2.0.parquet';

/** A block since long ago with one of its segments left. */
async function halfMerged(): Promise<void> {
  await mkdir(join(dataDir, EVENTS), { recursive: true });
  for (const name of [NAMED, UNNAMED]) await writeFile(join(dataDir, EVENTS, name), 'x');
  const segment: SegmentManifest = {
    ...{ partition: 0, number: 0, logIdentity: 'log', after: null, upTo: '000001', seals: null },
    ...{ rows: 0, deadRows: 0, files: [], dead: null },
  };
  await writeSegment(dataDir, segment);
  const file = { path: `${EVENTS}/${NAMED}`, rows: 1, bytes: 1, sha256: '0'.repeat(64), date: '2026-01' };
  await mkdir(dirname(blockPath(dataDir, 0, 0)), { recursive: true });
  await writeDurably(blockPath(dataDir, 0, 0), toJson({ ...segment, to: BLOCK_SEGMENTS - 1, rows: 1, files: [file] }));
  await utimes(blockPath(dataDir, 0, 0), new Date(0), new Date(0));
}

test('law 6: what another process has written and is about to name stays, and old segments go when it is done', async () => {
  await halfMerged();
  const notes: string[] = [];
  const ports = {
    ...{ dataDir, limits: SMALL_LIMITS, now: Date.now, newAttempt: () => 'c3', merge: mergeBlocks },
    ...{
      log: { partitions: 1 } as never,
      note: (said: string, fields?: object) => notes.push(`${said} ${JSON.stringify(fields)}`),
    },
  };
  const merged = () => mergeArchive(1, ports, new AbortController().signal);
  const session = await openDuckDb({ memoryLimit: '64MB', threads: 1, tempDir: join(dataDir, 'spill') });
  try {
    await alone(session, { dataDir, staging: join(dataDir, 'staging', 'other') }, merged);
  } finally {
    await session.close();
  }
  expect((await namesIn(join(dataDir, EVENTS))).sort()).toEqual([NAMED, UNNAMED]);
  expect(notes).toEqual([expect.stringContaining('one process at a time must replace archived files')]);
  await merged();
  expect(notes.slice(1)).toEqual([]);
  expect(await namesIn(join(dataDir, EVENTS))).toEqual([NAMED]);
  expect(await namesIn(dirname(segmentPath(dataDir, 0, 0)))).toEqual(['000000-000095.json']);
});

test.each(['replaced', 'replacing'])(
  'what an erasure has %s, which who has the list of before still reads, stays',
  async (which) => {
    await halfMerged();
    const stays = { [which]: [{ path: `${EVENTS}/${UNNAMED}`, partition: 0, after: null }] };
    const forgotten = { generation: 1, erased: [], lifted: {}, lastSegment: [95], cut: ['000001'], searchedAt: null, ...stays };
    await writeDurably(join(dataDir, 'archive/forgotten.json'), toJson(forgotten));
    const ports = {
      ...{ dataDir, limits: SMALL_LIMITS, now: Date.now, newAttempt: () => 'c3', merge: mergeBlocks },
      log: { partitions: 1 } as never,
    };
    await mergeArchive(1, { ...ports, note: () => {} }, new AbortController().signal);
    expect((await namesIn(join(dataDir, EVENTS))).sort()).toEqual([NAMED, UNNAMED]);
    expect(await namesIn(dirname(segmentPath(dataDir, 0, 0)))).toEqual(['000000-000095.json']);
  },
);

test('a damaged segment keeps no other block from being merged', async () => {
  for (let partition = 0; partition < 2; partition++)
    for (let number = 0; number < BLOCK_SEGMENTS; number++) {
      const dead = number > 0 ? null : { path: `archive/dead/p0${partition}.ndjson`, rows: 1, bytes: 2, sha256: '0'.repeat(64) };
      await writeSegment(dataDir, {
        ...{ partition, number, logIdentity: 'log', after: number === 0 ? null : String(number).padStart(6, '0') },
        ...{ upTo: String(number + 1).padStart(6, '0'), seals: null, rows: 0, deadRows: 0, files: [] },
        // A file that is not there.
        dead: partition === 0 ? dead : null,
      });
    }
  const blocks = [0, 1].map((partition) => ({ partition, first: 0 }));
  const spec = { dataDir, generation: 1, attempt: 'd4', blocks, sweep: [], nowMs: Date.now(), limits: SMALL_LIMITS.compute };
  await expect(mergeBlocks(spec)).rejects.toThrow('1 of 2 blocks could not be merged');
  expect(await blocksToMerge(dataDir, 0, BLOCK_SEGMENTS)).toHaveLength(1);
  expect(await blocksToMerge(dataDir, 1, BLOCK_SEGMENTS)).toEqual([]);
});
