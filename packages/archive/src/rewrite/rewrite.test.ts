/** Blocks, and the segments that they replaced, which stay for a day: both lose the user. */
import { existsSync, renameSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { alone } from '../alone.ts';
import { auditDataFolder } from '../audit/audit.ts';
import { mergeBlock, sweepMerged } from '../blocks.ts';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { writeDurably } from '../durable.ts';
import { digestsBy, erasureKey } from '../erasure-key.ts';
import { createReceipt, newReceipt } from '../erasures.ts';
import { type ArchiveForgotten, erasedBefore, readForgotten, writeForgotten } from '../forgotten.ts';
import { EVENT_COLUMNS, type SegmentManifest } from '../layout.ts';
import { toJson } from '../manifest-file.ts';
import { copyToParquet, keepFile } from '../parquet.ts';
import { repairFrom } from '../repair/repair.ts';
import { writeRetired } from '../retention/retired.ts';
import { BLOCK_SEGMENTS, readSegments, readSingle, segmentPath, writeSegment } from '../segments.ts';
import { sqlText } from '../sql-text.ts';
import { rewriteArchive } from './rewrite.ts';

let dataDir: string;
let session: DuckDb;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-rewrite-'));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterEach(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

const position = (n: number) => String(n).padStart(6, '0');

/** One event of each of two users. */
async function archive(number: number): Promise<void> {
  const own: Record<string, string> = {
    user_key: `CASE i WHEN 0 THEN 'ana' ELSE 'eve' END`,
    ts: `${Date.UTC(2026, 0, 1)} + ${number}`,
    id: `'e${number}-' || i`,
    position: `'${position(number + 1)}'`,
    entry_index: 'i',
  };
  const columns = Object.entries(EVENT_COLUMNS).map(([name, type]) => `CAST(${own[name] ?? 'NULL'} AS ${type}) AS ${name}`);
  const staged = join(dataDir, 'staging', `${number}.parquet`);
  const rows = await copyToParquet(session, `SELECT ${columns.join(', ')} FROM range(2) r(i)`, staged);
  const path = `archive/events/date=2026-01-01/p00-${position(number)}-abc.parquet`;
  const files = [{ ...(await keepFile(dataDir, staged, path, rows)), date: '2026-01-01' }];
  const [after, upTo] = [number === 0 ? null : position(number), position(number + 1)];
  await writeSegment(dataDir, {
    partition: 0,
    number,
    logIdentity: 'log',
    after,
    upTo,
    seals: null,
    rows,
    deadRows: 0,
    files,
    dead: null,
  });
}

async function usersIn(paths: readonly string[]): Promise<string[]> {
  const files = paths.map((path) => sqlText(join(dataDir, path))).join(', ');
  const rows = await session.rows(
    `SELECT user_key, count(*) AS events FROM read_parquet([${files}], hive_partitioning = false) GROUP BY ALL ORDER BY 1`,
  );
  return rows.map((row) => `${String(row['user_key'])} ${String(row['events'])}`);
}

const readable = async () => (await readSegments(dataDir, 0)).flatMap(({ files }) => files.map(({ path }) => path));

test('laws 6 and 9: a user goes from a block and from the segments beside it, and no other user does', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS + 2; number++) await archive(number);
  await mergeBlock(session, dataDir, { partition: 0, first: 0 }, 'b1', join(dataDir, 'staging', 'b1'));
  const forgotten = {
    ...{ generation: 1, erased: [digestsBy(await erasureKey(dataDir))('ana')], lifted: {}, searchedAt: null },
    ...{ lastSegment: [BLOCK_SEGMENTS], cut: [position(BLOCK_SEGMENTS + 1)] },
  };
  const work = {
    dataDir,
    forgotten,
    from: [0],
    attempt: 'aaaa0000',
    staging: join(dataDir, 'staging', 'rewrite'),
    nowMs: Date.now(),
  };
  const before = (await readable()).slice(0, 1);
  expect(await rewriteArchive(session, work)).toEqual({
    rows: 2 * BLOCK_SEGMENTS + 1,
    files: BLOCK_SEGMENTS + 2,
    isSearched: true,
  });
  // Who has the list of before reads what it names until the next run.
  expect(await usersIn(before)).toEqual([`ana ${BLOCK_SEGMENTS}`, `eve ${BLOCK_SEGMENTS}`]);
  const { replaced = [] } = (await readForgotten(dataDir)) ?? {};
  expect(replaced).toHaveLength(BLOCK_SEGMENTS + 2);
  const next = { ...work, attempt: 'bbbb0000', from: [BLOCK_SEGMENTS + 1], forgotten: { ...forgotten, replaced } };
  expect(await rewriteArchive(session, next)).toEqual({ rows: 0, files: 0, isSearched: true });
  expect((await readForgotten(dataDir))?.replaced).toEqual([]);
  await expect(usersIn(before)).rejects.toThrow('No files found');
  // One segment came after the cut.
  expect(await usersIn(await readable())).toEqual(['ana 1', `eve ${BLOCK_SEGMENTS + 2}`]);
  const merged = (await readSingle(dataDir, 0, 5))?.files.map(({ path }) => path) ?? [];
  expect(await usersIn(merged)).toEqual(['eve 1']);
  await sweepMerged(dataDir, 0, Date.now() + 2 * 86_400_000);
  expect(await usersIn(await readable())).toEqual(['ana 1', `eve ${BLOCK_SEGMENTS + 2}`]);
});

