/** `tributary archive verify`: every manifest and every file of the data folder, by partition and generation. Changes nothing. */
import type { Audit } from '@tributary/archive/audit/audit';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { auditText } from '../report/audit.ts';
import { noArchive } from './no-archive.ts';

export function addArchiveVerify(archive: Command, act: Act): void {
  archive
    .command('verify')
    .description('hold every file of the archive and of the generations against its manifest; exit 1 when something is damaged')
    .option('--quick', 'compare lengths only, not checksums')
    .action(act(verify));
}

async function verify(context: Context, { quick = false }: { readonly quick?: boolean }): Promise<ExitCode> {
  const audit = await auditOf(context, quick);
  await answer(context, { ...audit, quick }, () => auditText(audit, quick, context));
  return audit.ok ? EXIT.ok : EXIT.found;
}

/** Ends with an error where it was interrupted, or there is nothing to look at. */
export async function auditOf({ shell, settings, terminal }: Context, quick: boolean): Promise<Audit> {
  const { dataDir } = settings;
  const { auditDataFolder } = await import('@tributary/archive/audit/audit');
  const onFile = (path: string) => terminal.progress(`checking ${path}`);
  try {
    const audit = await auditDataFolder({ dataDir, nowMs: shell.now(), depth: { quick, signal: shell.signal }, onFile });
    if (audit.partitions.length === 0 && audit.generations.length === 0) throw noArchive(settings);
    return audit;
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
