/** Many small segments merged into blocks: no row lost or doubled, wherever a process dies, and readers never notice. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DAY_MS } from '@tributary/model/time';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blocksToMerge, mergeBlock, sweepMerged } from './blocks.ts';
import { type DuckDb, openDuckDb } from './duckdb.ts';
import { namesIn } from './durable.ts';
import { EVENT_COLUMNS, type SegmentManifest } from './layout.ts';
import { copyToParquet, keepFile } from './parquet.ts';
import { archivedUpTo, BLOCK_SEGMENTS, blockPath, readSegment, readSegments, writeSegment } from './segments.ts';
import { sqlText } from './sql-text.ts';

const P = 3;
const T = Date.UTC(2026, 0, 1);

let dir: string;
let session: DuckDb;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-blocks-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dir, 'spill') });
});
afterEach(async () => {
  await session.close();
  await rm(dir, { recursive: true, force: true });
});

const position = (n: number) => String(n).padStart(6, '0');

/** A segment of a few events on two days by default, every tenth with a dead record; `seals` every fourth. */
async function archive(number: number, days: readonly number[] = [0, number % 45]): Promise<void> {
  const files: SegmentManifest['files'][number][] = [];
  for (const day of days) {
    const date = new Date(T + day * DAY_MS).toISOString().slice(0, 10);
    const path = `archive/events/date=${date}/p03-${position(number)}-abc${files.length === 0 ? '' : '.1'}.parquet`;
    const own: Record<string, string> = {
      user_key: `'user ' || (i % 7)`,
      ts: `${T + day * DAY_MS} + i`,
      id: `'e${number}-${day}-' || i`,
      partition: String(P),
      position: `'${position(number)}'`,
      entry_index: 'i',
    };
    const columns = Object.entries(EVENT_COLUMNS).map(([name, type]) => `CAST(${own[name] ?? 'NULL'} AS ${type}) AS ${name}`);
    const staged = join(dir, 'staging', `${number}-${files.length}.parquet`);
    const rows = await copyToParquet(session, `SELECT ${columns.join(', ')} FROM range(${1 + (number % 3)}) r(i)`, staged);
    files.push({ ...(await keepFile(dir, staged, path, rows)), date });
  }
  const staged = join(dir, 'staging', `${number}.ndjson`);
  await writeFile(staged, `{"dead":${number}}\n`);
  const dead = number % 10 === 0 ? await keepFile(dir, staged, `archive/dead/p03-${position(number)}-abc.ndjson`, 1) : null;
  await writeSegment(dir, {
    partition: P,
    number,
    logIdentity: 'log',
    after: number === 0 ? null : position(number),
    upTo: position(number + 1),
    seals: number % 4 === 3 ? number : null,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    deadRows: dead === null ? 0 : 1,
    files,
    dead,
  });
}

/** What a full generation would read. */
async function rowsRead(): Promise<unknown[]> {
  const segments = await readSegments(dir, P);
  const paths = segments.flatMap(({ files }) => files.map(({ path }) => sqlText(join(dir, path))));
  const names = Object.keys(EVENT_COLUMNS).join(', ');
  return session.rows(`SELECT ${names} FROM read_parquet([${paths.join(', ')}], hive_partitioning = false) ORDER BY ALL`);
}

const merge = (first: number, attempt: string) =>
  mergeBlock(session, dir, { partition: P, first }, attempt, join(dir, 'staging', attempt));

async function fileCount(): Promise<number> {
  let count = 0;
  for (const folder of await namesIn(join(dir, 'archive', 'events')))
    count += (await namesIn(join(dir, 'archive', 'events', folder))).length;
  return count;
}

test('law 6: a block holds every row of its segments; readers take one or the other, also while the old ones go', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS + 5; number++) await archive(number);
  const before = await rowsRead();
  const end = await archivedUpTo(dir, P);
  expect(await blocksToMerge(dir, P, BLOCK_SEGMENTS - 1)).toEqual([]);
  expect(await blocksToMerge(dir, P, BLOCK_SEGMENTS)).toEqual([{ partition: P, first: 0 }]);
  expect(await merge(0, 'a1')).toBe(true);
  expect(await blocksToMerge(dir, P, BLOCK_SEGMENTS)).toEqual([]);

  const segments = await readSegments(dir, P);
  expect(segments.map(({ number, to }) => [number, to])).toEqual([
    [0, BLOCK_SEGMENTS - 1],
    ...[96, 97, 98, 99, 100].map((number) => [number, undefined]),
  ]);
  expect(segments[0]).toMatchObject({ after: null, upTo: position(BLOCK_SEGMENTS), seals: 95, deadRows: 10, dead: { rows: 10 } });
  expect(await rowsRead()).toEqual(before);
  expect(await archivedUpTo(dir, P)).toEqual(end);

  // Not yet a day old: copies and older lists still find all.
  const files = await fileCount();
  await sweepMerged(dir, P, Date.now());
  expect(await fileCount()).toBe(files);
  await utimes(blockPath(dir, P, 0), new Date(Date.now() - DAY_MS), new Date(Date.now() - DAY_MS));
  await sweepMerged(dir, P, Date.now());
  expect(await fileCount()).toBeLessThanOrEqual(2 + 5 * 2);
  expect(await rowsRead()).toEqual(before);
  expect(await archivedUpTo(dir, P)).toEqual(end);
  expect(await readSegment(dir, P, 17)).toEqual(segments[0]);
  await expect(readSegments(dir, P, 17)).rejects.toThrow('Run a full generation');
});

test('law 3: of two attempts at a block one counts, the other leaves nothing', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS; number++) await archive(number, [number % 45]);
  const before = await rowsRead();
  const files = await fileCount();
  expect((await Promise.all([merge(0, 'a1'), merge(0, 'b2')])).sort()).toEqual([false, true]);
  expect(await fileCount()).toBe(files + 2);
  expect(await rowsRead()).toEqual(before);
});

test('law 6: a sweep that was cut short goes on; what a killed attempt left goes as well', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS; number++) await archive(number, [number % 45]);
  const before = await rowsRead();
  await merge(0, 'a1');
  await writeFile(join(dir, 'archive/events/date=2026-01/p03-000000-000095-dead.parquet'), 'x');
  // Cut short: some files are gone, their manifests are not.
  const [first] = (await readSegment(dir, P, 0)).files;
  await rm(join(dir, first?.path ?? ''));
  await utimes(blockPath(dir, P, 0), new Date(0), new Date(0));
  await sweepMerged(dir, P, Date.now());
  expect(await fileCount()).toBe(2);
  expect(await namesIn(join(dir, 'archive/segments/p03'))).toEqual(['000000-000095.json']);
  expect(await rowsRead()).toEqual(before);
});

test('law 7: damaged or missing segments are not merged, and neither are segments of two logs', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS; number++) await archive(number, [number % 45]);
  const [file] = (await readSegment(dir, P, 5)).files;
  await writeFile(join(dir, file?.path ?? ''), 'x');
  await expect(merge(0, 'a1')).rejects.toMatchObject({ code: 'archive_corrupt' });
  await expect(blocksToMerge(dir, P, BLOCK_SEGMENTS)).resolves.toHaveLength(1);
});
