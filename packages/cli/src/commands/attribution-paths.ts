/** `tributary attribution paths`: which ways lead to conversions, how long they are, who assists. */
import type { Integer } from '@tributary/model/integer';
import type { Command } from 'commander';
import type { ApiClient } from '../api-client.ts';
import type { Act, Context } from '../context.ts';
import { EXIT, type ExitCode, UsageError } from '../exit.ts';
import { putAnswer, putTables, titleOf } from '../report/api-output.ts';
import { recordsOf } from '../report/api-records.ts';
import { filtersOf, namesOneCurrency, withFilters } from '../report/filters.ts';
import { warnings } from '../report/meta-line.ts';
import { assistsTable, lagsTable, lengthsTable, type PathsAnswer, pathsTable } from '../report/path-tables.ts';
import { formatOf, putRecords } from '../report/record-output.ts';
import { EARLIER_NAME_OF_LAYER, NOT_CONVERTED } from '../report/report-flags.ts';
import { renderWide } from '../terminal/table.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly type?: readonly string[];
  readonly currency?: readonly string[];
  readonly filter?: string;
  readonly layer?: string;
  readonly view?: string;
  readonly sort?: string;
  readonly limit: string;
  readonly top?: string;
  readonly format?: string;
  readonly out?: string;
}

const DIMENSIONS = ['type', 'currency'] as const;

export function fillAttributionPaths(command: Command, act: Act): void {
  command
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--layer <name>', 'merged, speed, batch or staged')
    .addOption(NOT_CONVERTED)
    .addOption(EARLIER_NAME_OF_LAYER);
  withFilters(command, DIMENSIONS)
    .option('--sort <measure>', 'conversions or value')
    .option('--limit <n>', 'paths shown, up to 1000', '20')
    .option('--top <n>', 'the same, as in "attribution report"')
    .option('--format <name>', 'table, json, csv, ndjson or parquet (rows: the paths); default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output')
    .action(act(paths));
}

async function paths(context: Context, options: Options): Promise<ExitCode> {
  const format = formatOf(context, options);
  const { format: _, out, top, ...flags } = filtersOf(options, DIMENSIONS);
  const query = { ...flags, limit: top ?? flags.limit };
  if (!/^\d{1,4}$/.test(query.limit))
    throw new UsageError(
      `--${top === undefined ? 'limit' : 'top'} must be a whole number of paths, to 9999 (got "${query.limit}")`,
    );
  const api = context.api('read');
  const got = await api.get<PathsAnswer>('/v1/paths', query);
  if (format === 'json') return putAnswer(context, got, out);
  const currencies = await currenciesOf(api, query);
  if (currencies.length > 1)
    context.terminal.say(`values are in ${currencies.join(', ')} and have no sum: name one with --currency to see them`);
  if (format !== 'table') {
    warnings(context.terminal, got.meta, got.range);
    await putRecords(
      context,
      recordsOf(
        got.paths.map(({ steps, valueMinor, ...row }) => ({
          path: steps.join(' > '),
          steps: steps.length,
          ...row,
          ...(currencies.length > 1 ? {} : { valueMinor, currency: currencies[0] ?? null }),
        })),
      ),
      format,
      out,
    );
    return EXIT.ok;
  }
  const { width, bold } = context.terminal;
  const titled = [
    [titleOf('paths of conversions', [], { range: got.range, lookbackDays: got.lookbackDays }), pathsTable(got, currencies)],
    ['touches before a conversion', lengthsTable(got, currencies)],
    ['days from the first touch to the conversion', lagsTable(got, currencies)],
    ['who assists: conversions with the channel, and where it was not the last', assistsTable(got)],
  ] as const;
  return putTables(
    context,
    titled.map(([title, table]) => [title, renderWide(table, width, bold)]),
    { meta: got.meta, range: got.range, out },
  );
}

/** Those of the values: the API adds them up where it is not asked for one. */
async function currenciesOf(api: ApiClient, { currency = [], from, to, type, layer, view }: Partial<Options>): Promise<string[]> {
  if (namesOneCurrency({ currency })) return [...new Set(currency)];
  const query = { model: 'last', by: 'currency', value: 'revenue', from, to, type, currency, layer, view };
  const { rows } = await api.get<{ rows: { currency: string; valueMinor: Integer }[] }>('/v1/attribution', query);
  return [...new Set(rows.filter(({ valueMinor }) => valueMinor !== 0).map((row) => row.currency))];
}
