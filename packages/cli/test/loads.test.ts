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

test('of the contract only its types and its CSV: no command loads any other of its code', () => {
  const modules = loadedBy('--help');
  expect(modules.length).toBeGreaterThan(60);
  expect(modules.filter((url) => /\/packages\/contract\/(?!src\/shapes\/csv\.ts$)/.test(url))).toEqual([]);
});

test("what manifests and Redis are read with is loaded when a command acts: --help loads every command's own code", () => {
  const modules = loadedBy('--help');
  expect(modules.length).toBeGreaterThan(60);
  expect(modules.filter((url) => /\/node_modules\/(?:zod|ioredis)\//.test(url))).toEqual([]);
});

test.each([
  ['--version', 35],
  ['status', 50],
])('tributary %s loads at most %i modules', (command, most) => {
  const { length } = loadedBy(command);
  expect(length).toBeGreaterThan(20);
  expect(length).toBeLessThanOrEqual(most);
});
