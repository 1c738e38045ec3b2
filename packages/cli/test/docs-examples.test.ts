/** The examples of `attribution run` in the docs run as they stand, one after the other, and need no file that they do not make. */
import { execFileSync } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const MAKES_FILES = /^(printf|echo|gzip) /;
const RUNS = /^tributary attribution run /;

test.each([
  ['cli', 1],
  ['attribution-files', 4],
])('docs/%s.md', async (name, runs) => {
  const cwd = temporaryFolder('docs');
  const text = readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');
  const lines = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'));
  let ran = 0;
  for (const line of lines) {
    if (MAKES_FILES.test(line)) execFileSync('sh', ['-c', line], { cwd });
    if (!RUNS.test(line)) continue;
    const argv = line.replace(/#.*/, '').trim().split(/\s+/).slice(1);
    const done = await tributary(argv, { cwd, open: (path) => createReadStream(resolve(cwd, path)) });
    expect([line, done.code, done.stderr]).toEqual([line, 0, expect.not.stringContaining('error')]);
    ran += 1;
  }
  expect(ran).toBe(runs);
});
