/** What `attribution run` reads: paths, or events that it makes paths of. */
import { resolve } from 'node:path';
import type { Reward } from '@tributary/attribution/data-driven/counts';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import type { Decimal } from '@tributary/attribution-files/files/decimal';
import { type PathFile, readPathFile } from '@tributary/attribution-files/files/path-file';
import { MISNAMED } from '@tributary/importing/failures';
import { inflated } from '@tributary/importing/files/lines';
import { openInput } from '@tributary/importing/files/open-input';
import { decimalsOf } from '@tributary/model/amounts/currency';
import type { Definitions } from '@tributary/model/definitions';
import type { Context } from '../context.ts';
import { CommandError, EXIT, UsageError } from '../exit.ts';
import { separatorOf } from './csv-flags.ts';
import type { RunFlags, RunPlan } from './run-plan.ts';

/** The built-in ones for ''. */
export async function definitionsOf({ shell }: Context, file: string): Promise<Definitions> {
  const { loadDefinitions } = await import('@tributary/runtime/config/definitions');
  try {
    return await loadDefinitions(file === '' ? '' : resolve(shell.cwd, file));
  } catch (cause) {
    const { code } = ((cause as Error).cause ?? {}) as { code?: unknown };
    const misnamed = MISNAMED[String(code)];
    if (misnamed === undefined)
      throw new UsageError(`--definitions must name a file of definitions (got ${file}: ${(cause as Error).message})`, { cause });
    throw new CommandError(
      {
        code: String(code),
        message: `--definitions: cannot read "${file}": ${misnamed}`,
        fix: 'Name a file that is there, in YAML or JSON (docs/definitions.md), or leave the flag out for the built-in ones.',
        exitCode: EXIT.usage,
      },
      { cause },
    );
  }
}

export async function readRunFile(
  context: Context,
  options: RunFlags,
  { file, definitions, models, replicates, groups }: RunPlan,
  costs: readonly Decimal[],
  withoutAmounts = false,
): Promise<PathFile> {
  if (options.pathSeparator === '') throw new UsageError('--path-separator must have at least one character (got "")');
  const shared = {
    separator: separatorOf(options.separator),
    currency: options.currency,
    decimalComma: options.decimalComma === true,
    decimals: Math.max(decimalsOf(options.currency), ...costs.map(({ scale }) => scale)),
    withUnits: replicates > 0 || groups !== null,
  };
  const chunks = inflated(openInput(context.shell, file), file);
  const withAges = models.some((model) => modelInfo(model).needs.includes('ages'));
  if (definitions !== undefined) {
    const { readEventFile } = await import('@tributary/attribution-files/files/event-file');
    return readEventFile(chunks, file, {
      ...shared,
      map: options.map ?? '',
      definitions,
      withAges,
      withoutAmounts,
      nowMs: context.shell.now(),
    });
  }
  return readPathFile(chunks, file, {
    ...shared,
    pathSeparator: options.pathSeparator,
    map: options.map,
    milestones: options.milestones?.split(',').map((name) => name.trim()) ?? [],
  });
}

export function rewardsOf(value: string | undefined, file: PathFile): Reward[] {
  const which = value ?? (file.hasValue ? 'both' : 'conversions');
  if (which === 'conversions') return ['conversions'];
  if (which !== 'revenue' && which !== 'both')
    throw new UsageError(`--value must be conversions, revenue or both (got "${which}")`);
  if (!file.hasValue)
    throw new UsageError(
      `--value must be conversions where no column holds the value (got "${which}"). Name the column with --map value=COLUMN.`,
    );
  return which === 'revenue' ? ['value'] : ['conversions', 'value'];
}
