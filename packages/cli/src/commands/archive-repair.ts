/** `tributary archive repair`: damaged and missing files of the data folder, brought back from a second copy of it. */
import { resolve } from 'node:path';
import { MOST_FAULTS } from '@tributary/archive/audit/faults';
import type { PartOfCopy, Repair } from '@tributary/archive/repair/repair';
import type { Command } from 'commander';
import { type Act, answer, type Context } from '../context.ts';
import { asUsage, CommandError, EXIT, type ExitCode } from '../exit.ts';
import { demandOwner } from '../owner.ts';
import { isObjectPlace, withManifests } from '../recovery/object-place.ts';
import { count, counted } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import { auditOf } from './archive-verify.ts';

interface Options {
  readonly from: string;
  readonly dryRun?: boolean;
}

/** Lines of each list. */
const SHOWN = 20;

export function fillArchiveRepair(command: Command, act: Act): void {
  command
    .requiredOption('--from <folder>', 'the second copy: a data folder, such as a backup, or s3://BUCKET/PREFIX of a backup')
    .option('--dry-run', 'only say what could be brought back')
    .action(act(repair));
}

async function repair(context: Context, { from, dryRun = false }: Options): Promise<ExitCode> {
  const { shell, settings } = context;
  if (!dryRun) await demandOwner(settings.dataDir);
  try {
    if (!isObjectPlace(from)) return await repairFromFolder(context, resolve(shell.cwd, from), dryRun);
    return await withManifests(context, from, (folder, part) => repairFromFolder(context, folder, dryRun, part));
  } catch (error) {
    if (!shell.signal.aborted) throw error;
    throw new CommandError({
      code: 'interrupted',
      message: 'the repair was interrupted: what it brought back stays',
      fix: 'Run it again: it goes on.',
    });
  }
}

async function repairFromFolder(context: Context, copy: string, dryRun: boolean, part?: PartOfCopy): Promise<ExitCode> {
  const { shell, settings, terminal } = context;
  const { dataDir } = settings;
  const { demandCopy, repairFrom } = await import('@tributary/archive/repair/repair');
  const wrong = await demandCopy(dataDir, copy).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (wrong !== undefined) asUsage(() => fail(wrong));
  const onFile = (path: string) => terminal.progress(`bringing back ${path}`);
  const repaired: string[] = [];
  let left: Repair['left'] = [];
  // Faults are listed up to a bound: what is beyond it comes in the next round.
  for (;;) {
    const audit = await auditOf(context, false);
    const ports = {
      dataDir,
      from: copy,
      ...(part && { part }),
      nowMs: shell.now(),
      attempt: shell.newId(),
      dryRun,
      signal: shell.signal,
      onFile,
    };
    const round = await repairFrom(audit, ports).finally(() => terminal.progressEnd());
    repaired.push(...round.repaired);
    left = round.left;
    if (dryRun || round.repaired.length === 0 || audit.faults.length < MOST_FAULTS) break;
  }
  const after = dryRun ? null : await auditOf(context, true);
  const ok = left.length === 0 && (after?.ok ?? true);
  await answer(context, { ok, dryRun, repaired, left }, () => textOf({ repaired, left }, dryRun, ok));
  return ok ? EXIT.ok : EXIT.found;
}

function textOf({ repaired, left }: Repair, dryRun: boolean, ok: boolean): string {
  const did = dryRun ? 'could be brought back' : 'brought back, and as their manifests say';
  return [
    ...listed(repaired),
    `${counted(repaired.length, 'file')} ${did}`,
    ...(left.length === 0
      ? []
      : ['', ...listed(left.map(({ path, detail }) => `${path}: ${detail}`)), `${count(left.length)} left as they are`]),
    ...(ok || left.length > 0 ? [] : ['something else is damaged: "tributary archive verify" says what']),
  ].join('\n');
}

function listed(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN;
  return [...lines.slice(0, SHOWN).map((line) => `  ${printable(line)}`), ...(more > 0 ? [`  … and ${count(more)} more`] : [])];
}

function fail(error: unknown): never {
  throw error;
}
