/** `tributary archive attach`: a text with which other programs read the archived events. */
import { readdir, realpath } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
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
  await demandEvents(settings.dataDir);
  const text = attachText(engine, await realpath(settings.dataDir));
  await answer(context, { for: engine, text }, () => text);
  return EXIT.ok;
}

/** Segments of barriers alone have no file, and no program reads a list of none: it could not say which columns there are. */
async function demandEvents(dataDir: string): Promise<void> {
  const { dataPath } = await import('@tributary/runtime/data-folder/paths');
  const folder = dataPath(dataDir, 'events');
  const days = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cause;
  });
  if (days.some((name) => name.startsWith('date='))) return;
  throw new CommandError({
    code: 'no_archive',
    message: `the archive must have an event for other programs to read it (got none in ${folder})`,
    fix: 'Send one, and run "tributary batch run --wait": a run archives what the log has.',
  });
}
