/** `tributary backup` and `tributary restore`: what they print, refuse and leave. What is in them: test/faults/backup.test.ts. */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { archivedFolder } from './archived-folder.ts';
import { NOW_MS, tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

test('a backup and its restore say what they hold, what not, and what comes next', async () => {
  const [dataDir, away] = [await archivedFolder(), temporaryFolder('away')];
  writeFileSync(join(dataDir, 'keys.json'), '{"keys":[]}');
  const backup = join(away, 'backup');
  const taken = await tributary(['backup', 'backup', '--data-dir', dataDir], { cwd: away });
  expect(taken).toMatchObject({ code: 0, stderr: '' });
  expect(taken.stdout).toBe(
    `80 archived events in 2 partitions, generation 1, 5 files (884 B) in ${backup}
Not in it: what was acknowledged and not archived by then ("tributary batch run --wait" before a backup archives all up to it), Redis, keys.local.json, questions to the archive.
`,
  );
  const to = join(away, 'new');
  const put = await tributary(['restore', backup, '--data-dir', to, '--json'], { cwd: away });
  expect([put.code, JSON.parse(put.stdout)]).toMatchObject([
    0,
    { dataDir: to, version: 1, at: NOW_MS, logIdentity: 'log-1', publication: 1, generation: 1, files: 5, bytes: 884 },
  ]);
  expect(readFileSync(join(to, 'keys.json'), 'utf8')).toBe('{"keys":[]}');
  expect(await tributary(['archive', 'verify', '--data-dir', to])).toMatchObject({ code: 0 });
  // A backup is a second copy, too.
  rmSync(join(to, 'generations/000001/view-activity-a1.parquet'));
  expect(await tributary(['archive', 'repair', '--from', backup, '--data-dir', to])).toMatchObject({ code: 0 });
  const again = await tributary(['restore', backup, '--data-dir', to]);
  expect(again).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('the data folder must be empty to be restored to'),
  });
  expect(again.stderr).toContain('move that one away');
});

test('the definitions of TRIBUTARY_DEFINITIONS_FILE go along; where they are not there nothing is made', async () => {
  const [dataDir, away] = [await archivedFolder(), temporaryFolder('away')];
  writeFileSync(join(away, 'own.json'), '{"conversions":["order"]}');
  const env = { TRIBUTARY_DEFINITIONS_FILE: 'own.json' };
  expect(await tributary(['backup', 'b', '--data-dir', dataDir], { cwd: away, env })).toMatchObject({ code: 0 });
  expect(readFileSync(join(away, 'b/definitions.json'), 'utf8')).toBe('{"conversions":["order"]}');
  rmSync(join(away, 'own.json'));
  const done = await tributary(['backup', 'c', '--data-dir', dataDir], { cwd: away, env });
  expect(done).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('own.json') });
  expect(existsSync(join(away, 'c'))).toBe(false);
});

test('slips are named before anything is written', async () => {
  const [dataDir, away] = [await archivedFolder(), temporaryFolder('away')];
  mkdirSync(join(away, 'there'));
  writeFileSync(join(away, 'file'), '');
  symlinkSync(dataDir, join(away, 'link'));
  for (const [argv, code, says] of [
    [['backup', join(away, 'there')], 2, `must not be there yet (got "${join(away, 'there')}")`],
    [['backup', join(away, 'file')], 2, 'must not be there yet'],
    [['backup', join(away, 'file/below')], 2, 'a part of the path is a file'],
    [['backup', join(dataDir, 'backup')], 2, 'FOLDER must lie outside of the data folder'],
    [['backup', join(away, 'link/backup')], 2, 'FOLDER must lie outside of the data folder'],
    [['restore', join(away, 'there')], 2, 'it has no backup.json, which is written last'],
    [['restore', join(away, 'nowhere')], 2, 'it has no backup.json'],
    [['restore', join(away, 'file')], 2, `(got "${join(away, 'file')}": it is not a folder). Take another one.`],
    [['restore', dataDir], 2, 'it has no backup.json'],
    [['restore', 's3://bucket/night'], 2, 'the data folder must be empty to be restored to'],
    [['backup', 's3://bucket'], 2, 'FOLDER must be a folder or s3://BUCKET/PREFIX'],
    [['backup', 's3://b/night'], 2, 'FOLDER must name a bucket of 3 to 63 characters (got "s3://b/night")'],
    [['backup', 's3:/bucket/night'], 2, 'FOLDER must be a folder or s3://BUCKET/PREFIX'],
    [['backup', 's3://bucket/a/../b'], 2, 'FOLDER must be a folder or s3://BUCKET/PREFIX'],
    [['backup', 'gs://bucket/night'], 2, 'FOLDER must be a folder or s3://BUCKET/PREFIX'],
  ] as const) {
    const done = await tributary([...argv, '--data-dir', dataDir], { cwd: away, env: { AWS_REGION: 'r' } });
    expect(done, says).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(says) });
  }
  const none = await tributary(['backup', join(away, 'new'), '--data-dir', temporaryFolder('empty')]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a data folder with an archive') });
  const stopped = await tributary(['backup', join(away, 'new'), '--data-dir', dataDir], { signal: AbortSignal.abort() });
  expect(stopped).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('the backup was interrupted: nothing of it is left'),
  });
  expect(existsSync(join(away, 'new'))).toBe(false);
  const env = { AWS_REGION: 'r', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  for (const [argv, says] of [
    [['backup', 's3://bucket/night'], 'it is not whole, and what was sent of it is left'],
    [['archive', 'repair', '--from', 's3://bucket/night'], 'the repair was interrupted: what it brought back stays'],
  ] as const)
    expect(await tributary([...argv, '--data-dir', dataDir], { env, signal: AbortSignal.abort() }), says).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(says),
    });
});
