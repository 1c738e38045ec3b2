/** `tributary archive fetch`: an empty data folder gets what archivers share; what is refused changes nothing. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSharedArchive } from '@tributary/archive/changes/shared-archive';
import { folderStore } from '@tributary/archive/objects/folder';
import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

test('law 6: an empty folder gets all segments; a place without any, and what is not a place, are refused', async () => {
  const folder = temporaryFolder('fetch');
  const [place, one, two] = ['place', 'one', 'two'].map((name) => join(folder, name)) as [string, string, string];
  const shared = openSharedArchive({ dataDir: one, store: folderStore(place), newId: () => '0123456789', sleep: async () => {} });
  const range = { partition: 3, number: 0, logIdentity: 'log', after: null, upTo: '1', seals: null };
  await shared.add([{ ...range, rows: 0, deadRows: 0, files: [], dead: null }]);
  const fetched = (from: string, dataDir: string) => tributary(['archive', 'fetch', from, '--data-dir', dataDir]);
  expect(await fetched(place, two)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${two} has the archive in ${place}: 1 segment in 1 partition.`),
  });
  expect(existsSync(join(two, 'archive/segments/p03/000000.json'))).toBe(true);
  const none = join(folder, 'none');
  expect(await fetched(none, join(folder, 'three'))).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`PLACE must have an archive (got "${none}": nothing of one is there). Name what`),
  });
  // Also where the folder has an archive, of another place.
  expect(await fetched(none, two)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`PLACE must have an archive (got "${none}": nothing of one is there). Name what`),
  });
  const begun = join(folder, 'begun');
  const other = openSharedArchive({
    ...{ dataDir: join(folder, 'four'), store: folderStore(begun), newId: () => '0123456780', sleep: async () => {} },
  });
  await other.giveIdentity('begun');
  expect(await fetched(begun, one)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`${begun} must have segment 0 of partition 3, as ${one} has it (got none)`),
  });
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await fetched(place, file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`--data-dir must be a folder (got "${file}": it is not a folder). Name another one.`),
  });
  expect(await fetched(one, two)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`PLACE must not be a data folder, as this one is (got "${one}")`),
  });
  expect(
    await tributary(['archive', 'fetch', 's3://bucket/x', '--data-dir', two], { env: { AWS_ENDPOINT_URL_S3: 'here' } }),
  ).toMatchObject({
    code: 2,
    stderr:
      'error: AWS_ENDPOINT_URL_S3 must be an http or https URL (got "here"). Correct it, or leave it out for Amazon\'s store.\n',
  });
  for (const name of ['place', 's3:/bucket/x', 's3://bucket', ''])
    expect(await fetched(name, two)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        `PLACE must be s3://BUCKET/PREFIX or the whole path of a folder (got ${JSON.stringify(name)})`,
      ),
    });
  expect(await fetched('s3://b/x', two)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('PLACE must name a bucket of 3 to 63 characters (got "s3://b/x")'),
  });
});
