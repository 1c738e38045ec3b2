/** `tributary client generate`: what the definitions say of a user, as TypeScript. */
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import type { Act, Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { signalsInFile } from '../report/definition-file.ts';
import { putText } from '../report/record-output.ts';

interface Options {
  readonly definitions?: string;
  readonly client: string;
  readonly out?: string;
}

export function fillClient(command: Command, act: Act): void {
  command
    .command('generate')
    .description('types of all signals, sessions and segments, and a function that reads them, as TypeScript')
    .option('--definitions <file>', 'of these definitions, in place of those in force')
    .option('--client <module>', 'what the client is imported from', '@tributary/client')
    .option('--out <file>', 'write there instead of to standard output')
    .action(act(generate));
}

async function generate(context: Context, { definitions: file, client, out }: Options): Promise<ExitCode> {
  if (!/^[@\w./-]{1,200}$/.test(client))
    throw new UsageError(`--client must name a module, such as @tributary/client (got ${JSON.stringify(client)})`);
  const { typescriptOf } = await import('@tributary/signals/typescript');
  const definitions = file === undefined ? await inForce(context) : await signalsInFile(context.shell.cwd, file);
  await putText(context, typescriptOf(definitions, client).trimEnd(), out);
  return EXIT.ok;
}

type Typed = Parameters<typeof import('@tributary/signals/typescript').typescriptOf>[0];

async function inForce(context: Context): Promise<Typed> {
  const { definitions } = await context.api('read').get<AnswerOf<'signalDefinitions'>>('/v1/signals/definitions');
  return definitions.map(({ definition, ...others }) => ({ ...others, resolved: definition })) as unknown as Typed;
}
