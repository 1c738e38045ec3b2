/** The archived past of a data folder, which a command needs: without a generation it ends. What the archive lacks is said. */
import { type ArchivedPast, archivedPast as pastOf } from '@tributary/archive/history/archived-past';
import type { Context } from '../context.ts';
import { CommandError, EXIT } from '../exit.ts';

export async function pastOfCommand({ settings, shell, terminal }: Context): Promise<ArchivedPast> {
  const past = await archivedPast(settings.dataDir, shell.signal, (stored) => terminal.progress(`checking ${stored}`));
  for (const lack of past.lacks) terminal.say(`values may lack events: ${lack}`);
  return past;
}

export async function archivedPast(dataDir: string, signal: AbortSignal, onFile: (path: string) => void): Promise<ArchivedPast> {
  const past = await pastOf(dataDir, signal, onFile);
  if (past !== null) return past;
  throw new CommandError({
    code: 'conflict',
    message: `a generation does not exist yet in ${JSON.stringify(dataDir)}, and history ends at the cut of one`,
    fix: 'Run "tributary batch run --wait", or name the data folder with --data-dir.',
    exitCode: EXIT.usage,
  });
}
