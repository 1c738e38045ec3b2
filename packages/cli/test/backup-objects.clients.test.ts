/** Backups, and an archive, in an object store that people run, and what the adapter makes of one that fails: a small data folder, the commands, and the contract. */

import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { openSharedArchive } from '@tributary/archive/changes/shared-archive';
import { replaceManifest } from '@tributary/archive/changes/unshared';
import { digest } from '@tributary/archive/durable';
import { contentOfFile, contentOfText } from '@tributary/archive/objects/port';
import { s3Store } from '@tributary/archive/objects/s3';
import { readSegments } from '@tributary/archive/segments';
import { describeArchiveStoreContract } from '@tributary/testkit/contracts/object-store-contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SeaweedServer, seaweedProgram, startSeaweed } from '../../../test/contract/seaweedfs/server.ts';
import { answering } from './answering.ts';
import { archivedFolder } from './archived-folder.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const PROGRAM = await seaweedProgram();
/** As Amazon's: of all parts but the last. */
const SMALLEST_PART = 5 * 1024 ** 2;

describe.skipIf(PROGRAM === null)('SeaweedFS', () => {
  let server: SeaweedServer;
  beforeAll(async () => {
    server = await startSeaweed(PROGRAM ?? '');
  });
  afterAll(async () => {
    expect(server.sockets.filter(existsSync)).toEqual(server.sockets);
    await server.stop();
    expect(server.sockets.filter(existsSync)).toEqual([]);
  });

  const storeOf = (prefix: string, partBytes?: number) =>
    s3Store(
      { bucket: server.bucket, prefix },
      { ...server, region: 'us-east-1', sleep: async () => {}, ...(partBytes !== undefined && { partBytes }) },
    );
  describeArchiveStoreContract('S3', (prefix) => storeOf(prefix));

  // SeaweedFS looks at the name and gives it in two steps: of those whose last requests meet, two may be answered that they created it.
  test('law 7: of those who send one name in parts the first creates it, whole', async () => {
    using store = storeOf('parts', SMALLEST_PART);
    const contents = ['a', 'b', 'c'].map((text) => contentOfText(text.repeat(SMALLEST_PART + 3)));
    const created: boolean[] = [];
    for (const content of contents) created.push(await store.create('large', content));
    expect(created).toEqual([true, false, false]);
    const found = await buffer((await store.read('large')) as AsyncIterable<Uint8Array>);
    expect(found.length).toBe(SMALLEST_PART + 3);
    expect(contentOfText(found.toString()).sha256).toBe(contents[0]?.sha256);
  });

  test('laws 3, 6 and 9: of two machines that add each segment at once one does, and what one of them replaces is gone there', async () => {
    const folder = temporaryFolder('machines');
    const machines = ['one', 'two'].map((name) => {
      const dataDir = join(folder, name);
      const shared = openSharedArchive({ dataDir, store: storeOf('archive'), newId: randomUUID, sleep: async () => {} });
      return { dataDir, shared };
    });
    const segment = (dataDir: string, number: number, text: string) => {
      const path = `archive/events/date=2026-03-01/p00-00000${number}-${text.length}.parquet`;
      mkdirSync(join(dataDir, path, '..'), { recursive: true });
      writeFileSync(join(dataDir, path), text);
      const files = [{ path, rows: 1, bytes: text.length, sha256: contentOfText(text).sha256, date: '2026-03-01' }];
      const range = { after: number === 0 ? null : `${number}`, upTo: `${number + 1}` };
      return { partition: 0, number, logIdentity: 'log', ...range, seals: null, rows: 1, deadRows: 0, files, dead: null };
    };
    for (let number = 0; number < 3; number++) {
      const added = await Promise.all(
        machines.map(({ dataDir, shared }, at) => shared.add([segment(dataDir, number, 'rows'.repeat(at + 1))])),
      );
      expect(added.flat()).toHaveLength(1);
    }
    const [one, two] = machines as [(typeof machines)[0], (typeof machines)[0]];
    await replaceManifest(one.dataDir, segment(one.dataDir, 1, 'without'));
    await one.shared.share();
    await two.shared.share();
    expect(await readSegments(two.dataDir, 0)).toEqual(await readSegments(one.dataDir, 0));
    const objects = await storeOf('archive').list('archive/', '');
    expect(objects).toHaveLength(3);
    expect(objects.filter(({ name }) => name.includes('-000001-')).map(({ name }) => name)).toEqual([
      expect.stringContaining('-000001-7.'),
    ]);
  });

  test('laws 6 and 7: a backup goes there and comes back, once under its name, and repairs a folder from there', async () => {
    const [dataDir, away] = [await archivedFolder(), temporaryFolder('away')];
    const place = `s3://${server.bucket}/night/tuesday`;
    const call = (...argv: string[]) => tributary(argv, { cwd: away, env: server.env });
    const taken = await call('backup', place, '--data-dir', dataDir);
    expect(taken).toMatchObject({ code: 0, stderr: '' });
    expect(taken.stdout).toContain(`80 archived events in 2 partitions, generation 1, 5 files (884 B) in ${place}\nNot in it:`);
    const to = join(away, 'new');
    expect(await call('restore', place, '--data-dir', to)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('restored to'),
    });
    expect(await call('archive', 'verify', '--data-dir', to)).toMatchObject({ code: 0 });
    const file = 'generations/000001/view-activity-a1.parquet';
    rmSync(join(to, file));
    expect(await call('archive', 'repair', '--from', place, '--data-dir', to)).toMatchObject({ code: 0 });
    expect(readFileSync(join(to, file), 'utf8')).toBe('rows');
    for (const [argv, says] of [
      [['backup', place], `must not have a backup yet (got "${place}")`],
      [
        ['restore', `s3://${server.bucket}/none`, '--data-dir', join(away, 'x')],
        'it has no backup.list.json, which is written last',
      ],
      [
        ['restore', 's3://no-such-bucket/none', '--data-dir', join(away, 'x')],
        'must be in a bucket that the store has (got 404 NoSuchBucket',
      ],
    ] as const)
      expect(await call(...argv, ...(argv.includes('--data-dir' as never) ? [] : ['--data-dir', dataDir])), says).toMatchObject({
        code: 2,
        stdout: '',
        stderr: expect.stringContaining(says),
      });
    expect(existsSync(join(away, 'x'))).toBe(false);
    const wrong = { ...server.env, AWS_SECRET_ACCESS_KEY: 'secret-of-mine' };
    const denied = await tributary(['backup', `${place}-2`, '--data-dir', dataDir], { env: wrong });
    expect(denied).toMatchObject({ code: 2, stderr: expect.stringContaining('got 403') });
    expect(denied.stderr).not.toContain('secret-of-mine');
  });
});