const ofAna = async (lastSegment: number): Promise<ArchiveForgotten> => ({
  ...{ generation: 1, erased: [digestsBy(await erasureKey(dataDir))('ana')], lifted: {}, searchedAt: null },
  ...{ lastSegment: [lastSegment], cut: [position(lastSegment + 1)] },
});
const attemptOf = (forgotten: Awaited<ReturnType<typeof ofAna>>) => ({
  ...{ dataDir, forgotten, from: [0], attempt: 'aaaa0000', staging: join(dataDir, 'staging', 'rewrite') },
  nowMs: Date.now() + 2 * 3_600_000,
});

test('law 6: files whose manifest is lost stay for a repair, and nothing is called searched', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const [, lost] = await readSegments(dataDir, 0);
  await rm(segmentPath(dataDir, 0, 1));
  expect(await rewriteArchive(session, attemptOf(await ofAna(2)))).toMatchObject({ isSearched: false });
  expect(await usersIn(lost?.files.map(({ path }) => path) ?? [])).toEqual(['ana 1', 'eve 1']);
});

test('law 9: what a repair brought back of an erased user is not called searched', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  try {
    await cp(dataDir, from, { recursive: true });
    await rewriteArchive(session, attemptOf(await ofAna(2)));
    expect((await readForgotten(dataDir))?.searchedAt).not.toBeNull();
    await rm(segmentPath(dataDir, 0, 1));
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: true } });
    await repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun: false });
    expect(await usersIn(await readable())).toEqual(['ana 1', 'eve 3']);
    expect((await readForgotten(dataDir))?.searchedAt).toBeNull();
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('laws 6, 7 and 9: files that were written again and lost since come back as a copy from before has them, until they are written again', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  const repair = async (dryRun: boolean) => {
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } });
    return repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun });
  };
  try {
    await cp(dataDir, from, { recursive: true });
    await rewriteArchive(session, attemptOf(await ofAna(2)));
    for (const number of [0, 2]) {
      const { files } = (await readSingle(dataDir, 0, number)) as SegmentManifest;
      for (const { path } of files) await rm(join(dataDir, path));
    }
    // While a run replaces archived files nothing else does.
    await alone(session, { dataDir, staging: join(dataDir, 'staging', 'run') }, async () => {
      const { left } = await repair(false);
      expect(left.map(({ detail }) => detail)).toEqual([0, 2].map(() => expect.stringContaining('one process at a time')));
    });
    // The file of before stays until the next run: one of them is gone as well.
    const gone = (await readSingle(from, 0, 2))?.files[0]?.path ?? '';
    await rm(join(dataDir, gone));
    const planned = await repair(true);
    const { repaired, left } = await repair(false);
    expect([left, planned]).toEqual([[], { repaired, left: [] }]);
    expect(repaired).toEqual([segmentPath('', 0, 0), gone, segmentPath('', 0, 2)]);
    expect(await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: false } })).toMatchObject({ ok: true });
    expect(await usersIn(await readable())).toEqual(['ana 2', 'eve 3']);
    const forgotten = (await readForgotten(dataDir)) as ArchiveForgotten;
    expect(forgotten.searchedAt).toBeNull();
    await rewriteArchive(session, { ...attemptOf(forgotten), attempt: 'bbbb0000' });
    expect(await usersIn(await readable())).toEqual(['eve 3']);
    expect((await readForgotten(dataDir))?.searchedAt).not.toBeNull();
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('law 9: files of an erased user that a repair brought for a segment which it could not make whole are not called searched', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  const repair = async () => {
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: true } });
    return repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun: false });
  };
  const brought = async () => {
    const { searchedAt = 0 } = (await readForgotten(dataDir)) ?? {};
    return [existsSync(join(dataDir, first?.path ?? '')), searchedAt === null];
  };
  await cp(dataDir, from, { recursive: true });
  const copied = (await readSingle(from, 0, 1)) as SegmentManifest;
  const [first] = copied.files;
  try {
    const second = {
      ...(first as SegmentManifest['files'][number]),
      path: `archive/events/date=2026-01-01/p00-000001-lost.parquet`,
    };
    await writeDurably(segmentPath(from, 0, 1), toJson({ ...copied, files: [first, second], rows: 4 }));
    const forgotten = await ofAna(2);
    await rewriteArchive(session, attemptOf(forgotten));
    const { replaced = [] } = (await readForgotten(dataDir)) ?? {};
    const searched = { ...attemptOf({ ...forgotten, replaced }), attempt: 'bbbb0000' };
    expect(await rewriteArchive(session, searched)).toMatchObject({ isSearched: true });
    expect(await brought()).toEqual([false, false]);
    for (const { path } of (await readSingle(dataDir, 0, 1))?.files ?? []) await rm(join(dataDir, path));
    // While a run replaces archived files, none comes.
    await alone(session, { dataDir, staging: join(dataDir, 'staging', 'run') }, repair);
    expect(await brought()).toEqual([false, false]);
    expect((await repair()).left).toHaveLength(2);
    expect(await brought()).toEqual([true, true]);
    await rm(join(dataDir, first?.path ?? ''));
    await writeForgotten(dataDir, { ...forgotten, searchedAt: 1 });
    await rm(segmentPath(dataDir, 0, 1));
    expect((await repair()).left).not.toEqual([]);
    expect(await brought()).toEqual([true, true]);
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('law 6: a segment of a second copy that lost other users than this folder is not taken for an older one', async () => {
  await archive(0);
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  try {
    const work = attemptOf(await ofAna(0));
    await cp(dataDir, from, { recursive: true });
    const erased = [digestsBy(await erasureKey(dataDir))('eve')];
    await rewriteArchive(session, { ...work, dataDir: from, forgotten: { ...work.forgotten, erased } });
    await rewriteArchive(session, { ...work, attempt: 'bbbb0000' });
    const [path = ''] = await readable();
    await rm(join(dataDir, path));
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: true } });
    const { repaired, left } = await repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun: false });
    expect([repaired, left]).toEqual([[], [{ path, detail: 'in the second copy it is missing' }]]);
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('law 7: of a segment as it was before, what retention by age took out since stays out', async () => {
  await archive(0);
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  try {
    await cp(dataDir, from, { recursive: true });
    const before = (await readSingle(from, 0, 0)) as SegmentManifest;
    const [file] = before.files as [SegmentManifest['files'][number]];
    const old = { ...file, path: file.path.replaceAll('2026-01-01', '2025-12-31'), date: '2025-12-31' };
    await cp(join(from, file.path), join(from, old.path), { recursive: true });
    await writeDurably(segmentPath(from, 0, 0), toJson({ ...before, files: [old, file], rows: 2 * before.rows }));
    await rewriteArchive(session, attemptOf(await ofAna(0)));
    const none = { upTo: [0], replaced: [], replacing: [], soFar: { files: 0, rows: 0, bytes: 0 }, outcomes: [] };
    await writeRetired(dataDir, { before: Date.UTC(2026, 0, 1), ...none });
    for (const path of await readable()) await rm(join(dataDir, path));
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: true } });
    const { left } = await repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun: false });
    expect([left, await readSingle(dataDir, 0, 0)]).toEqual([[], before]);
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('law 6: a segment of a second copy that lacks more than this folder knows of is not taken for an older one', async () => {
  await archive(0);
  const work = attemptOf(await ofAna(0));
  const from = await mkdtemp(join(tmpdir(), 'tributary-copy-'));
  try {
    await cp(dataDir, from, { recursive: true });
    expect(await rewriteArchive(session, { ...work, dataDir: from })).toMatchObject({ rows: 1 });
    const [path = ''] = await readable();
    for (const folder of [dataDir, from]) await rm(join(folder, path));
    const audit = await auditDataFolder({ dataDir, nowMs: Date.now(), depth: { quick: true } });
    const { repaired, left } = await repairFrom(audit, { dataDir, from, nowMs: Date.now(), attempt: 'a1', dryRun: false });
    expect([repaired, left]).toEqual([[], [{ path, detail: 'in the second copy it is missing' }]]);
  } finally {
    await rm(from, { recursive: true, force: true });
  }
});

