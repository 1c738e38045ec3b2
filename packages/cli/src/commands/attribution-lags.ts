/** `tributary attribution lags`: how many days pass from the first touch of each channel to the conversion. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { MAX_TABLE_PAGES, putAllRecords, putAnswer, putTables, tellCut, titleOf } from '../report/api-output.ts';
import { filtersOf, withFilters } from '../report/filters.ts';
import { type LagsAnswer, lagTable } from '../report/lag-table.ts';
import { allPages } from '../report/pages.ts';
import { formatOf } from '../report/record-output.ts';
import { NOT_CONVERTED } from '../report/report-flags.ts';
import { renderWide } from '../terminal/table.ts';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly channel?: readonly string[];
  readonly type?: readonly string[];
  readonly currency?: readonly string[];
  readonly filter?: string;
  readonly layer?: string;
  readonly format?: string;
  readonly out?: string;
}

const DIMENSIONS = ['channel', 'type', 'currency'] as const;
const OF_SEVERAL = /^amounts are in several currencies/;
const VIEW = '/v1/views/channelLags';

export function fillAttributionLags(command: Command, act: Act): void {
  command
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--layer <name>', 'merged, speed or batch')
    .addOption(NOT_CONVERTED);
  withFilters(command, DIMENSIONS)
    .option('--format <name>', 'table, json, csv, ndjson or parquet; default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output')
    .action(act(lags));
}

async function lags(context: Context, options: Options): Promise<ExitCode> {
  const format = formatOf(context, options);
  const { format: _, out, ...asked } = filtersOf(options, DIMENSIONS);
  const api = context.api('read');
  const query = { by: 'channel,lagDays', ...asked };
  if (format === 'json') return putAnswer(context, await api.get<LagsAnswer>(VIEW, query), out);
  if (format !== 'table') {
    // Amounts have a currency.
    const separate = { ...query, by: 'channel,lagDays,currency' };
    return putAllRecords<LagsAnswer['rows'][number]>(context, {
      ...{ api, path: VIEW, query: separate, out, format, separate: null },
      flat: (page) => page,
    });
  }
  const { rows, first, isCut } = await allPages<LagsAnswer['rows'][number], LagsAnswer>(api, VIEW, query, MAX_TABLE_PAGES);
  const { width, bold } = context.terminal;
  const title = titleOf('conversions by days from the first touch of the channel', [], { range: first.range });
  const text = renderWide(lagTable(rows), width, bold);
  // The table has no amounts that could be missed.
  const said = first.meta.warnings.filter((warning) => !OF_SEVERAL.test(warning));
  tellCut(context, isCut, rows.length);
  return putTables(context, [[title, text]], { meta: { ...first.meta, warnings: said }, range: first.range, out });
}
