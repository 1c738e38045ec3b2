#!/usr/bin/env node
// The command line of Tributary. Plain JavaScript, for any Node from 20 on: it finds a Node 24, which runs TypeScript
// directly, and hands over. Exit code 3: there is none.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import module from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// What this writes, compiled code above all, only its owner may change.
process.umask(process.umask() | 0o022);

const NEEDED = 24;
const home = fileURLToPath(new URL('../../..', import.meta.url));
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

if (!existsSync(join(home, 'node_modules', 'commander'))) {
  process.stderr.write('error: the dependencies are not installed\n  fix: Run "npm start" once, or "npm ci".\n');
  process.exit(3);
}
// A signal to npx ends it and its shell, and goes no further: nothing would be left to stop a role.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined)
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 500).unref();

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // Compiled code of the last call; in the checkout, where only its owner writes. Where that is not possible, nothing is kept.
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE ?? join(home, '.tributary', 'compile-cache'));
  await import(main);
} else {
  const node = findNode();
  if (node === undefined) {
    process.stderr.write(
      `error: this needs Node ${NEEDED} and runs on ${process.versions.node}\n  fix: Run "npm start" once, which fetches it into .tributary/node on Linux, or install Node ${NEEDED}.\n`,
    );
    process.exit(3);
  }
  // This file again: it keeps compiled code.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches both; the child decides what it means.
  process.on('SIGINT', () => {});
  child.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 143)));
  child.once('error', (error) => {
    process.stderr.write(`error: ${node} does not start: ${error.message}\n`);
    process.exit(3);
  });
}

/** The Node that `npm start` fetched: `bin/node` somewhere under `<data>/node`, a few levels deep. */
function findNode() {
  const roots = [process.env.TRIBUTARY_DATA_DIR, join(process.cwd(), '.tributary'), join(home, '.tributary')];
  for (const root of roots) {
    const found = root && search(join(resolve(root), 'node'), 5);
    if (found) return found;
  }
  return undefined;
}

function search(folder, depth) {
  const node = join(folder, 'bin', 'node');
  if (existsSync(node)) return node;
  if (depth === 0 || !existsSync(folder)) return undefined;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() && search(join(folder, entry.name), depth - 1);
    if (found) return found;
  }
  return undefined;
}
