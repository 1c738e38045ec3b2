/** `tributary backup` and `tributary restore`: all that a platform is made of, copied while it runs, and put in the place of a data folder. */
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { CopyPorts } from '@tributary/archive/backup/copy-platform';
import type { BackupNote } from '@tributary/archive/backup/note';
import { TributaryError } from '@tributary/model/errors';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { demandOwner } from '../owner.ts';
import { inFolderForNow, isObjectPlace, withBackup, withStore } from '../recovery/object-place.ts';
import { bytes, counted, instant } from '../terminal/figures.ts';
import { noArchive } from './no-archive.ts';

export function fillBackup(command: Command, act: Act): void {
  command.argument('<folder>', 'is created; must not be there: a folder, or s3://BUCKET/PREFIX').action(act(backup));
}

export function fillRestore(command: Command, act: Act): void {
  command
    .argument('<folder>', 'what "tributary backup" made: a folder, or s3://BUCKET/PREFIX')
    .option(
      '--erasures <folder>',
      'where receipts of erasures from after the backup lie: the old data folder, a newer backup, or a copy of its "erasures"',
    )
    .action(act(restoreFrom));
}

async function backup(context: Context, folder: string): Promise<ExitCode> {
  const { shell, settings } = context;
  const { dataDir } = settings;
  const { partitionsOf } = await import('@tributary/archive/audit/audit');
  if ((await partitionsOf(dataDir)).length === 0) throw noArchive(settings);
  const isElsewhere = isObjectPlace(folder);
  const target = isElsewhere ? folder : resolve(shell.cwd, folder);
  const definitions = shell.env['TRIBUTARY_DEFINITIONS_FILE'] ?? '';
  const definitionsFile = definitions === '' ? null : resolve(shell.cwd, definitions);
  const note = await whileShown(
    context,
    'backing up',
    'backup',
    (ports) => (isElsewhere ? toStore : toFolder)(context, target, { ...ports, dataDir, definitionsFile }),
    isElsewhere ? SENT_IN_PART : undefined,
  );
  await answer(context, { folder: target, ...note }, () =>
    [
      `${summaryOf(note)} in ${target}`,
      'Not in it: what was acknowledged and not archived by then ("tributary batch run --wait" before a backup archives all up to it), Redis, keys.local.json, questions to the archive.',
    ].join('\n'),
  );
  return EXIT.ok;
}

async function toFolder({ settings }: Context, target: string, ports: Omit<CopyPorts, 'target'>): Promise<BackupNote> {
  const { backUp } = await import('@tributary/archive/backup/backup');
  await demandElsewhere(target, settings.dataDir);
  return backUp({ ...ports, target });
}

/** Whole on this machine first: what is sent takes its time, and by then files of the data folder may be retired. */
async function toStore(context: Context, named: string, ports: Omit<CopyPorts, 'target'>): Promise<BackupNote> {
  const { demandNoBackup, sendBackup } = await import('@tributary/archive/backup/send');
  return withStore(named, context.shell, async (store) => {
    const sending = { store, sleep: context.shell.sleep, ...(ports.signal && { signal: ports.signal }) };
    await demandNoBackup(sending);
    return inFolderForNow(async (above) => {
      const folder = join(above, 'backup');
      const note = await toFolder(context, folder, ports);
      const onFile = (path: string) => context.terminal.progress(`sending ${path}`);
      await sendBackup({ ...sending, folder, onFile });
      return note;
    });
  });
}

async function restoreFrom(context: Context, folder: string, options: { readonly erasures?: string }): Promise<ExitCode> {
  const { shell, settings } = context;
  const { dataDir } = settings;
  const { demandEmpty, restore } = await import('@tributary/archive/backup/restore');
  await demandOwner(dataDir);
  const note = await whileShown(context, 'restoring', 'restore', async (ports) => {
    const at = <T>(place: string, work: (found: string) => Promise<T>) =>
      isObjectPlace(place) ? withBackup(context, place, work) : work(resolve(shell.cwd, place));
    // Before all of it is fetched.
    if (isObjectPlace(folder)) await demandEmpty(dataDir);
    return at(folder, (from) => {
      const put = (erasures: string | null) => restore({ ...ports, backup: from, dataDir, erasures });
      if (options.erasures === undefined) return put(null);
      return options.erasures === folder ? put(from) : at(options.erasures, put);
    });
  });
  const { users, withoutGenerations } = note.erasedAgain;
  await answer(context, { dataDir, ...note }, () =>
    [
      `${summaryOf(note)} restored to ${dataDir}, as of ${instant(note.at)}`,
      ...(users > 0
        ? [
            `${counted(users, 'erased user')} of the backup will be refused, and archived files are written again by the next run.`,
          ]
        : []),
      ...(withoutGenerations
        ? ['Its generations count them and are left out: "tributary batch run --full --wait" computes one once all roles run.']
        : []),
      ...(options.erasures === undefined
        ? [`Users who were erased after ${instant(note.at)} are in it again: "--erasures FOLDER" names their receipts.`]
        : []),
      'With the log in Redis: run "tributary recover" with the same --data-dir, then start. The log is created again behind what is archived, and the speed layer is computed from the archive.',
    ].join('\n'),
  );
  return EXIT.ok;
}

const NOTHING_LEFT = { says: 'nothing of it is left', fix: 'Run it again.' };
const SENT_IN_PART = {
  says: 'it is not whole, and what was sent of it is left',
  fix: 'Run it again with the same place: what is there is not sent again.',
};

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
  left = NOTHING_LEFT,
): Promise<T> {
  try {
    const onFile = (path: string) => terminal.progress(`${doing} ${path}`);
    return await work({ nowMs: shell.now(), signal: shell.signal, onFile });
  } catch (error) {
    if (shell.signal.aborted)
      throw new CommandError({ code: 'interrupted', message: `the ${what} was interrupted: ${left.says}`, fix: left.fix });
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
