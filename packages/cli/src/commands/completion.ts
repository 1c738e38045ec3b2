/** `tributary completion bash|zsh|fish`: a script that completes commands, options and their values. */
import { Argument, type Command } from 'commander';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { grammarOf } from '../completion/grammar.ts';
import { zshScript } from '../completion/zsh.ts';
import { type Act, answer } from '../context.ts';
import { EXIT } from '../exit.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };

export function addCompletion(program: Command, act: Act): void {
  program
    .command('completion')
    .description('a script for your shell that completes commands, options and their values')
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(SCRIPTS)))
    .action(
      act(async (context, shell: keyof typeof SCRIPTS) => {
        const script = SCRIPTS[shell](grammarOf(program));
        await answer(context, { shell, script }, () => script);
        return EXIT.ok;
      }),
    );
}
