/** `tributary completion bash|zsh|fish`: a script that completes commands, options and their values. */
import { Argument, type Command } from 'commander';
import { type Act, answer } from '../context.ts';
import { EXIT } from '../exit.ts';

const SCRIPTS = {
  bash: async () => (await import('../completion/bash.ts')).bashScript,
  zsh: async () => (await import('../completion/zsh.ts')).zshScript,
  fish: async () => (await import('../completion/fish.ts')).fishScript,
};

export function fillCompletion(command: Command, act: Act, whole: () => Promise<Command>): void {
  command.addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(SCRIPTS))).action(
    act(async (context, shell: keyof typeof SCRIPTS) => {
      const { grammarOf } = await import('../completion/grammar.ts');
      const script = (await SCRIPTS[shell]())(grammarOf(await whole()));
      await answer(context, { shell, script }, () => script);
      return EXIT.ok;
    }),
  );
}
