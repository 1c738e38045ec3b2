/** A backup to an object store whose process is killed while it sends: refused, and the same command makes it whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { answering } from './answering.ts';
import { archivedFolder } from './archived-folder.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const BIN = join(import.meta.dirname, '../bin/tributary.mjs');

/** What S3 does of what a backup needs. `onStored`: called when an object is there, before the answer. */
function storeOf(objects: Map<string, Buffer>, onStored: () => void) {
  return answering(async (request, response) => {
    const { method, url = '' } = request;
    const name = url.replace(/\?.*$/, '');
    if (method === 'GET') {
      const found = objects.get(name);
      return found === undefined ? response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>') : response.end(found);
    }
    // One that breaks off leaves no object.
    const sent = await buffer(request).catch(() => null);
    if (sent === null) return response.destroy();
    if (objects.has(name)) return response.writeHead(412).end();
    objects.set(name, sent);
    onStored();
    return response.end();
  });
}

test('laws 6 and 7: a backup that is killed while it sends is refused; the next attempt ends it, and what was left goes a day later', async () => {
  const [dataDir, away, rooms] = [await archivedFolder(), temporaryFolder('away'), temporaryFolder('rooms')];
  const objects = new Map<string, Buffer>();
  let kill: (() => void) | null = null;
  await using server = await storeOf(objects, () => kill?.());
  const aws = { AWS_ENDPOINT_URL_S3: server.endpoint, AWS_REGION: 'r', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const place = 's3://bucket/night';
  const backUp = async (isKilled: boolean) => {
    const child = spawn(process.execPath, [BIN, 'backup', place, '--data-dir', dataDir], {
      env: { ...process.env, ...aws, TMPDIR: rooms, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    kill = isKilled ? () => child.kill('SIGKILL') : null;
    const [said, [code, signal]] = await Promise.all([buffer(child.stderr), once(child, 'close')]);
    return { said: String(said), code, signal };
  };
  const restore = (to: string) => tributary(['restore', place, '--data-dir', join(away, to)], { env: aws });

  expect(await backUp(true)).toMatchObject({ signal: 'SIGKILL' });
  expect(objects.size).toBeGreaterThan(0);
  expect([...objects.keys()].filter((name) => name.endsWith('backup.list.json'))).toEqual([]);
  expect(await restore('early')).toMatchObject({ code: 2, stderr: expect.stringContaining('which is written last') });
  const [left = ''] = readdirSync(rooms);
  utimesSync(join(rooms, left), new Date(0), new Date(0));

  expect(await backUp(false)).toMatchObject({ code: 0 });
  expect(readdirSync(rooms)).toEqual([]);
  const ofSameNumber = join(rooms, `tributary-backup-${process.pid}-left`);
  mkdirSync(ofSameNumber);
  utimesSync(ofSameNumber, new Date(0), new Date(0));
  vi.stubEnv('TMPDIR', rooms);
  expect((await restore('new')).code).toBe(0);
  vi.unstubAllEnvs();
  expect(existsSync(ofSameNumber)).toBe(false);
  const file = 'generations/000001/view-activity-a1.parquet';
  expect(readFileSync(join(away, 'new', file), 'utf8')).toBe('rows');
});
