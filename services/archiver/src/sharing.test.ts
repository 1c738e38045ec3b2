import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { writeSegment } from '@tributary/archive/segments';
import { TributaryError } from '@tributary/model/errors';
import { archiveIdentity } from '@tributary/runtime/event-log/own-archive';
import { expect, onTestFinished, test } from 'vitest';
import { awayDetail, keepSharing, openShared } from './sharing.ts';

const { signal } = new AbortController();
const open = (archive: string, dataDir: string, demandFolder = async () => {}, env = {}) =>
  openShared({ archive, dataDir, env, demandFolder, signal });
const range = { partition: 0, number: 0, logIdentity: 'log', after: null, upTo: '1', seals: null };

test('law 6: a folder goes on with the store that it began with alone, and with none that lacks what it has', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [place, one, two] = ['place', 'one', 'two'].map((name) => join(folder, name)) as [string, string, string];
  expect(await open('', one)).toBeUndefined();
  await (await open(place, one))?.shared.giveIdentity('archive');
  await open(`${place}/`, one);
  for (const other of ['', join(folder, 'elsewhere')])
    await expect(open(other, one)).rejects.toMatchObject({
      code: 'history_mismatch',
      message: expect.stringContaining(
        `TRIBUTARY_ARCHIVE must be ${place}, which the data folder ${one} follows (got "${other}")`,
      ),
    });
  await writeSegment(two, { ...range, rows: 0, deadRows: 0, files: [], dead: null });
  await expect(open(place, two)).rejects.toMatchObject({
    code: 'history_mismatch',
    message: expect.stringContaining(`must have segment 0 of partition 0, as ${two} has it (got none)`),
  });
});

test('law 6: a store in the data folder is refused: what no manifest names leaves the store, and the files of the folder would be that', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const place of [folder, join(folder, 'archive')])
    await expect(open(place, folder)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringMatching(/^TRIBUTARY_ARCHIVE must lie outside of the data folder, /),
    });
});

test('a folder follows while nothing is archived in it; a store that is away for a while is said, and what it brings back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [place, one, two] = ['place', 'one', 'two'].map((name) => join(folder, name)) as [string, string, string];
  const first = await open(place, one);
  const second = await open(place, two);
  let isAway = true;
  const stop = new AbortController();
  const said: string[] = [];
  const loop = keepSharing(
    { ...second?.shared, share: () => (isAway ? Promise.reject(new Error('away')) : second?.shared.share()) } as never,
    stop.signal,
    { failed: ({ message }) => said.push(message), recovered: () => said.push('again') },
  );
  await first?.shared.giveIdentity('archive');
  await expect.poll(() => loop.trouble()?.message, { timeout: 20_000 }).toBe('away');
  isAway = false;
  await expect.poll(() => archiveIdentity(two), { timeout: 20_000 }).toBe('archive');
  await expect.poll(() => said.at(-1), { timeout: 20_000 }).toBe('again');
  stop.abort();
  await loop.ended;
});

/** A store of S3 on loopback; `answer`: what it says instead of doing what was asked. */
async function storeThat(answer: () => { readonly status: number; readonly code: string } | null) {
  const objects = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    const { method = '', url = '' } = request;
    const name = new URL(url, 'http://store').pathname;
    const body = await buffer(request);
    const refuse = ({ status, code }: { readonly status: number; readonly code: string }) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`);
    const instead = answer();
    if (instead !== null) return refuse(instead);
    const found = objects.get(name);
    if (method === 'PUT' && found !== undefined) return refuse({ status: 412, code: 'PreconditionFailed' });
    if (method === 'GET' && found === undefined) return refuse({ status: 404, code: 'NoSuchKey' });
    if (method === 'PUT') objects.set(name, body);
    if (method === 'DELETE') objects.delete(name);
    response.writeHead(200).end(method === 'GET' ? found : undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: 'r', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
}

test('law 6: an archiver whose store is away starts, says so, and archives nothing before the folder was judged beside the store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const dataDir = join(folder, 'one');
  let isAway = true;
  let isWrong = true;
  const env = await storeThat(() => (isAway ? { status: 503, code: 'SlowDown' } : null));
  const judge = async () => {
    if (isWrong) throw new Error('another folder');
  };
  const opened = await open('s3://bucket/archive', dataDir, judge, env);
  expect(opened?.isOpen()).toBe(false);
  isAway = false;
  await expect(opened?.shared.add([])).rejects.toThrow('another folder');
  await expect(opened?.shared.demandWhole(0)).rejects.toThrow('another folder');
  expect(opened?.isOpen()).toBe(false);
  isWrong = false;
  await opened?.shared.giveIdentity('archive');
  expect([opened?.isOpen(), await archiveIdentity(dataDir)]).toEqual([true, 'archive']);
  expect(awayDetail(new TributaryError('objects_unavailable', 'no answer'))).toContain('no answer');
  expect(awayDetail(new Error('another'))).toBeUndefined();
});

test.each([
  [
    { status: 404, code: 'NoSuchBucket' },
    /^s3:\/\/bucket\/archive must be in a bucket that the store has \(got 404 NoSuchBucket/,
  ],
  [{ status: 403, code: 'SignatureDoesNotMatch' }, /must be a place that your credentials may read and write \(got 403/],
])('a store that answers %o ends the start at once, as a setting does that is wrong', async (answer, message) => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sharing-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const env = await storeThat(() => answer);
  await expect(open('s3://bucket/archive', join(folder, 'one'), undefined, env)).rejects.toMatchObject({
    code: 'invalid_config',
    message: expect.stringMatching(message),
  });
});
