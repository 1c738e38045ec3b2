/** Archived records that are not events: those of erased users go, and those of others stay, byte by byte. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partitionOf } from '@tributary/model/user-key';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from '../duckdb.ts';
import { digestsBy, erasureKey } from '../erasure-key.ts';
import { type ArchiveForgotten, readForgotten } from '../forgotten.ts';
import { keepFile } from '../parquet.ts';
import { readSegments, writeSegment } from '../segments.ts';
import { rewriteArchive } from './rewrite.ts';

let dataDir: string;
let session: DuckDb;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tributary-dead-records-'));
  session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterEach(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

const PARTITIONS = 2;
const position = (n: number) => String(n).padStart(6, '0');
const line = (raw: string, at: number) =>
  `${JSON.stringify({ position: position(at), entryIndex: 0, kind: 'events', code: 'x', message: 'must be', raw })}\n`;

/** One segment of records that are not events. */
async function archive(partition: number, number: number, ...records: string[]): Promise<void> {
  const staged = join(dataDir, 'staging', 'dead.ndjson');
  await mkdir(join(dataDir, 'staging'), { recursive: true });
  await writeFile(staged, records.join(''));
  const path = `archive/dead/p0${partition}-${position(number)}-abc.ndjson`;
  await writeSegment(dataDir, {
    ...{ partition, number, logIdentity: 'log', after: number === 0 ? null : position(number), upTo: position(number + 1) },
    ...{ seals: null, rows: 0, files: [], deadRows: records.length },
    dead: await keepFile(dataDir, staged, path, records.length),
  });
}

const work = (forgotten: ArchiveForgotten, attempt: string) => ({
  ...{ dataDir, forgotten, attempt, from: new Array<number>(PARTITIONS).fill(0), nowMs: Date.now() + 2 * 3_600_000 },
  staging: join(dataDir, 'staging', attempt),
});
const named = async (partition: number) =>
  (await readSegments(dataDir, partition)).map(({ dead, deadRows }) => [
    deadRows,
    dead === null ? '' : readFileSync(join(dataDir, dead.path), 'utf8'),
  ]);
const bytes = () => {
  const folder = join(dataDir, 'archive/dead');
  return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
};

test('laws 6 and 9: records of an erased user go from each partition, and what is of others stays to the byte', async () => {
  const own = partitionOf('ida', PARTITIONS);
  // Longer together than what is written at once.
  const long = Array.from({ length: 5 }, (_, i) => line(`{"userId":"eve","n":${i},"text":"${'ü'.repeat(30_000)}"}`, 2));
  const others = [line('{"userId":"eve","properties":{"by":"ana","said":"\u2028"}}', 2), ...long, line('{"userId":"eve', 3)];
  await archive(0, 0, line('{"userId":"ana","type":""}', 1), ...others);
  await archive(0, 1, line('not json, "ana', 2));
  await archive(1, 0, line('{"note":"ana"}', 1));
  // Lifted: what lies before goes, where that is known, and what came afterwards stays.
  const [before, after] = [line('{"userId":"ida"}', 3), line('{"userId":"ida"}', 5)];
  await archive(own, own === 0 ? 2 : 1, before, after);
  const digestOf = digestsBy(await erasureKey(dataDir));
  const forgotten: ArchiveForgotten = {
    ...{ generation: 1, erased: [digestOf('ana')], searchedAt: null, ofDead: true },
    lifted: { [digestOf('ida')]: { position: position(4), entryIndex: 0 } },
    ...{ lastSegment: own === 0 ? [2, 0] : [1, 1], cut: [position(9), position(9)] },
  };
  let steps = 0;
  const dies = { ...work(forgotten, 'aaaa'), reached: (step: string) => step === 'named' && ++steps === 2 && die() };
  const die = () => {
    throw new Error('killed');
  };
  await expect(rewriteArchive(session, dies)).rejects.toThrow('killed');
  expect((await readForgotten(dataDir))?.searchedAt).toBeNull();
  const replacing = (await readForgotten(dataDir))?.replacing ?? [];
  expect(await rewriteArchive(session, work({ ...forgotten, replacing }, 'bbbb'))).toMatchObject({ isSearched: true });
  const searched = (await readForgotten(dataDir)) as ArchiveForgotten;
  expect(searched.ofDead).toBe(true);
  // Who has the list of before reads it until the next run.
  expect(bytes().some((text) => text.includes('{\\"userId\\":\\"ana'))).toBe(true);
  await rewriteArchive(session, work({ ...searched, searchedAt: null }, 'cccc'));
  expect((await named(0)).slice(0, 2)).toEqual([
    [others.length, others.join('')],
    [0, ''],
  ]);
  expect((await named(own)).at(-1)).toEqual([1, after]);
  expect((await named(1))[0]).toEqual([0, '']);
  expect(bytes().sort()).toEqual([others.join(''), after].sort());
});
