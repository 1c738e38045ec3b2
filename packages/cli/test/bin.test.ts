/** The real process: exit codes, pipes that close, help. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@tributary/testkit/servers/free-port';
import { expect, test } from 'vitest';
import { routes } from './api-answers.ts';
import { fakeServer, type Received } from './fake-server.ts';
import { temporaryFolder } from './temporary.ts';

/** An address without a listener. A low port will not do: fetch refuses those without trying. */
/** Loopback, but not where servers of other tests listen: a port that was free a moment ago may be taken by one of them. */
const NO_SERVER = `http://127.0.0.93:${await freePort()}`;

const BIN = fileURLToPath(new URL('../bin/tributary.mjs', import.meta.url));

async function start(args: readonly string[], readBytes = Number.POSITIVE_INFINITY) {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...process.env, TRIBUTARY_KEY: 'k', NO_COLOR: '1' } });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    // As `head` does: the reader goes away.
    if (stdout.length >= readBytes) child.stdout.destroy();
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

test('--help is data on stdout, exit 0, and names every command of the contract', async () => {
  const { code, stdout, stderr } = await start(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const command of ['dev', 'start', 'import', 'events', 'signals', 'attribution', 'batch', 'reconcile', 'status', 'doctor'])
    expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  expect(stdout).toContain('Exit codes: 0 done, 1 found something or failed, 2 wrong usage, 3 a dependency is missing');
});

test('an older Node that is first in PATH is asked for its version alone, where there is another', async () => {
  const folder = temporaryFolder('path');
  const put = (at: string, text: string) => {
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text, { mode: 0o755 });
  };
  put(join(folder, 'bin/node'), '#!/bin/sh\nif [ "$1" = --version ]; then echo v20.2.0; else echo "old $*"; exit 9; fi\n');
  const data = join(folder, 'data');
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, TRIBUTARY_DATA_DIR: data };
  // A checkout of its own: this one may have fetched a Node.
  const bin = join(folder, 'checkout/packages/cli/bin');
  put(join(bin, 'tributary'), readFileSync(BIN.replace(/\.mjs$/, ''), 'utf8'));
  symlinkSync(BIN, join(bin, 'tributary.mjs'));
  const linked = join(folder, 'tributary');
  symlinkSync(join(bin, 'tributary'), linked);
  const run = () => spawnSync(linked, ['--version', 'a b'], { env, cwd: folder, encoding: 'utf8' });
  // Nothing was fetched: the old one says so.
  expect(run()).toMatchObject({ status: 9, stdout: `old ${join(bin, 'tributary.mjs')} --version a b\n` });
  put(join(data, 'node/node_modules/node-of-another-machine/bin/node'), 'not a program');
  expect(run()).toMatchObject({ status: 9 });
  put(join(data, 'node/node_modules/node-of-ours/bin/node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`);
  expect(run()).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
});

test('--version is one line on stdout', async () => {
  expect(await start(['--version'])).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' });
});

test('no command and an unknown one are exit 2 with nothing on stdout', async () => {
  expect(await start([])).toMatchObject({ code: 2, stdout: '' });
  expect(await start(['frobnicate'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('a command of "tributary" must be one that it has (got "frobnicate")'),
  });
});

test('a role that is not there is named, with those that are', async () => {
  expect(await start(['start', 'sped'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('must be one of collector, speed, archiver, api, recompute (got '),
  });
});

test.runIf(existsSync('/dev/full'))('standard output on a full disk: exit 1, and why', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [BIN, '--help'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^error: cannot write to standard output: the disk is full\n {2}fix: /),
  });
});

test('an API that is not there is exit 3', async () => {
  expect(await start(['status', '--url', NO_SERVER])).toMatchObject({ code: 3, stdout: '' });
});

test('a reader that goes away (| head) ends it quietly', async () => {
  const signals = Array.from({ length: 50_000 }, (_, i) => ({ ts: i, type: 'x'.repeat(50), id: String(i), userId: 'u' }));
  await using server = await fakeServer(() => ({
    body: {
      userId: 'u',
      status: 'PRESENT',
      signals,
      nextCursor: null,
      meta: { view: 'speed', speed: { lagMs: 0, watermark: 0 }, complete: true, warnings: [] },
    },
  }));
  const done = await start(['signals', 'get', 'u', '--url', server.url], 1_000);
  expect([done.code, done.stderr]).toEqual([0, '']);
});

test('under umask 000 nothing is written that others may change', () => {
  const folder = temporaryFolder('umask');
  const paths = join(folder, 'paths.csv');
  writeFileSync(paths, 'path,conversions\na > b,5\n', { mode: 0o600 });
  const args = ['attribution', 'run', '--paths', paths, '--models', 'last', '--out', join(folder, 'credit.csv')];
  const { status } = spawnSync('sh', ['-c', 'umask 000; exec "$0" "$@"', process.execPath, BIN, ...args]);
  expect([status, statSync(join(folder, 'credit.csv')).mode & 0o777]).toEqual([0, 0o644]);
});

test('a server that takes its time: after two seconds the command says what it waits for', async () => {
  await using server = await fakeServer(async ({ path }) => {
    await said.promise;
    return routes({ path } as Received);
  });
  const said = Promise.withResolvers<void>();
  const child = spawn(process.execPath, [BIN, 'status', '--url', server.url], { env: { ...process.env, TRIBUTARY_KEY: 'k' } });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    if (stderr.includes('waiting for the API')) said.resolve();
  });
  const [code] = (await once(child, 'close')) as [number];
  expect([code, stderr.split('\n')[0]]).toEqual([1, `waiting for the API at ${server.url}, up to 60 s`]);
});
