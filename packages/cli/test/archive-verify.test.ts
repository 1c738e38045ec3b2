/** `tributary archive verify` over a real folder: what it prints, and how it ends. What it finds: test/faults/archive-audit.test.ts. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { digest } from '@tributary/archive/durable';
import { expect, test } from 'vitest';
import { checkArchive } from '../src/doctor/archive.ts';
import { archivedFolder } from './archived-folder.ts';
import { NOW_MS, tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const DAY = 'archive/events/date=2026-11-20';

test('a sound folder: a line a partition, a line a generation, and one sentence', async () => {
  const dataDir = await archivedFolder();
  const done = await tributary(['archive', 'verify', '--data-dir', dataDir]);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout.replaceAll(dataDir, 'FOLDER')).toBe(
    `partition  archived up to  last segment  manifests  events  dead  files  bytes  faults
──────────────────────────────────────────────────────────────────────────────────────
0          0002                       1          2      40     0      2  440 B       0
1          0002                       1          2      40     0      2  440 B       0

generation  state                files  bytes  faults
─────────────────────────────────────────────────────
1           computed, published      1    4 B       0

5 files of FOLDER, 884 B, by their checksums: sound
`,
  );
});

/** In place of the first file of partition 1: one row, of these columns beside its day. */
async function putRow(dataDir: string, columns: string): Promise<void> {
  const path = join(dataDir, DAY, 'p01-000000-a1.parquet');
  const session = await openDuckDb({ memoryLimit: '64MiB', threads: 1, tempDir: temporaryFolder('spill') });
  await session.run(`COPY (SELECT ${columns}, ${Date.UTC(2026, 10, 20)} AS ts) TO '${path}' (FORMAT parquet)`);
  await session.close();
  const manifest = join(dataDir, 'archive/segments/p01/000000.json');
  const segment = JSON.parse(readFileSync(manifest, 'utf8')) as { files: object[] };
  const files = [{ ...segment.files[0], rows: 1, ...(await digest(path)) }];
  writeFileSync(manifest, JSON.stringify({ ...segment, rows: 1, files }));
}

test('the doctor looks at rows below a folder that is called like a column of events, and there alone', async () => {
  const below = await archivedFolder(join(temporaryFolder('above'), 'type=prod'));
  const rowsIn = async (dataDir: string, quick: boolean) =>
    (await checkArchive(dataDir, null, { quick, onFile: () => {} })).find(({ check }) => check === 'archive rows');
  expect(await rowsIn(await archivedFolder(), false)).toBeUndefined();
  expect(await rowsIn(below, true)).toBeUndefined();
  expect(await rowsIn(below, false)).toMatchObject({ status: 'ok' });
  await putRow(below, "'bob' AS user_key, 'bob' AS user_id, NULL::VARCHAR AS anonymous_id, 'prod' AS type");
  expect(await rowsIn(below, false)).toMatchObject({
    status: 'warn',
    detail: `1 file: ${DAY}/p01-000000-a1.parquet has in all its rows (1) what a folder above says: type=prod`,
  });
  await putRow(below, "'ada' AS user_key, 'bob' AS user_id, NULL::VARCHAR AS anonymous_id, 'prod' AS type");
  expect(await rowsIn(below, false)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('1 row of which the user'),
  });
});

test('rows of other users than they name, as older versions wrote them, are named with what to do', async () => {
  const dataDir = await archivedFolder();
  await putRow(dataDir, "'ada' AS user_key, 'bob' AS user_id, NULL::VARCHAR AS anonymous_id");
  const done = await tributary(['archive', 'verify', '--data-dir', dataDir]);
  expect(done.code).toBe(1);
  expect(done.stdout).toContain(`fail  rows with names of folders: 1 file
      ${DAY}/p01-000000-a1.parquet has 1 row of which the user is neither their user id nor their anonymous id
      → A version before`);
  const { folderNames } = JSON.parse((await tributary(['archive', 'verify', '--json', '--data-dir', dataDir])).stdout);
  expect(folderNames).toMatchObject([{ partition: 1, column: 'user_key', rows: 1, isCertain: true }]);
  expect((await tributary(['archive', 'verify', '--quick', '--data-dir', dataDir])).code).toBe(0);
});

test('what is damaged is named by its class with what to do, and the exit says so', async () => {
  const dataDir = await archivedFolder();
  writeFileSync(join(dataDir, DAY, 'p00-000001-a1.parquet'), 'events 0 X\n'.repeat(20));
  rmSync(join(dataDir, DAY, 'p01-000000-a1.parquet'));
  rmSync(join(dataDir, 'generations/000001/view-activity-a1.parquet'));
  writeFileSync(join(dataDir, DAY, 'p01-000001-ff.parquet'), 'x');
  const hours = NOW_MS / 1_000 - 7_200;
  utimesSync(join(dataDir, DAY, 'p01-000001-ff.parquet'), hours, hours);
  const done = await tributary(['archive', 'verify', '--data-dir', dataDir]);
  expect(done.code).toBe(1);
  const text = done.stdout.replaceAll(dataDir, 'FOLDER').replaceAll(/[0-9a-f]{64}/g, '#');
  expect(text.slice(text.indexOf('fail'))).toBe(
    `fail  missing: 2
      ${DAY}/p01-000000-a1.parquet is missing
      generations/000001/view-activity-a1.parquet is missing
      → Bring it back from a second copy: "tributary archive repair --from FOLDER".
      → Compute it again: "tributary batch run --full --wait".
fail  altered: 1
      ${DAY}/p00-000001-a1.parquet has the SHA-256 #, its manifest says #
      → Bring it back from a second copy: "tributary archive repair --from FOLDER".
warn  orphan: 1
      ${DAY}/p01-000001-ff.parquet has no manifest that names it
      → No reader of manifests takes it. A killed process left it, or its manifest was lost: bring that back if a second copy has it, else remove the file.

5 files of FOLDER, 884 B, by their checksums: 3 faults
`,
  );
  const { stdout, code } = await tributary(['archive', 'verify', '--quick', '--json', '--data-dir', dataDir]);
  const report = JSON.parse(stdout);
  expect([code, report.ok, report.quick, report.counts.missing, report.counts.altered, report.counts.orphan]).toEqual([
    1,
    false,
    true,
    2,
    0,
    1,
  ]);
  expect(report.faults[0]).toEqual({
    class: 'missing',
    partition: 1,
    path: `${DAY}/p01-000000-a1.parquet`,
    detail: 'is missing',
    file: { path: `${DAY}/p01-000000-a1.parquet`, date: '2026-11-20', rows: 20, bytes: 220, sha256: expect.any(String) },
    segments: { first: 0, last: 0 },
  });
});

test('a folder without an archive is not a sound one', async () => {
  for (const dataDir of [temporaryFolder('empty'), '/nowhere/tributary']) {
    const done = await tributary(['archive', 'verify', '--data-dir', dataDir]);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain(`--data-dir must be a data folder with an archive (got "${dataDir}"`);
  }
});

test('what was interrupted says so, and says nothing of the folder', async () => {
  const dataDir = await archivedFolder();
  const done = await tributary(['archive', 'verify', '--data-dir', dataDir], { signal: AbortSignal.abort() });
  expect(done).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('interrupted before every file') });
});