describe('a store that fails', () => {
  const storeAt = (endpoint: string, partBytes?: number) =>
    s3Store(
      { bucket: 'bucket', prefix: 'p' },
      {
        ...{ endpoint, region: 'r', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, sleep: async () => {} },
        ...(partBytes !== undefined && { partBytes }),
      },
    );

  test('law 7: a write is tried again where no answer came, or a busy one, with all its bytes; what does not pass is named', async () => {
    const bodies: string[] = [];
    const answers = [null, 503, 409, 200, 412, 403, ...Array.from({ length: 5 }, () => 500)];
    await using server = await answering((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        bodies.push(`${request.headers['if-none-match']} ${Buffer.concat(pieces)}`);
        const status = answers.shift() ?? null;
        if (status === null) response.destroy();
        else response.writeHead(status).end();
      });
    });
    using store = storeAt(server.endpoint);
    expect(await store.create('a', contentOfText('text'))).toBe(true);
    expect(bodies).toEqual(Array(4).fill('* text'));
    expect(await store.create('a', contentOfText('text'))).toBe(false);
    await expect(store.create('a', contentOfText('text'))).rejects.toMatchObject({
      code: 'invalid_query',
      message: expect.stringContaining('got 403'),
    });
    await expect(store.create('a', contentOfText('text'))).rejects.toMatchObject({
      code: 'objects_unavailable',
      message: expect.stringContaining('s3://bucket/p: 500'),
    });
    expect(answers).toEqual([]);
  });

  test('law 7: a connection that breaks off in the middle of a file is one more attempt, with all of it', async () => {
    const path = join(temporaryFolder('sent'), 'file');
    writeFileSync(path, Buffer.alloc(5_000_000, 'x'));
    const received: number[] = [];
    await using server = await answering((request, response) => {
      const at = received.push(0) - 1;
      request.on('data', (piece: Buffer) => {
        received[at] = (received[at] ?? 0) + piece.length;
        if (at < 2) response.destroy();
      });
      request.on('end', () => response.writeHead(200).end());
    });
    using store = storeAt(server.endpoint);
    expect(await store.create('a', contentOfFile(path, await digest(path)))).toBe(true);
    expect(received).toHaveLength(3);
    expect(received[2]).toBe(5_000_000);
    rmSync(path);
    const gone = { bytes: 1, sha256: '00'.repeat(32) };
    await expect(store.create('a', contentOfFile(path, gone))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('law 7: a part that breaks off is sent again alone, and a last answer that is lost is found out', async () => {
    const path = join(temporaryFolder('sent'), 'file');
    writeFileSync(path, 'aaaabbbbcc');
    const asked: string[] = [];
    let isThere = false;
    let failures = 1;
    await using server = await answering(async (request, response) => {
      const { method = '', url = '' } = request;
      const { searchParams } = new URL(url, 'http://store');
      const body = String(await buffer(request));
      asked.push(`${method} ${searchParams.get('partNumber') ?? ''}${method === 'PUT' ? body : ''}`.trim());
      if (method === 'HEAD') return response.writeHead(isThere ? 200 : 404).end();
      if (method === 'DELETE') return response.writeHead(204).end();
      if (searchParams.has('uploads'))
        return response.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
      if (method === 'PUT' && body === 'bbbb' && failures-- > 0) return response.destroy();
      if (method === 'PUT') return response.writeHead(200, { etag: '"e"' }).end();
      expect(request.headers['if-none-match']).toBe('*');
      // The first one is carried out, and its answer lost.
      if (isThere) return response.writeHead(404).end('<Error><Code>NoSuchUpload</Code></Error>');
      isThere = true;
      return response.destroy();
    });
    using store = storeAt(server.endpoint, 4);
    // By whom it was created the writer does not know.
    expect(await store.create('a', contentOfFile(path, await digest(path)))).toBe(false);
    expect(asked).toEqual(['HEAD', 'POST', 'PUT 1aaaa', 'PUT 2bbbb', 'PUT 2bbbb', 'PUT 3cc', 'POST', 'POST', 'HEAD']);
    isThere = false;
    rmSync(path);
    await expect(store.create('a', contentOfFile(path, { bytes: 10, sha256: '00'.repeat(32) }))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(asked.at(-1)).toBe('DELETE');
  });

  test('law 7: an object whose bytes end early is an error, and a folder of this machine is left by none of it', async () => {
    await using server = await answering((_, response) =>
      response.writeHead(200, { 'content-length': '100' }).write('half', () => response.destroy()),
    );
    using store = storeAt(server.endpoint);
    const pieces = (await store.read('a')) as AsyncIterable<Uint8Array>;
    await expect(buffer(pieces)).rejects.toMatchObject({ code: 'objects_unavailable' });
    const env = { AWS_ENDPOINT_URL_S3: server.endpoint, AWS_REGION: 'r', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const own = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tributary-backup-'));
    const before = own();
    const done = await tributary(['restore', 's3://bucket/p', '--data-dir', join(temporaryFolder('away'), 'new')], { env });
    expect(done).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('s3://bucket/p') });
    expect(own()).toEqual(before);
  });
});
