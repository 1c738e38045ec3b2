/**
 * Every command starts within 0.3 s of processor time, its compiled code kept from the time before; how long others hold the machine is not its own.
 * The script of a shell is written within it as well: it looks at every command.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { grammarOf } from '../src/completion/grammar.ts';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';
import { temporaryFolder } from './temporary.ts';

const BIN = fileURLToPath(new URL('../bin/tributary.mjs', import.meta.url));
const MOST_MS = 300;
/** The first one compiles. */
const ATTEMPTS = 6;
/** Writes how long the process worked, in ms, to standard error when it ends. */
const HOOK = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeSync(2, '\\nworked ' + (user + system) / 1000);
  });
`)}`;

test('every command starts within 0.3 s of processor time', { timeout: 120_000 }, async () => {
  const folder = temporaryFolder('starts');
  const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: folder, TRIBUTARY_DATA_DIR: folder };
  const worked = (argv: readonly string[]): number => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', HOOK, BIN, ...argv], { encoding: 'utf8', env });
    const answered = argv.includes('--help') ? 'Usage:' : 'complete -F _tributary';
    expect([argv, stdout]).toEqual([argv, expect.stringContaining(answered)]);
    return Number(/worked ([\d.]+)/.exec(stderr)?.[1]);
  };
  const program = await createProgram({ argv: [] } as unknown as Shell, () => {}, 'all');
  const commands = grammarOf(program).places.map(({ path }) => path.split('/').filter((word) => word !== ''));
  expect(commands.length).toBeGreaterThan(30);
  const slow: [command: string, ms: number][] = [];
  for (const argv of [...commands.map((words) => [...words, '--help']), ['completion', 'bash']]) {
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < ATTEMPTS && !(least <= MOST_MS); attempt++) least = Math.min(least, worked(argv));
    if (!(least <= MOST_MS)) slow.push([argv.join(' '), least]);
  }
  expect(slow).toEqual([]);
});
