/** Flags that the reports over the API share, and the query that they make. */
import { namesWith } from '@tributary/attribution/models/catalogue';
import { type Command, Option } from 'commander';
import type { Query } from '../api-client.ts';
import { UsageError } from '../exit.ts';
import { FILTERS, namesOneCurrency, withFilters } from './filters.ts';

export interface ReportFlags {
  readonly by: string;
  readonly value?: string;
  readonly order?: string;
  readonly alpha?: string;
  readonly seed?: string;
  readonly transform?: string;
  readonly custom?: string;
  readonly from?: string;
  readonly to?: string;
  readonly layer?: string;
  readonly view?: string;
  readonly channel?: readonly string[];
  readonly campaign?: readonly string[];
  readonly type?: readonly string[];
  readonly currency?: readonly string[];
  readonly convertTo?: string;
  readonly filter?: string;
  readonly format?: string;
  readonly out?: string;
}

/** Scripts have it. */
export const EARLIER_NAME_OF_LAYER = new Option('--view <name>', 'the earlier name of --layer').hideHelp();

/** Where analysts look for it, and it does not work: said with what does. */
export const NOT_CONVERTED = new Option('--convert-to <code>').hideHelp().argParser((code: string): string => {
  throw new UsageError(
    `--convert-to must be left out here (got "${code}"): "attribution report" and "compare" convert; name one currency with --currency`,
  );
});

export function withReportFlags(command: Command, dimensions: string): Command {
  const asked = command
    .option('--by <dimensions>', `comma-separated: ${dimensions}`, 'channel')
    .option('--value <which>', 'conversions, revenue or both', 'both')
    .option('--order <k>', `of ${namesWith('order')}: touches in a state, 1 to the transitionOrder of the definitions`)
    .option('--alpha <part>', `of ${namesWith('alpha')}: how much of it is Markov, 0 to 1`)
    .option('--seed <s>', 'of sampled models and of intervals')
    .option('--transform <names>', 'of rules: changes to paths, from left to right, exposure or first before any other')
    .option('--custom <weights>', `of ${namesWith('custom')}: percent of the first..last steps, such as 30,10..10,30`)
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--convert-to <code>', 'amounts of all currencies in this one, by the exchange rates of the definitions')
    .option('--layer <name>', 'merged, speed, batch or staged')
    .addOption(EARLIER_NAME_OF_LAYER);
  return withFilters(asked, FILTERS)
    .option('--format <name>', 'table, json, csv, ndjson or parquet; default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output');
}

/** Without what only this side knows. Both rewards are the API's default. */
export function queryOf({ value = 'both', format: _, out: __, ...flags }: Omit<ReportFlags, 'filter'>): Query {
  if (!['conversions', 'revenue', 'both'].includes(value))
    throw new UsageError(`--value must be conversions, revenue or both (got "${value}")`);
  return { ...flags, ...(value === 'both' ? {} : { value }) };
}

export function dimensionsOf(by: string): string[] {
  return by.split(',').map((dimension) => dimension.trim());
}

/** Null where every amount is of one currency by the question itself. `more`: what names a row beside its dimensions. */
export function separateBy(
  { by, convertTo, ...filters }: Pick<ReportFlags, 'by' | 'currency' | 'convertTo'>,
  ...more: readonly string[]
): { by: string; keys: string[] } | null {
  const dimensions = dimensionsOf(by);
  if (convertTo !== undefined || namesOneCurrency(filters) || dimensions.includes('currency')) return null;
  return { by: withCurrency(dimensions), keys: [...more, ...dimensions] };
}

/** The dimensions that a table is asked by: with the currency, unless all amounts are converted to one. */
export function askedBy(by: readonly string[], { convertTo }: Pick<ReportFlags, 'convertTo'>): string {
  return convertTo === undefined ? withCurrency(by) : by.join(',');
}

/** Rows name the currency of their amounts, also where the API was asked for one. */
export function namingCurrency<Row extends object>(
  rows: readonly Row[],
  { convertTo }: Pick<ReportFlags, 'convertTo'>,
): readonly Row[] {
  return convertTo === undefined ? rows : rows.map((row) => ({ ...row, currency: convertTo }));
}

/** Money has a currency: amounts are asked for by it, and folded for people. */
export function withCurrency(by: readonly string[]): string {
  return by.includes('currency') ? by.join(',') : [...by, 'currency'].join(',');
}
