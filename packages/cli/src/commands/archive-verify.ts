/** `tributary archive verify`: every manifest and every file of the data folder, by partition and generation. Changes nothing. */
import type { Audit } from '@tributary/archive/audit/audit';
import type { FolderNamed } from '@tributary/archive/audit/folder-names';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { auditText } from '../report/audit.ts';
import { findFolderNames } from '../report/folder-names.ts';
import { noArchive } from './no-archive.ts';

export function fillArchiveVerify(command: Command, act: Act): void {
  command.option('--quick', 'compare lengths only, not checksums').action(act(verify));
}

async function verify(context: Context, { quick = false }: { readonly quick?: boolean }): Promise<ExitCode> {
  const audit = await auditOf(context, quick);
  const folderNames = quick ? [] : await unlessInterrupted(context, () => folderNamesIn(context, audit));
  await answer(context, { ...audit, quick, folderNames }, () => auditText(audit, { quick, folderNames }, context));
  return audit.ok && !folderNames.some(({ isCertain }) => isCertain) ? EXIT.ok : EXIT.found;
}

async function folderNamesIn({ shell, settings, terminal }: Context, { partitions }: Audit): Promise<readonly FolderNamed[]> {
  terminal.progress('looking for rows with names of folders');
  const numbers = partitions.map(({ partition }) => partition);
  return findFolderNames(settings.dataDir, numbers, shell.signal);
}

/** Ends with an error where it was interrupted, or there is nothing to look at. */
export async function auditOf(context: Context, quick: boolean): Promise<Audit> {
  const { shell, settings, terminal } = context;
  const { dataDir } = settings;
  const { auditDataFolder } = await import('@tributary/archive/audit/audit');
  const onFile = (path: string) => terminal.progress(`checking ${path}`);
  return unlessInterrupted(context, async () => {
    const audit = await auditDataFolder({ dataDir, nowMs: shell.now(), depth: { quick, signal: shell.signal }, onFile });
    if (audit.partitions.length === 0 && audit.generations.length === 0) throw noArchive(settings);
    return audit;
  });
}

async function unlessInterrupted<T>({ shell, terminal }: Context, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!shell.signal.aborted) throw error;
    throw new CommandError({
      code: 'interrupted',
      message: 'interrupted before every file was looked at',
      fix: 'Run it again; with --quick it reads no file whole.',
    });
  } finally {
    terminal.progressEnd();
  }
}
