/** `tributary archive repair`: what it prints, and how it ends. What it brings back: test/faults/archive-repair.test.ts. */
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archivedFolder } from './archived-folder.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const FILE = 'archive/events/date=2026-11-20/p01-000000-a1.parquet';
const VIEW = 'generations/000001/view-activity-a1.parquet';

async function damaged(): Promise<{ dataDir: string; copy: string }> {
  const dataDir = await archivedFolder();
  const copy = temporaryFolder('copy');
  cpSync(dataDir, copy, { recursive: true });
  for (const path of [FILE, VIEW]) rmSync(join(dataDir, path));
  return { dataDir, copy };
}

test('what is missing comes back, of generations too; --dry-run says so first and changes nothing', async () => {
  const { dataDir, copy } = await damaged();
  const repair = (...flags: string[]) => tributary(['archive', 'repair', '--from', copy, ...flags, '--data-dir', dataDir]);
  expect(await repair('--dry-run')).toMatchObject({ code: 0, stdout: `  ${FILE}\n  ${VIEW}\n2 files could be brought back\n` });
  expect(existsSync(join(dataDir, FILE))).toBe(false);
  expect(await repair()).toMatchObject({
    code: 0,
    stdout: `  ${FILE}\n  ${VIEW}\n2 files brought back, and as their manifests say\n`,
  });
  expect(await tributary(['archive', 'verify', '--data-dir', dataDir])).toMatchObject({ code: 0 });
  expect(await repair()).toMatchObject({ code: 0, stdout: '0 files brought back, and as their manifests say\n' });
});

test('what the copy cannot give back is named, and the exit says so', async () => {
  const { dataDir, copy } = await damaged();
  writeFileSync(join(copy, FILE), 'events 1 X\n'.repeat(20));
  const done = await tributary(['archive', 'repair', '--from', copy, '--json', '--data-dir', dataDir]);
  expect(done.code).toBe(1);
  expect(JSON.parse(done.stdout)).toEqual({
    ok: false,
    dryRun: false,
    repaired: [VIEW],
    left: [{ path: FILE, detail: expect.stringMatching(/^in the second copy it has 220 bytes with the SHA-256 [0-9a-f]{64}$/) }],
  });
});

test('a copy that is not one is refused before anything is read', async () => {
  const { dataDir, copy } = await damaged();
  const file = join(copy, FILE);
  for (const [from, says] of [
    [dataDir, 'it is this folder'],
    [join(copy, 'nowhere'), 'it does not exist'],
    [temporaryFolder('empty'), 'nothing is in archive/segments'],
    [file, 'it is not a folder'],
    [join(file, 'below'), 'a part of the path is a file'],
  ] as const) {
    const done = await tributary(['archive', 'repair', '--from', from, '--data-dir', dataDir]);
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain(`--from must be another copy of the data folder (got "${from}": ${says}`);
  }
});
