/** What is loaded: what the arguments name, and everything where they name nothing. */
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';

async function loaded(...argv: string[]): Promise<string[]> {
  const names = (command: Command): string[] =>
    command.commands.flatMap((child) => [child.name(), ...names(child).map((name) => `${child.name()} ${name}`)]);
  return names(await createProgram({ argv } as unknown as Shell, () => {}));
}

test.each([
  [['status'], ['status']],
  [['--json', '--url', 'http://127.0.0.1:1', 'status'], ['status']],
  [
    ['attribution', 'run', '--paths', 'report.csv'],
    ['attribution', 'attribution run'],
  ],
  [['import'], ['import', 'import access-log', 'import csv']],
  [
    ['import', 'frob', 'status'],
    ['import', 'import access-log', 'import csv', 'status'],
  ],
])('%j: %j', async (argv, commands) => {
  expect(await loaded(...argv)).toEqual(commands);
});

test.each([[[]], [['--help']], [['frobnicate']]])('%j: every command', async (argv) => {
  const all = await loaded(...argv);
  for (const name of ['dev', 'start', 'events tail', 'attribution explain', 'batch run', 'keys rotate', 'doctor'])
    expect(all).toContain(name);
});
