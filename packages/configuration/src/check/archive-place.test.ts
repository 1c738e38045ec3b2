import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reachedNothing, writeReached } from '@tributary/archive/changes/reached';
import { expect, onTestFinished, test } from 'vitest';
import { examinePlace } from './archive-place.ts';

const PLACE = 's3://bucket/archive';
const keys = { AWS_REGION: 'r', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'secret-of-mine' };
const nothing = { troubles: [], notes: [] };

async function answered(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  [404, 'NoSuchBucket', 'must be in a bucket that the store has (got 404 NoSuchBucket'],
  [403, 'SignatureDoesNotMatch', 'must be a place that your credentials may read and write (got 403'],
])('what a store refuses for good (%i) ends a start, without a secret in it', async (status, code, says) => {
  const found = await examinePlace(
    PLACE,
    '/data',
    { ...keys, AWS_ENDPOINT_URL_S3: await answered(status, `<Error><Code>${code}</Code></Error>`) },
    5_000,
  );
  expect(found).toEqual({ troubles: [expect.stringContaining(`TRIBUTARY_ARCHIVE: ${PLACE} ${says}`)], notes: [] });
  expect(JSON.stringify(found)).not.toContain('secret-of-mine');
});

test('a store that has none of it yet is right; one that does not answer is said, and keeps nothing from starting', async () => {
  const whole = await answered(200, '<ListBucketResult/>');
  expect(await examinePlace(PLACE, '/data', { ...keys, AWS_ENDPOINT_URL_S3: whole }, 5_000)).toEqual(nothing);
  const away = { ...keys, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };
  expect(await examinePlace(PLACE, '/data', away, 5_000)).toEqual({
    troubles: [],
    notes: [expect.stringMatching(/^TRIBUTARY_ARCHIVE is s3:\/\/bucket\/archive, which does not answer \(.*ECONNREFUSED/)],
  });
});

test('a file cannot be the place of an archive', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-place-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await examinePlace(join(folder, 'new'), '/data', {}, 1_000)).toEqual(nothing);
  expect((await examinePlace(file, '/data', {}, 1_000)).troubles).toEqual([expect.stringContaining('must be a folder')]);
});

test('a place in the data folder is refused, however it is written, and one beside it is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-place-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [dataDir, link] = [join(folder, 'data'), join(folder, 'link')];
  mkdirSync(dataDir);
  symlinkSync(dataDir, link);
  for (const place of [dataDir, `${dataDir}/`, join(dataDir, 'archive'), link, join(link, 'archive', 'new')])
    expect(await examinePlace(place, dataDir, {}, 1_000), place).toEqual({
      troubles: [
        `TRIBUTARY_ARCHIVE must lie outside of the data folder, ${dataDir} (got "${place}"). Name another folder, on a disk that is not lost with this one, or an object store.`,
      ],
      notes: [],
    });
  expect((await examinePlace(dataDir, link, {}, 1_000)).troubles).toHaveLength(1);
  for (const place of [`${dataDir}-2`, join(folder, 'archive'), folder, join(folder, '..data')])
    expect(await examinePlace(place, dataDir, {}, 1_000), place).toEqual(nothing);
});

test.each(['archive/segments/p00', 'generations'])(
  'a data folder that has %s is refused as the place of an archive',
  async (inner) => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-place-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    mkdirSync(join(folder, inner), { recursive: true });
    expect((await examinePlace(folder, '/data', {}, 1_000)).troubles).toEqual([
      `TRIBUTARY_ARCHIVE must not be a data folder, as this one is (got "${folder}"). Name an empty folder, or an object store.`,
    ]);
  },
);

test('a folder that follows a place goes on with it; one that has an archive begins with none that lacks it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-place-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [place, dataDir] = [join(folder, 'place'), join(folder, 'data')];
  const of = (archive: string) => examinePlace(archive, dataDir, {}, 1_000);
  expect([await of(''), await of(place)]).toEqual([nothing, nothing]);
  mkdirSync(join(dataDir, 'archive/segments/p03'), { recursive: true });
  expect(await of(place)).toEqual(nothing);
  writeFileSync(join(dataDir, 'archive/segments/p03/000000.json'), '{}');
  expect([await of(''), await of(place)]).toEqual([
    nothing,
    {
      troubles: [
        `TRIBUTARY_ARCHIVE must have the segments that the data folder ${dataDir} has (got "${place}": it has none). Name the place that has them, or begin with an empty data folder.`,
      ],
      notes: [],
    },
  ]);
  mkdirSync(join(place, 'changes'), { recursive: true });
  writeFileSync(join(place, 'changes/000000000001.json'), '{}');
  await writeReached(dataDir, { ...reachedNothing(place), number: 1, id: '00000001' });
  expect([await of(place), await of(`${place}/`)]).toEqual([nothing, nothing]);
  for (const other of ['', join(folder, 'other')])
    expect((await of(other)).troubles).toEqual([
      `TRIBUTARY_ARCHIVE must be ${place}, which the data folder ${dataDir} follows (got "${other}"). Set it so, or name another data folder.`,
    ]);
});
