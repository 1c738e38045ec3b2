/** The check before a generation counts says what a reader of it would meet. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { doubtedFiles } from './compute/doubted-files.ts';
import { type DuckDb, openDuckDb } from './duckdb.ts';
import type { StoredFile } from './layout.ts';
import { copyToParquet, keepFile } from './parquet.ts';
import { checkViewRows, readViewRows } from './views.ts';

const VIEW = { name: 'visits', dimensions: ['day', 'channel'], measures: ['visits', 'valueMinor'] };
let dataDir: string;
let session: DuckDb;
beforeAll(async () => {
  // A path is part of the statement that reads it: with a quote in it, it stays one text.
  dataDir = await mkdtemp(join(tmpdir(), "tributary-view's-"));
  session = await openDuckDb({ memoryLimit: '256MB', threads: 1, tempDir: join(dataDir, 'spill') });
});
afterAll(async () => {
  await session.close();
  await rm(dataDir, { recursive: true, force: true });
});

let files = 0;
async function fileOf(query: string): Promise<StoredFile> {
  const path = `view-${files++}.parquet`;
  const rows = await copyToParquet(session, query, join(dataDir, `${path}.staged`));
  return keepFile(dataDir, join(dataDir, `${path}.staged`), path, rows);
}

const row = (day: string, visits: string) =>
  `SELECT ${day} AS day, 'mail' AS channel, ${visits} AS visits, -7::BIGINT AS "valueMinor"`;
const SOUND = row("'2026-01-01'", '9223372036854775807');

/** A column of it is text, as one of the view's is. */
const OTHER = { name: 'clicks', dimensions: ['day'], measures: ['clicks'] };
const OTHERS = `SELECT '2026-01-01' AS day, 1::BIGINT AS clicks`;

const NUMBERS = 'a dimension of numbers';

test.each([
  ['sound rows', SOUND, {}, 'sound'],
  ['no rows', `${SOUND} LIMIT 0`, {}, 'sound'],
  [
    'a tab in a later row',
    `${SOUND} UNION ALL ${row("'a\tb'", '1::BIGINT')}`,
    {},
    /, day: a dimension must be text without tabs/,
  ],
  ['no dimension', row('NULL::VARCHAR', '1::BIGINT'), {}, /, day: a dimension must be text without tabs \(got null\)/],
  [NUMBERS, row('5', '1::BIGINT'), {}, /, day: a dimension must be text/],
  ['a measure of fractions', row("'d'", '1.5::DOUBLE'), {}, /, visits must be an integer \(got 1\.5\)/],
  ['no measure', row("'d'", 'NULL::BIGINT'), {}, /, visits must be an integer \(got null\)/],
  ['a column less', `SELECT '2026-01-01' AS day, 1::BIGINT AS visits`, {}, /channel/],
  ['a row less than the manifest says', SOUND, { missing: 1 }, /\d+ rows were read of \d+/],
  ['other bytes than the manifest says', SOUND, { sha256: '0'.repeat(64) }, /its manifest says/],
] as const)(
  'law 7: %s: checked as read',
  async (what, query, { missing = 0, ...changed }: { missing?: number; sha256?: string }, expected) => {
    // DuckDB judges many rows, few are read.
    for (const copies of [1, 501]) {
      const file = await fileOf(`SELECT own.* FROM (${query}) AS own, range(${copies})`);
      const visits = [{ ...file, rows: file.rows + missing, ...changed }];
      const manifest = { generation: 1, views: { visits } };
      const outcome = (reading: Promise<unknown>) =>
        reading.then(
          () => 'sound',
          (error: Error) => error.message,
        );
      const checked = await outcome(checkViewRows(session, dataDir, visits, VIEW));
      expect(checked).toBe(await outcome(readViewRows(session, dataDir, manifest, VIEW)));
      if (expected === 'sound') expect(checked).toBe('sound');
      else expect(checked).toMatch(expected);
      const isMany = (visits[0]?.rows ?? 0) > 500;
      // Beside files of other views it is doubted, and they are not, but where their bytes cannot be trusted either.
      const others = [
        { view: OTHER, file: await fileOf(OTHERS) },
        ...(copies > 1 ? [{ view: OTHER, file: await fileOf(OTHERS) }] : []),
      ];
      const doubted = await doubtedFiles(session, dataDir, [{ view: VIEW, file: visits[0] as StoredFile }, ...others]);
      expect(doubted.some(({ view }) => view === VIEW)).toBe(isMany || expected !== 'sound');
      if (isMany || expected === 'sound') expect(doubted.filter(({ view }) => view === OTHER)).toEqual([]);
      // Beside others it is read by the same statement, in whatever order, which makes texts of numbers.
      const beside = await fileOf(SOUND);
      for (const several of [
        [beside, ...visits],
        [...visits, beside],
      ]) {
        const read = await outcome(readViewRows(session, dataDir, { generation: 1, views: { visits: several } }, VIEW));
        expect([read === 'sound', read]).toEqual([expected === 'sound' || what === NUMBERS, read]);
      }
    }
  },
);

test('law 1: small files of a view are read some at a time, large ones alone, and all of them', async () => {
  const visits = [await fileOf(`SELECT own.* FROM (${row("'2026-01-01'", '1::BIGINT')}) AS own, range(10_000)`)];
  for (let i = 0; i < 34; i++) visits.push(await fileOf(row("'2026-01-02'", `${i}::BIGINT`)));
  const rows = await readViewRows(session, dataDir, { generation: 1, views: { visits } }, VIEW);
  expect([...rows]).toEqual(
    expect.arrayContaining([
      ['2026-01-01\tmail', [10_000, -70_000]],
      ['2026-01-02\tmail', [(33 * 34) / 2, -7 * 34]],
    ]),
  );
  expect(rows.size).toBe(2);
});