test('law 9: the key of digests is not made again while a list of erased users or a receipt has some', async () => {
  await archive(0);
  await writeForgotten(dataDir, await ofAna(0));
  await rm(dataPath(dataDir, 'erasureKey'));
  await expect(erasureKey(dataDir)).rejects.toThrow('archive/forgotten.json names users by it');
  await rm(dataPath(dataDir, 'archiveForgotten'));
  await createReceipt(dataDir, newReceipt({ partition: 0, digest: 'a'.repeat(32), askedAt: 1e12, by: 'key', reason: null }));
  await expect(erasureKey(dataDir)).rejects.toThrow('erasure-');
});

test('laws 7 and 9: what a killed attempt replaced stays until the run after the next one, for who reads it by the list of before', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const work = attemptOf(await ofAna(2));
  const before = await readable();
  let named = 0;
  const reached = (step: string) => {
    if (step === 'named' && ++named === 2) throw new Error('killed');
  };
  await expect(rewriteArchive(session, { ...work, reached })).rejects.toThrow('killed');
  for (const [attempt, left] of [
    ['bbbb0000', ['ana 3', 'eve 3']],
    ['cccc0000', null],
  ] as const) {
    const { replaced = [], replacing = [] } = (await readForgotten(dataDir)) ?? {};
    const forgotten = { ...work.forgotten, replaced, replacing };
    expect(await rewriteArchive(session, { ...work, attempt, forgotten })).toMatchObject({ isSearched: true });
    expect(await usersIn(await readable())).toEqual(['eve 3']);
    if (left === null) await expect(usersIn(before)).rejects.toThrow('No files found');
    else expect(await usersIn(before)).toEqual(left);
  }
});

