/** Filters of reports: flags by dimension, or `--filter channel=search,type=purchase`, which means the same. Several values of one mean any of them. */
import type { Command } from 'commander';
import { UsageError } from '../exit.ts';

export const FILTERS = ['channel', 'campaign', 'type', 'currency'] as const;
export type Filter = (typeof FILTERS)[number];
export type Filters = Partial<Readonly<Record<Filter, readonly string[]>>>;

const ABOUT: Readonly<Record<Filter, string>> = {
  channel: 'only this channel; repeat for any of several',
  campaign: 'only this campaign; repeat for any of several',
  type: 'only conversions of this type; repeat for any of several',
  currency: 'only this currency; repeat for any of several',
};

export function withFilters(command: Command, dimensions: readonly Filter[]): Command {
  for (const dimension of dimensions) withFilter(command, dimension);
  return command.option('--filter <list>', `DIMENSION=VALUE, comma-separated, of ${dimensions.join(', ')}`);
}

export function withFilter(command: Command, dimension: Filter): Command {
  const value = dimension === 'currency' ? '<code>' : '<name>';
  return command.option(`--${dimension} ${value}`, ABOUT[dimension], (text: string, before: readonly string[] = []) => [
    ...before,
    text,
  ]);
}

/** Those of both, without `filter`. Throws a usage error that says what to write instead. */
export function filtersOf<F extends Filters & { readonly filter?: string }>(
  { filter, ...flags }: F,
  dimensions: readonly Filter[],
): Omit<F, 'filter'> {
  const found: Partial<Record<Filter, readonly string[]>> = {};
  for (const part of filter?.split(',') ?? []) {
    const [, name = '', value = ''] = /^\s*(\w+)=(.+)$/s.exec(part) ?? [];
    const dimension = dimensions.find((known) => known === name);
    if (dimension === undefined)
      throw new UsageError(
        `--filter must be DIMENSION=VALUE, comma-separated, of ${dimensions.join(', ')} (got "${part}"). A value with a comma has its own flag, such as --${dimensions[0]}; several values are written such as ${dimensions[0]}=a,${dimensions[0]}=b.`,
      );
    found[dimension] = [...(found[dimension] ?? (flags as Filters)[dimension] ?? []), value];
  }
  return { ...flags, ...found };
}

/** Whether all amounts are of one currency by the question itself. */
export function namesOneCurrency({ currency = [] }: Filters): boolean {
  return new Set(currency).size === 1;
}
