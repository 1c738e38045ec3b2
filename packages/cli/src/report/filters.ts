/** Filters of reports: flags by dimension, or `--filter channel=search,type=purchase`, which means the same. */
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../exit.ts';

export const FILTERS = ['channel', 'campaign', 'type', 'currency'] as const;
export type Filter = (typeof FILTERS)[number];
export type Filters = Partial<Readonly<Record<Filter, string>>>;

const ABOUT: Readonly<Record<Filter, string>> = {
  channel: 'only this channel',
  campaign: 'only this campaign',
  type: 'only conversions of this type',
  currency: 'only this currency',
};

export function withFilters(command: Command, dimensions: readonly Filter[]): Command {
  for (const dimension of dimensions) {
    const value = dimension === 'currency' ? '<code>' : '<name>';
    command.option(`--${dimension} ${value}`, ABOUT[dimension], (text: string, before: string | undefined) => {
      if (before === undefined) return text;
      throw new InvalidArgumentError(`it stands there twice, after "${before}". ${onceEach(dimension, before, text)}`);
    });
  }
  return command.option('--filter <list>', `DIMENSION=VALUE, comma-separated, of ${dimensions.join(', ')}`);
}

/** Those of both, without `filter`. Throws a usage error that says what to write instead. */
export function filtersOf<F extends Filters & { readonly filter?: string }>(
  { filter, ...flags }: F,
  dimensions: readonly Filter[],
): Omit<F, 'filter'> {
  const found: Record<string, string> = {};
  for (const part of filter?.split(',') ?? []) {
    const [, name = '', value = ''] = /^\s*(\w+)=(.+)$/s.exec(part) ?? [];
    const dimension = dimensions.find((known) => known === name);
    if (dimension === undefined)
      throw new UsageError(
        `--filter must be DIMENSION=VALUE, comma-separated, of ${dimensions.join(', ')} (got "${part}"). A value with a comma has its own flag, such as --${dimensions[0]}.`,
      );
    const before = found[dimension] ?? (flags as Filters)[dimension];
    if (before !== undefined)
      throw new UsageError(
        `--filter must name each dimension once (got ${dimension} "${before}" and "${value}"). ${onceEach(dimension, before, value)}`,
      );
    found[dimension] = value;
  }
  return { ...flags, ...found };
}

/** Reports choose rows by one value of a dimension. */
function onceEach(dimension: Filter, one: string, other: string): string {
  const commands = [one, other].map((value) => `--filter ${dimension}=${value}`).join(', then ');
  return dimension === 'type' || dimension === 'currency'
    ? `Ask once for each: ${commands}.`
    : `Ask for all with --by ${dimension} and choose among the rows, or once for each: ${commands}.`;
}
