/**
 * Brings what a fresh machine lacks: Node 24, the locked dependencies, redis-server. Plain JavaScript without
 * dependencies, because it runs on any Node from 20, before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isBuilt, isInstalledAs, noteBuilt } from './built-from.mjs';
import { fetchNode, NODE_MAJOR, nodeFor, pinnedNode } from './node-pin.mjs';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE_DIR = join(ROOT, '.tributary', 'node');
const LOCKFILE = join(ROOT, 'package-lock.json');
const STAMP = join(ROOT, 'node_modules', '.tributary-lockfile');

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
  const platform = `${process.platform}-${process.arch}`;
  const { kind, wanted, what, advice } = nodeFor(platform, process.versions.node);
  if (kind === 'system') return process.execPath;
  if (kind === 'none') return missing(what, advice);
  const present = pinnedNode(NODE_DIR, wanted);
  if (present !== undefined) return present;
  say(`This is Node ${process.versions.node}; fetching ${wanted.name}@${wanted.version} into .tributary/node …`);
  const fetched = fetchNode(NODE_DIR, wanted, npm(), withoutNpmConfig(process.env));
  if (fetched !== undefined) return fetched;
  return missing(
    `Node ${NODE_MAJOR} could not be fetched for ${platform}`,
    `See what npm said above, if it said anything; or install Node ${NODE_MAJOR} or newer, then run this again.`,
  );
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

/** By our own stamp; an installation by hand has none, and counts when npm installed what the lockfile says. */
function isInstalled(wanted) {
  if (existsSync(STAMP)) return readFileSync(STAMP, 'utf8') === wanted;
  return isInstalledAs(LOCKFILE, join(ROOT, 'node_modules', '.package-lock.json'));
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

/** What browsers load: by its package, what it is called and which sources beside its own it is built from. */
const BUILT = {
  console: { what: 'The console at /ui', beside: ['packages/client/src', 'packages/contract/src'] },
  tracker: { what: 'The tracker of pages', beside: [] },
};

/** Builds what browsers load, where it or its sources changed since it was built. The platform runs without it. */
export function buildPages({ node, env }, say = (text) => process.stderr.write(`${text}\n`)) {
  for (const [name, { what, beside }] of Object.entries(BUILT)) {
    const own = `packages/${name}`;
    const built = join(ROOT, own, 'dist');
    const sources = [`${own}/src`, `${own}/build`, ...beside, 'package-lock.json'].map((path) => join(ROOT, path));
    if (isBuilt(built, sources)) continue;
    const args = [join(ROOT, own, 'build/build.ts')];
    const { status, stderr } = spawnSync(node, args, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
    if (status === 0) noteBuilt(built, sources);
    else say(`${what} could not be built, all else starts without it: ${stderr.trim().slice(-500)}`);
  }
}

/** Where Node keeps what it compiled: a process that finds it starts sooner, and has 25 MiB less, as it needs no compiler of types. */
export const compileCache = (env) => env.NODE_COMPILE_CACHE ?? join(ROOT, '.tributary', 'compile-cache');

/**
 * Runs a TypeScript file: in this very process where its Node can, else in a child of the Node that was fetched, and ends as
 * it ends. A child is passed the signals, and its IPC channel says when this process is gone. A parent of ours that is gone
 * (npm, killed hard) counts as a hang-up.
 */
export async function handOver({ node, env }, file, args) {
  const main = join(ROOT, file);
  const parent = process.ppid;
  const onHangUp = (then) => {
    if (process.env.npm_lifecycle_event !== undefined) setInterval(() => process.ppid !== parent && then(), 500).unref();
  };
  if (node === process.execPath) {
    Object.assign(process.env, env);
    if (env.NODE_COMPILE_CACHE !== undefined) module.enableCompileCache(env.NODE_COMPILE_CACHE);
    process.argv = [node, main, ...args];
    onHangUp(() => process.kill(process.pid, 'SIGHUP'));
    await import(pathToFileURL(main).href);
    return;
  }
  const child = spawn(node, [main, ...args], { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  onHangUp(() => child.kill('SIGHUP'));
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

/** What npm took for itself, because no `--` stood before it: the options of ours that it kept, as they were typed. */
export function keptByNpm(env) {
  if (env.npm_lifecycle_event !== 'start') return [];
  const kept = [];
  if (env.npm_config_demo !== undefined) kept.push('--no-demo');
  if (env.npm_config_port !== undefined) kept.push('--port');
  if (env.npm_config_data_dir !== undefined) kept.push('--data-dir');
  return kept;
}

/** Under `npm start`, npm hands its own run's settings down; an npm started from there must not take them for its own. */
function withoutNpmConfig(env) {
  const foreign = /^npm_(lifecycle|package|command|config_(workspace|prefix|local_prefix|include_workspace_root))/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}
