/** `tributary backup` and `tributary restore`: all that a platform is made of, copied while it runs, and put in the place of a data folder. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { BackupNote } from '@tributary/archive/backup/note';
import { TributaryError } from '@tributary/model/errors';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { demandOwner } from '../owner.ts';
import { bytes, counted, instant } from '../terminal/figures.ts';
import { noArchive } from './no-archive.ts';

export function addBackup(program: Command, act: Act): void {
  program
    .command('backup')
    .description(
      'copy archive, generations, publications, keys and the note of the log to a new folder, each file held against its manifest',
    )
    .argument('<folder>', 'is created; must not be there')
    .action(act(backup));
}

export function addRestore(program: Command, act: Act): void {
  program
    .command('restore')
    .description('put a whole backup in the place of the data folder (--data-dir), which must be empty or not there')
    .argument('<folder>', 'what "tributary backup" made')
    .action(act(restoreFrom));
}

async function backup(context: Context, folder: string): Promise<ExitCode> {
  const { shell, settings } = context;
  const { dataDir } = settings;
  const [{ partitionsOf }, { backUp }] = await Promise.all([
    import('@tributary/archive/audit/audit'),
    import('@tributary/archive/backup/backup'),
  ]);
  const target = resolve(shell.cwd, folder);
  if ((await partitionsOf(dataDir)).length === 0) throw noArchive(settings);
  await demandElsewhere(target, dataDir);
  const definitions = shell.env['TRIBUTARY_DEFINITIONS_FILE'] ?? '';
  const definitionsFile = definitions === '' ? null : resolve(shell.cwd, definitions);
  const note = await whileShown(context, 'backing up', 'backup', (ports) =>
    backUp({ ...ports, dataDir, target, definitionsFile }),
  );
  await answer(context, { folder: target, ...note }, () =>
    [
      `${summaryOf(note)} in ${target}`,
      'Not in it: what was acknowledged and not archived by then ("tributary batch run --wait" before a backup archives all up to it), Redis, keys.local.json, questions to the archive.',
    ].join('\n'),
  );
  return EXIT.ok;
}

async function restoreFrom(context: Context, folder: string): Promise<ExitCode> {
  const { shell, settings } = context;
  const { dataDir } = settings;
  const { restore } = await import('@tributary/archive/backup/restore');
  const from = resolve(shell.cwd, folder);
  await demandOwner(dataDir);
  const note = await whileShown(context, 'restoring', 'restore', (ports) => restore({ ...ports, backup: from, dataDir }));
  await answer(context, { dataDir, ...note }, () =>
    [
      `${summaryOf(note)} restored to ${dataDir}, as of ${instant(note.at)}`,
      'With the log in Redis: run "tributary recover" with the same --data-dir, then start. The log is created again behind what is archived, and the speed layer is computed from the archive.',
    ].join('\n'),
  );
  return EXIT.ok;
}

interface Ports {
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly onFile: (path: string) => void;
}

/** What packages refuse is a wrong usage here, and Ctrl-C an end that says what it left. */
async function whileShown<T>(
  { shell, terminal }: Context,
  doing: string,
  what: string,
  work: (ports: Ports) => Promise<T>,
): Promise<T> {
  try {
    const onFile = (path: string) => terminal.progress(`${doing} ${path}`);
    return await work({ nowMs: shell.now(), signal: shell.signal, onFile });
  } catch (error) {
    if (shell.signal.aborted)
      throw new CommandError({
        code: 'interrupted',
        message: `the ${what} was interrupted: nothing of it is left`,
        fix: 'Run it again.',
      });
    if (error instanceof TributaryError && (error.code === 'conflict' || error.code === 'invalid_query'))
      throw new UsageError(error.message, { cause: error });
    throw error;
  } finally {
    terminal.progressEnd();
  }
}

/** Within the data folder a copy would go with it. */
async function demandElsewhere(target: string, dataDir: string): Promise<void> {
  const parent = await realpath(dirname(target)).catch(() => dirname(target));
  const place = join(parent, basename(target));
  const own = await realpath(dataDir);
  if (place === own || place.startsWith(own + sep))
    throw new UsageError(`FOLDER must lie outside of the data folder (got ${JSON.stringify(target)}). Name one on another disk.`);
}

function summaryOf({ generation, partitions, files, bytes: size }: BackupNote): string {
  const events = partitions.reduce((sum, each) => sum + each.events, 0);
  const published = generation === null ? 'no generation' : `generation ${generation}`;
  return `${counted(events, 'archived event')} in ${counted(partitions.length, 'partition')}, ${published}, ${counted(files, 'file')} (${bytes(size)})`;
}
