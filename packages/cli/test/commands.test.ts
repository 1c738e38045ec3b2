/** What is loaded: what the arguments name. The rest is listed, with what it is about. */
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { grammarOf } from '../src/completion/grammar.ts';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';

const programOf = (argv: readonly string[], ...named: 'all'[]) => createProgram({ argv } as unknown as Shell, () => {}, ...named);

/** The commands that do something, sub-commands included. */
function acting(command: Command, path = ''): string[] {
  return [
    ...((command as unknown as { _actionHandler: unknown })._actionHandler === null ? [] : [path]),
    ...command.commands.flatMap((child) => acting(child, path === '' ? child.name() : `${path} ${child.name()}`)),
  ];
}

test.each([
  [['status'], ['status']],
  [['--json', '--url', 'http://127.0.0.1:1', 'status'], ['status']],
  [['attribution', 'run', '--paths', 'report.csv'], ['attribution run']],
  [['signals'], ['signals history', 'signals consistency', 'signals get']],
  [['import'], []],
  [['import', 'frob', 'status'], ['status']],
  [['completion', '--help'], ['completion']],
  [['--help'], []],
  [['frobnicate'], []],
  [[], []],
])('%j: %j', async (argv, commands) => {
  expect(acting(await programOf(argv))).toEqual(commands);
});

test('what is listed without its code is what there is, and each does something', async () => {
  const whole = await programOf([], 'all');
  const listed = await programOf([]);
  expect(listed.commands.map((command) => [command.name(), command.description()])).toEqual(
    whole.commands.map((command) => [command.name(), command.description()]),
  );
  const leaves = grammarOf(whole).places.filter(({ path, commands }) => path !== '' && commands.length === 0);
  const acts = acting(whole);
  for (const { path } of leaves) expect(acts).toContain(path.slice(1).replaceAll('/', ' '));
  for (const name of ['dev', 'start', 'events tail', 'attribution explain', 'batch run', 'keys rotate', 'doctor'])
    expect(acts).toContain(name);
});

test('the words of a command bring all that it takes', async () => {
  const { places } = grammarOf(await programOf([], 'all'));
  expect(places.length).toBeGreaterThan(30);
  for (const place of places) {
    const named = grammarOf(await programOf(place.path.split('/').slice(1)));
    expect(named.places.find(({ path }) => path === place.path)).toEqual(place);
  }
});