test('law 9: files that come while others are written again are searched as well', async () => {
  for (let number = 0; number < 3; number++) await archive(number);
  const aside = join(dataDir, 'aside.json');
  await rename(segmentPath(dataDir, 0, 1), aside);
  const reached = (step: string) => {
    if (step === 'forgotten') renameSync(aside, segmentPath(dataDir, 0, 1));
  };
  expect(await rewriteArchive(session, { ...attemptOf(await ofAna(2)), reached })).toMatchObject({ isSearched: false });
  expect((await readForgotten(dataDir))?.searchedAt).toBeNull();
});

test('law 9: a partition that begins from nothing refuses its own users, and those of whom it is not known whose they are', async () => {
  for (let number = 0; number < 2; number++) await archive(number);
  const [ana = ''] = (await ofAna(1)).erased;
  const ofTwo = { ...(await ofAna(1)), lastSegment: [1, -1], cut: [position(2), position(2)] };
  await rewriteArchive(session, { ...attemptOf(ofTwo), from: [0, 0] });
  expect((await readForgotten(dataDir))?.partitions).toEqual({ [ana]: [0] });
  expect([await erasedBefore(dataDir, 0), await erasedBefore(dataDir, 1)]).toEqual([[ana], []]);
  // A later attempt finds no row of this user, and goes on with what is known.
  const { partitions = {} } = (await readForgotten(dataDir)) ?? {};
  await rewriteArchive(session, { ...attemptOf({ ...ofTwo, partitions }), attempt: 'bbbb0000', from: [0, 0] });
  expect(await erasedBefore(dataDir, 1)).toEqual([]);
  // As an earlier version left it: what comes of a user may lie in another partition than what went.
  await archive(2);
  const unplaced = new Set([ana]);
  await rewriteArchive(session, {
    ...attemptOf({ ...ofTwo, lastSegment: [2, -1] }),
    attempt: 'cccc0000',
    from: [0, 0],
    unplaced,
  });
  expect([await erasedBefore(dataDir, 0), await erasedBefore(dataDir, 1)]).toEqual([[ana], [ana]]);
});

test('law 7: what a retirement took out of merged segments does not go with these', async () => {
  for (let number = 0; number < BLOCK_SEGMENTS; number++) await archive(number);
  await mergeBlock(session, dataDir, { partition: 0, first: 0 }, 'b1', join(dataDir, 'staging', 'b1'));
  const path = (await readSingle(dataDir, 0, 5))?.files[0]?.path ?? '';
  await writeRetired(dataDir, {
    ...{ before: null, upTo: [0], replaced: [{ path, partition: 0, rows: 2, bytes: 1 }], replacing: [], outcomes: [] },
    soFar: { files: 0, rows: 0, bytes: 0 },
  });
  await sweepMerged(dataDir, 0, Date.now() + 2 * 86_400_000);
  expect(existsSync(segmentPath(dataDir, 0, 5))).toBe(false);
  expect(await usersIn([path])).toEqual(['ana 1', 'eve 1']);
});
