/** Faults 11: corrupt, truncated, swapped, empty and missing Parquet. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DuckDb, openDuckDb } from './duckdb.ts';
import { digest, namesIn } from './durable.ts';
import type { StoredFile } from './layout.ts';
import { copyToParquet, keepFile } from './parquet.ts';
import { checkFile, verifyFiles } from './verify.ts';
import { integer, readViewRows, rowsOfColumns, safeInteger } from './views.ts';

const VIEW = { name: 'activity', dimensions: ['day', 'type'], measures: ['events', 'valueMinor'] };

let dir: string;
let session: DuckDb;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tributary-verify-'));
  session = await openDuckDb({ memoryLimit: '128MB', threads: 1, tempDir: join(dir, 'tmp') });
});
afterEach(async () => {
  await session.close();
  await rm(dir, { recursive: true, force: true });
});

async function viewFile(name: string, rows = 3): Promise<StoredFile> {
  const staged = join(dir, 'staging', name);
  const query = `SELECT '2026-03-0' || (1 + i % 2) AS day, 'käse ' || i AS type, i::BIGINT AS events, (-5 * i)::BIGINT AS "valueMinor"
                 FROM range($n) r(i)`;
  const count = await copyToParquet(session, query, staged, { n: rows });
  return keepFile(dir, staged, `generations/000001/${name}`, count);
}

test('law 7: a sound file is used, its rows counted and keyed by tabs', async () => {
  const file = await viewFile('a.parquet');
  expect(file.rows).toBe(3);
  const rows = await readViewRows(session, dir, { generation: 1, views: { activity: [file] } }, VIEW);
  expect([...rows].sort()).toEqual([
    ['2026-03-01\tkäse 2', [2, -10]],
    ['2026-03-02\tkäse 1', [1, -5]],
  ]);
  const empty = await viewFile('empty.parquet', 0);
  expect((await readViewRows(session, dir, { generation: 1, views: { activity: [empty] } }, VIEW)).size).toBe(0);
  await expect(readViewRows(session, dir, { generation: 1, views: {} }, VIEW)).rejects.toMatchObject({ code: 'not_found' });
});

const DAMAGE: readonly [string, (bytes: Buffer) => Buffer][] = [
  ['one flipped bit', (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)))],
  ['its last byte cut off', (bytes) => bytes.subarray(0, -1)],
  ['half of it', (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ['nothing in it', () => Buffer.alloc(0)],
  ['a byte more', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
  ['zeros as long as it', (bytes) => Buffer.alloc(bytes.length)],
];

test.each(DAMAGE)('law 7: a file with %s is an error to readers; only the batch layer sets it aside', async (_, damage) => {
  const file = await viewFile('a.parquet', 1000);
  const path = join(dir, file.path);
  await writeFile(path, damage(await readFile(path)));
  const reading = readViewRows(session, dir, { generation: 1, views: { activity: [file] } }, VIEW);
  await expect(reading).rejects.toMatchObject({ code: 'archive_corrupt' });
  await expect(reading).rejects.toThrow(file.path);
  expect(await namesIn(join(dir, 'quarantine'))).toEqual([]);
  await expect(verifyFiles(dir, [file])).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(await namesIn(join(dir, 'quarantine'))).toEqual(['generations__000001__a.parquet']);
  await expect(checkFile(dir, file)).rejects.toThrow('is missing');
});

test('law 7: what views share is verified once, and under each digest that a manifest gives it', async () => {
  const file = await viewFile('a.parquet');
  await verifyFiles(dir, [file, { ...file, rows: 1 }]);
  const other = { ...file, sha256: '0'.repeat(64) };
  await expect(verifyFiles(dir, [other, file])).rejects.toMatchObject({ code: 'archive_corrupt' });
});

test('law 7: a file that is seen wrong once and right soon after is sound, and stays where it is', async () => {
  const file = await viewFile('a.parquet', 1000);
  const path = join(dir, file.path);
  const sound = await readFile(path);
  for (const verify of [() => checkFile(dir, file), () => verifyFiles(dir, [file])]) {
    for (const wrong of [Buffer.alloc(sound.length), Buffer.alloc(0), null]) {
      await (wrong === null ? rm(path) : writeFile(path, wrong));
      const verifying = verify();
      setTimeout(() => void writeFile(path, sound), 100);
      await verifying;
    }
  }
  expect(await namesIn(join(dir, 'quarantine'))).toEqual([]);
});

test('law 7: two sound files under each other’s names are found, both in one run', async () => {
  const [a, b] = [await viewFile('a.parquet', 1000), await viewFile('b.parquet', 1001)];
  await rename(join(dir, a.path), join(dir, 'x'));
  await rename(join(dir, b.path), join(dir, a.path));
  await rename(join(dir, 'x'), join(dir, b.path));
  await expect(verifyFiles(dir, [a, b])).rejects.toMatchObject({ code: 'archive_corrupt' });
  expect(await namesIn(join(dir, 'quarantine'))).toHaveLength(2);
});

test('law 4: an integer keeps all its digits, and any other value is an error', () => {
  expect(integer(9_007_199_254_740_991n, 'x')).toBe(9_007_199_254_740_991);
  expect(integer(9_007_199_254_740_993n, 'x')).toBe(9_007_199_254_740_993n);
  expect(integer(-(2n ** 100n), 'x')).toBe(-(2n ** 100n));
  expect(() => integer(null, 'x')).toThrow('x');
  expect(() => integer(1.5, 'x')).toThrow('1.5');
  expect(() => safeInteger(9_007_199_254_740_992n, 'x')).toThrow('9007199254740992');
});

test('rows of one key add up; a dimension that is null or holds a tab is refused', () => {
  expect(
    rowsOfColumns(
      [
        ['d', 'd'],
        ['t', 't'],
        [1n, 2n],
        [5n, -5n],
      ],
      VIEW,
      'f',
    ),
  ).toEqual(new Map([['d\tt', [3, 0]]]));
  expect(() => rowsOfColumns([['d'], [null], [1n], [5n]], VIEW, 'f')).toThrow('f, type');
  expect(() => rowsOfColumns([['d'], ['a\tb'], [1n], [5n]], VIEW, 'f')).toThrow('f, type');
});

test('law 5: text comes back whole, also a leading byte order mark', async () => {
  for (const text of ['\ufeffa', '\ufeff', 'a\ufeff', '\ufefflonger than twelve bytes', ' a ', 'e\u0301'])
    expect(await session.rows('SELECT $1 AS v', [text])).toEqual([{ v: text }]);
});

test('a session binds what comes from data, spills into its own folder, and ends with close', async () => {
  const nasty = `'; DROP TABLE x; --`;
  expect(await session.rows('SELECT $1 AS v', [nasty])).toEqual([{ v: nasty }]);
  expect(await namesIn(join(dir, 'tmp'))).toHaveLength(1);
  await session.close();
  await session.close();
  session.interrupt();
  expect(await namesIn(join(dir, 'tmp'))).toEqual([]);
  await expect(session.run('SELECT 1')).rejects.toThrow('closed');
});

test('an attempt that is aborted does not read the files to their end', async () => {
  const files = [await viewFile('a.parquet', 1000), await viewFile('b.parquet', 1000)];
  await writeFile(join(dir, files[1]?.path ?? ''), 'damaged');
  const reason = new Error('cancelled');
  const stop = new AbortController();
  const verifying = verifyFiles(dir, files, stop.signal);
  stop.abort(reason);
  await expect(verifying).rejects.toBe(reason);
  await expect(digest(join(dir, files[0]?.path ?? ''), stop.signal)).rejects.toBe(reason);
  await expect(verifyFiles(dir, files)).rejects.toMatchObject({ code: 'archive_corrupt' });
});
