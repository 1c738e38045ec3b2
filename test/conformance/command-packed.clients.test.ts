/** The packed command in an empty project, with the libraries that npm brings: what it does under each Node of this machine. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../packages/cli/build/build.ts';
import { createWorld, event, NOON, type World } from '../../services/api/test/world.ts';
import { fetchedOnce, fetchedOrReported } from './fetched.ts';
import { nodes } from './nodes.ts';

const LOCK = join(import.meta.dirname, '../../package-lock.json');
const PATHS = join(import.meta.dirname, '../../docs/examples/clicks.csv');

/** A project in which the command was installed from its tarball. */
function install(project: string): void {
  const root = mkdtempSync(join(tmpdir(), 'packed-command-'));
  const npm = (...args: readonly string[]) =>
    execFileSync('npm', [...args, '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: project,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  try {
    build(join(root, 'package'));
    npm('pack', join(root, 'package'), '--silent');
    writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true }');
    npm(
      'install',
      ...readdirSync(project)
        .filter((name) => name.endsWith('.tgz'))
        .map((name) => `./${name}`),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The libraries are brought once; the package itself is of this checkout each time. */
const LIBRARIES = await fetchedOrReported(
  'the packed command (test/conformance/command-packed.clients.test.ts)',
  'npm must reach a registry.',
  () => fetchedOnce('packed-command', LOCK, async (folder) => install(folder)),
);

describe.skipIf(LIBRARIES === null)('the packed command', () => {
  let project: string;
  let world: World;
  let url: string;
  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), 'packed-command-'));
    cpSync(LIBRARIES as string, project, { recursive: true, verbatimSymlinks: true });
    const own = join(project, 'node_modules/@tributary/cli');
    rmSync(own, { recursive: true });
    mkdirSync(own);
    build(own);
    world = await createWorld();
    await world.ingest(event({ type: 'ad_click', userId: 'ada', channel: 'email', ts: NOON - 60_000 }));
    await world.ingest(event({ type: 'purchase', userId: 'ada', value: 100, currency: 'EUR' }));
    await world.tick();
    await world.app.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
  }, 300_000);
  afterAll(async () => {
    await world?.app.close();
    rmSync(project, { recursive: true, force: true });
  });

  async function run(node: string, ...args: readonly string[]) {
    const env = { PATH: process.env['PATH'], TRIBUTARY_URL: url, TRIBUTARY_KEY: 'tr_reader_x' };
    const command = join(project, 'node_modules/.bin/tributary');
    const done = promisify(execFile)(node, [command, ...args], { cwd: project, env, timeout: 60_000 });
    return done.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        stdout: error.stdout,
        stderr: error.stderr,
      }),
    );
  }

  test.each(nodes())('it reads files, asks a platform and explains itself under Node %s', async (version, node) => {
    const major = Number(/\d+/.exec(version)?.[0]);
    if (major < 22) {
      expect(await run(node, '--version')).toMatchObject({ code: 3, stderr: expect.stringContaining('this needs Node 22') });
      return;
    }
    expect(await run(node, '--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const report = await run(node, 'attribution', 'report', '--model', 'markov', '--json');
    expect(JSON.parse(report.stdout)).toMatchObject({ model: 'markov', totals: { valueMinor: 100 } });
    expect((await run(node, 'attribution', 'run', '--paths', PATHS, '--models', 'all')).stdout).toContain('shapley');
    expect((await run(node, 'attribution', 'run', '--paths', PATHS, '--out', 'credit.parquet')).code).toBe(0);
    expect((await run(node, 'definitions', 'check', 'package.json')).code).toBe(1);
    expect((await run(node, 'nothing')).code).toBe(2);
    for (const roles of [['dev'], ['start', 'api']])
      expect(await run(node, ...roles)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining('installed without the roles'),
      });
    const groups = ['import', 'events', 'attribution', 'archive', 'batch', 'reconcile', 'dead-letters', 'keys', 'doctor'];
    for (const group of groups) expect(await run(node, group, '--help')).toMatchObject({ code: 0, stderr: '' });
  });
});
