/** `tributary attribution report` and `compare`: which channels earned the conversions. */
import type { Command } from 'commander';
import type { ApiClient, Query } from '../api-client.ts';
import { type Act, answer, type Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { type CompareRow, compareTable, type Dimensions, ordered, reportTable } from '../report/attribution-tables.ts';
import { type AmountRow, foldCurrencies } from '../report/fold-currencies.ts';
import { type Meta, metaLine, warnings } from '../report/meta-line.ts';
import { count } from '../terminal/figures.ts';
import { renderTable } from '../terminal/table.ts';

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  readonly meta: Meta;
}
interface Report extends Page<AmountRow & Dimensions> {
  readonly model: string;
}
interface Comparison extends Page<CompareRow> {
  readonly models: readonly string[];
}

interface Options {
  readonly model?: string;
  readonly models?: string;
  readonly by: string;
  readonly from?: string;
  readonly to?: string;
  readonly view?: string;
  readonly channel?: string;
  readonly campaign?: string;
  readonly type?: string;
  readonly currency?: string;
}

/** Pages of 10 000 rows: a table for people beyond that is a mistake. */
const MAX_PAGES = 10;

export function addAttributionReports(parent: Command, act: Act): void {
  filtered(parent.command('report').description('credit and value by channel, campaign, day, type or currency, under one model'))
    .option('--model <name>', 'first, last, lastNonDirect, linear, positionBased or timeDecay', 'last')
    .action(act(report));
  filtered(parent.command('compare').description('conversions by channel under several models, side by side'))
    .option('--models <names>', 'comma-separated; default: all')
    .action(act(compare));
}

function filtered(command: Command): Command {
  return command
    .option('--by <dimensions>', 'comma-separated: channel, campaign, day, type, currency', 'channel')
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--view <layers>', 'merged, speed or batch')
    .option('--channel <name>', 'only this channel')
    .option('--campaign <name>', 'only this campaign')
    .option('--type <type>', 'only conversions of this type')
    .option('--currency <code>', 'only this currency');
}

async function report(context: Context, options: Options): Promise<ExitCode> {
  const { models: _, ...query } = options;
  const api = context.api('read');
  if (context.json) return asJson(context, await api.get<Report>('/v1/attribution', { ...query }));
  const by = dimensionsOf(options.by);
  const { rows, first } = await allPages<AmountRow & Dimensions, Report>(
    api,
    '/v1/attribution',
    { ...query, by: withCurrency(by) },
    context,
  );
  const folded = ordered(foldCurrencies(rows, by), by);
  const text = renderTable(reportTable(folded, by), context.terminal.bold);
  return asTable(context, `${first.model}, by ${by.join(', ')}`, text, first.meta);
}

async function compare(context: Context, options: Options): Promise<ExitCode> {
  const { model: _, ...query } = options;
  const api = context.api('read');
  if (context.json) return asJson(context, await api.get<Comparison>('/v1/attribution/compare', { ...query }));
  const by = dimensionsOf(options.by);
  const { rows, first } = await allPages<CompareRow, Comparison>(api, '/v1/attribution/compare', { ...query }, context);
  const text = renderTable(compareTable(rows, by, first.models), context.terminal.bold);
  return asTable(context, `conversions by ${by.join(', ')}`, text, first.meta);
}

async function asJson(context: Context, got: Page<unknown>): Promise<ExitCode> {
  warnings(context.terminal, got.meta);
  if (got.nextCursor !== null)
    context.terminal.say('there are more rows than one answer holds: narrow the range, or follow nextCursor over HTTP');
  await answer(context, got, () => '');
  return EXIT.ok;
}

async function asTable(context: Context, title: string, text: string, meta: Meta): Promise<ExitCode> {
  const { terminal } = context;
  warnings(terminal, meta);
  await terminal.data(`${terminal.dim(title)}\n${text}\n${terminal.dim(metaLine(meta))}`);
  return EXIT.ok;
}

async function allPages<Row, P extends Page<Row>>(
  api: ApiClient,
  path: string,
  query: Query,
  { terminal }: Context,
): Promise<{ rows: Row[]; first: P }> {
  const first = await api.get<P>(path, query);
  const rows = [...first.rows];
  let cursor = first.nextCursor;
  for (let page = 1; cursor !== null && page < MAX_PAGES; page++) {
    const next = await api.get<P>(path, { ...query, cursor });
    rows.push(...next.rows);
    cursor = next.nextCursor;
  }
  if (cursor !== null) terminal.say(`warning: only the first ${count(rows.length)} rows are shown and counted in the total`);
  return { rows, first };
}

function dimensionsOf(by: string): string[] {
  return by.split(',').map((dimension) => dimension.trim());
}

function withCurrency(by: readonly string[]): string {
  return by.includes('currency') ? by.join(',') : [...by, 'currency'].join(',');
}
