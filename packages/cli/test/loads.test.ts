/** What the process loads before it asks: most of the time that a short command takes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/tributary.mjs', import.meta.url));
/** Writes each module's address to standard error. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  registerHooks({ load: (url, context, next) => (writeSync(2, url + '\\n'), next(url, context)) });
`)}`;

function loadedBy(...argv: string[]): string[] {
  const { stderr } = spawnSync(process.execPath, ['--import', HOOK, BIN, ...argv], {
    encoding: 'utf8',
    // Without a key `status` ends before it asks.
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], TRIBUTARY_DATA_DIR: '/nowhere' },
  });
  return stderr.split('\n').filter((line) => line.startsWith('file:'));
}

/** The script has the options of every command: all of their own code is loaded. */
const all = loadedBy('completion', 'bash');

test('of the contract only its types and its CSV: no command loads any other of its code', () => {
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter((url) => /\/packages\/contract\/(?!src\/shapes\/csv\.ts$)/.test(url))).toEqual([]);
});

test('what manifests and Redis are read with is loaded when a command acts', () => {
  expect(all.length).toBeGreaterThan(150);
  expect(all.filter((url) => /\/node_modules\/(?:zod|ioredis)\//.test(url))).toEqual([]);
});

test.each([
  ['--version', 35],
  ['--help', 35],
  ['attribution --help', 35],
  ['completion --help', 36],
  ['completion bash', 187],
  ['attribution run --help', 71],
  ['attribution report --help', 72],
  ['doctor --help', 36],
  ['import csv --help', 36],
  ['status', 50],
])('tributary %s loads at most %i modules', (command, most) => {
  const { length } = loadedBy(...command.split(' '));
  expect(length).toBeGreaterThan(20);
  expect(length).toBeLessThanOrEqual(most);
});
