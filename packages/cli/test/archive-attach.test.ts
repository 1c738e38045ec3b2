/** `tributary archive attach`. DuckDB runs what it prints in test/faults/archive-attach.test.ts. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_COLUMNS } from '@tributary/archive/layout';
import { writeSegment } from '@tributary/archive/segments';
import { expect, test } from 'vitest';
import { attachText } from '../src/report/attach.ts';
import { archivedFolder } from './archived-folder.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

test('the text names the folder where it is, whatever link led to it, and is for DuckDB unless another program is named', async () => {
  const dataDir = await archivedFolder();
  const link = join(temporaryFolder('link'), 'data');
  symlinkSync(dataDir, link);
  expect(await tributary(['archive', 'attach', '--data-dir', link])).toMatchObject({
    code: 0,
    stderr: '',
    stdout: `${attachText('duckdb', dataDir)}\n`,
  });
  const { stdout } = await tributary(['archive', 'attach', '--for', 'spark', '--json', '--data-dir', dataDir]);
  expect(JSON.parse(stdout)).toEqual({ for: 'spark', text: attachText('spark', dataDir) });
});

test('pandas gets every column with its type; a name of a folder stays a text', () => {
  const text = attachText('pandas', '/data/"; import os #\n[x]*');
  for (const column of Object.keys(EVENT_COLUMNS)) expect(text).toContain(`    ("${column}", pa.`);
  expect(text).toContain('folder = pathlib.Path("/data/\\"; import os #\\n[x]*")');
  expect(text.split('\n')[0]).toContain('/data/\\"; import os #\\n[x]*');
  expect(attachText('duckdb', "/it's")).toContain("read_json('/it''s/archive/segments/p*/*.json'");
});

test('an archive that has no event yet is refused, as a list of no files is read by no program', async () => {
  const dataDir = temporaryFolder('barriers');
  const about = { partition: 0, number: 0, logIdentity: 'log-1', after: null, upTo: '0001', seals: 1 };
  await writeSegment(dataDir, { ...about, rows: 0, deadRows: 0, files: [], dead: null });
  expect(await tributary(['archive', 'attach', '--data-dir', dataDir])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('the archive must have an event for other programs to read it (got none in '),
  });
});

test('another program, and a folder without an archive, are refused', async () => {
  const dataDir = await archivedFolder();
  const excel = await tributary(['archive', 'attach', '--for', 'excel', '--data-dir', dataDir]);
  expect(excel).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--for must be one of duckdb, pandas, spark (got "excel")'),
  });
  const none = await tributary(['archive', 'attach', '--data-dir', temporaryFolder('empty')]);
  expect(none).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('must be a data folder with an archive') });
});
