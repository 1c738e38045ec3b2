/** `tributary archive attach`: a text with which other programs read the archived events. */
import { realpath } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { attachText, ENGINES, type Engine } from '../report/attach.ts';
import { noArchive } from './no-archive.ts';

export function fillArchiveAttach(command: Command, act: Act): void {
  command
    .addOption(new Option('--for <program>', 'the program that reads').choices([...ENGINES]).default('duckdb'))
    .action(act(attach));
}

async function attach(context: Context, { for: engine }: { readonly for: Engine }): Promise<ExitCode> {
  const { settings } = context;
  const { partitionsOf } = await import('@tributary/archive/audit/audit');
  if ((await partitionsOf(settings.dataDir)).length === 0) throw noArchive(settings);
  const text = attachText(engine, await realpath(settings.dataDir));
  await answer(context, { for: engine, text }, () => text);
  return EXIT.ok;
}
