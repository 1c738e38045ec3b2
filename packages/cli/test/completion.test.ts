/** Each script is run by its own shell where that is installed; bash is everywhere. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import type { Shell } from '../src/context.ts';
import { createProgram } from '../src/run.ts';
import { tributary } from './fake-shell.ts';

type Answer = (script: string, typed: readonly string[]) => string[];

const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', Answer>> = {
  bash: (script, typed) =>
    run('bash', `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tributary; printf '%s\\n' "\${COMPREPLY[@]}"`, typed),
  // Without its completion system, whose functions print what they would offer of the word that was begun.
  zsh: (script, typed) =>
    run(
      'zsh',
      `compdef() { }; compadd() { shift; print -l -- \${(M)@:#\${words[CURRENT]}*} }
       _describe() { local -a all=(\${(P)2}); all=(\${all%%:*}); print -l -- \${(M)all:#\${words[CURRENT]}*} }
       _files() { print -l -- \${words[CURRENT]}*(N) }; _message() { }
       ${script}\nwords=("$@"); CURRENT=$#; _tributary`,
      typed,
    ),
  fish: (script, typed) =>
    run('fish', `${script}\ncomplete -C (string join ' ' -- $argv)`, typed).map((line) => line.split('\t')[0] ?? ''),
};

function run(shell: string, script: string, typed: readonly string[]): string[] {
  const options = {
    bash: ['--norc', '-c', script, 'bash'],
    zsh: ['-f', '-c', script, 'zsh'],
    fish: ['--no-config', '-c', script],
  }[shell] as string[];
  const done = spawnSync(shell, [...options, 'tributary', ...typed], { encoding: 'utf8', cwd: import.meta.dirname });
  expect([done.error, done.stderr]).toEqual([undefined, '']);
  return done.stdout.split('\n').filter(Boolean);
}

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const scriptOf = async (shell: string) => (await tributary(['completion', shell])).stdout;

test.each(Object.keys(SHELLS))('%s: the script has every command and every option', async (shell) => {
  const program = await createProgram({ argv: [] as readonly string[] } as Shell, () => {}, 'all');
  const script = await scriptOf(shell);
  const names = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)].flatMap((command) => [
    ...(command === program ? [] : [command.name()]),
    ...command.options.flatMap(({ hidden, long }) =>
      hidden || long == null ? [] : [shell === 'fish' ? `-l ${long.slice(2)} ` : long],
    ),
  ]);
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter((name) => !script.includes(name))).toEqual([]);
});

test.each(Object.entries(SHELLS).filter(([shell]) => isInstalled(shell)))(
  '%s completes commands, options and their values',
  async (shell, complete) => {
    const script = await scriptOf(shell);
    const completed = (...typed: string[]) => complete(script, typed).sort();
    expect(completed('at')).toEqual(['attribution']);
    expect(completed('attribution', '')).toEqual(['compare', 'explain', 'lags', 'paths', 'power', 'report', 'run']);
    expect(completed('attribution', 'report', '--la')).toEqual(['--layer']);
    expect(completed('attribution', 'report', '--layer', '')).toEqual(['batch', 'merged', 'speed', 'staged']);
    expect(completed('attribution', 'report', '--model', 'mark')).toEqual(['markov', 'markovShapley']);
    // Options of the program stand before the command and behind it; of another command there are none.
    expect(completed('--json', 'sta')).toEqual(['start', 'status']);
    expect(completed('status', '--j')).toEqual(['--json']);
    expect(completed('status', '--la')).toEqual([]);
    expect(completed('start', 'ap')).toEqual(['api']);
    expect(completed('keys', 'create', 'b')).toEqual(['browser']);
    // An amount is not a choice, a file is one that is there.
    expect(completed('events', 'send', '--value', 'co')).toEqual([]);
    expect(completed('events', 'check', 'completion.t')).toEqual(['completion.test.ts']);
    expect(completed('attribution', 'run', '--paths', 'completion.t')).toEqual(['completion.test.ts']);
  },
);

test('a shell that has no script is refused with those that have', async () => {
  expect(await tributary(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('bash, zsh, fish'),
  });
});
