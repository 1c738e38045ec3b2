import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    { ...keys, AWS_ENDPOINT_URL_S3: await answered(status, `<Error><Code>${code}</Code></Error>`) },
    5_000,
  );
  expect(found).toEqual({ troubles: [expect.stringContaining(`TRIBUTARY_ARCHIVE: ${PLACE} ${says}`)], notes: [] });
  expect(JSON.stringify(found)).not.toContain('secret-of-mine');
});

test('a store that has none of it yet is right; one that does not answer is said, and keeps nothing from starting', async () => {
  const whole = await answered(200, '<ListBucketResult/>');
  expect(await examinePlace(PLACE, { ...keys, AWS_ENDPOINT_URL_S3: whole }, 5_000)).toEqual(nothing);
  const away = { ...keys, AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };
  expect(await examinePlace(PLACE, away, 5_000)).toEqual({
    troubles: [],
    notes: [expect.stringMatching(/^TRIBUTARY_ARCHIVE is s3:\/\/bucket\/archive, which does not answer \(.*ECONNREFUSED/)],
  });
});

test('a file cannot be the place of an archive', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-place-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(await examinePlace(join(folder, 'new'), {}, 1_000)).toEqual(nothing);
  expect((await examinePlace(file, {}, 1_000)).troubles).toEqual([expect.stringContaining('must be a folder')]);
});
