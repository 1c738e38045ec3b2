/** `tributary web …`: what people do on pages, one report a command. */
import { isCurrencyCode } from '@tributary/model/amounts/currency';
import type { Integer } from '@tributary/model/integer';
import type { Command } from 'commander';
import type { AnswerOf } from '../api-types.ts';
import type { Act, Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { EXIT } from '../exit.ts';
import { putAllRecords, putAnswer, putTables, titleOf } from '../report/api-output.ts';
import { recordsOf } from '../report/api-records.ts';
import { warnings } from '../report/meta-line.ts';
import { formatOf, putRecords } from '../report/record-output.ts';
import { count, counted, money } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';

type Totals = AnswerOf<'pages'>;
type Attention = AnswerOf<'attention'>;

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly layer?: string;
  readonly page?: readonly string[];
  readonly entry?: readonly string[];
  readonly layout?: readonly string[];
  readonly by?: string;
  readonly sort?: string;
  readonly top?: string;
  readonly format?: string;
  readonly out?: string;
}

interface Counted {
  readonly name: string;
  readonly about: string;
  /** What it is sorted by where nothing else is said. */
  readonly sort: string;
  readonly by: string;
  readonly hasLayouts: boolean;
  /** What its pages are called; default: `page`. */
  readonly pages?: 'entry';
}

const COUNTED: readonly Counted[] = [
  { name: 'pages', about: 'views of pages, and how long people were engaged there', sort: 'views', by: 'page', hasLayouts: true },
  {
    name: 'scroll',
    about: 'how long people were engaged with each twentieth of a page',
    sort: 'ms',
    by: 'band',
    hasLayouts: true,
  },
  { name: 'heat', about: 'where in elements people click and move', sort: 'n', by: 'element,kind,cell', hasLayouts: true },
  {
    name: 'forms',
    about: 'fields of forms: left, changed, sent, given up',
    sort: 'focused',
    by: 'form,field',
    hasLayouts: false,
  },
  { name: 'links', about: 'links of pages that were followed', sort: 'clicks', by: 'page,host', hasLayouts: false },
  {
    name: 'sessions',
    about: 'sessions of visitors by what they began with',
    sort: 'sessions',
    by: 'entry',
    hasLayouts: true,
    pages: 'entry',
  },
  {
    name: 'session-values',
    about: 'conversions in sessions of visitors, and their value, by what they began with',
    sort: 'conversions',
    by: 'entry,currency',
    hasLayouts: true,
    pages: 'entry',
  },
  { name: 'exits', about: 'pages that sessions of visitors ended on', sort: 'exits', by: 'page', hasLayouts: true },
];

const SCROLLED = ['0–5 %', ...Array.from({ length: 19 }, (_, i) => `${5 * (i + 1)}–${5 * (i + 2)} %`)];

export function fillWeb(web: Command, act: Act): void {
  for (const one of COUNTED) {
    const command = withOptions(web.command(one.name).description(one.about), one)
      .option('--by <dimensions>', 'comma-separated, what rows are kept apart by', one.by)
      .option('--sort <measure>', 'the largest of it first', one.sort)
      .option('--top <n>', 'rows of a table', '20');
    command.action(act((context: Context, options: Options) => totals(context, one, options)));
  }
  withOptions(web.command('attention').description('what elements of a page have of the attention: shares and ranks'), {
    hasLayouts: true,
  })
    .option('--basis <name>', 'cursor (engaged time by pointer), viewport or clicks', 'cursor')
    .action(act(attention));
}

function withOptions(command: Command, { hasLayouts, pages }: Pick<Counted, 'hasLayouts' | 'pages'>): Command {
  const several = (text: string, before: readonly string[] = []) => [...before, text];
  command
    .option(
      `--${pages ?? 'page'} <name>`,
      `only ${pages === undefined ? 'this page' : 'those that began on this page'}; repeat for any of several`,
      several,
    )
    .option('--from <instant>', 'from this day on (UTC)')
    .option('--to <instant>', 'before this day')
    .option('--layer <name>', 'merged, speed, batch or staged')
    .option('--format <name>', 'table, json, csv, ndjson or parquet; default: by the name of --out, else table')
    .option('--out <file>', 'write there instead of to standard output');
  return hasLayouts
    ? command.option(
        '--layout <px>',
        'only viewports from this width on: 0, 576, 992 or 1440; repeat for any of several',
        several,
      )
    : command;
}

async function totals(context: Context, { name, about }: Counted, options: Options): Promise<ExitCode> {
  const format = formatOf(context, options);
  const { format: _, out, sort, top, ...asked } = options;
  const api = context.api('read');
  const path = `/v1/${name}`;
  if (format !== 'table' && format !== 'json')
    return putAllRecords<Totals['rows'][number]>(context, {
      ...{ api, path, query: asked, out, format, separate: null },
      flat: (page) => page,
    });
  const got = await api.get<Totals>(path, { ...asked, sort, limit: top });
  if (format === 'json') return putAnswer(context, got, out);
  const { rows, totals: sums, rest: others, by, range, meta } = got;
  const measures = measuresOf(got);
  const ofRow = (row: Row) => measures.map((one) => one.show(row[one.name] as Integer, String(row['currency'])));
  const currencies = new Set(rows.map((row) => String(row['currency'])).filter(isCurrencyCode));
  const currency = currencies.size === 1 ? ([...currencies][0] as string) : '';
  const table = {
    columns: [...by.map((title) => ({ title })), ...measures.map(({ title }) => ({ title, align: 'right' }) as const)],
    rows: rows.map((row) => [
      ...by.map((dimension) => (dimension === 'band' ? bandOf(row[dimension]) : shortName(String(row[dimension])))),
      ...ofRow(row),
    ]),
    total: [...by.map((_unused, i) => (i === 0 ? 'all' : '')), ...ofRow({ ...sums, currency })],
    keys: by.length,
  };
  const left = Number(others?.['rows'] ?? 0);
  const notes = left === 0 ? [] : [`${count(left)} smaller rows are left out; the sums have them (--top)`];
  const text = renderWide(table, context.terminal.width, context.terminal.bold);
  return putTables(context, [[titleOf(about, [], { range }), text]], { notes, meta, range, out });
}

type Row = Readonly<Record<string, unknown>>;

interface Measure {
  readonly name: string;
  readonly title: string;
  readonly show: (value: Integer | undefined, currency: string) => string;
}

/** How measures end that are money. */
const MINOR = 'Minor';

/** Those of rows: amounts of several currencies have no sum, and rows by currency have them all the same. */
function measuresOf({ rows, totals: sums, by }: Totals): Measure[] {
  const names = Object.keys({ ...rows[0], ...sums }).filter((name) => !by.includes(name));
  return names.map((name) => {
    const isMoney = by.includes('currency') && name.endsWith(MINOR);
    const shown = (value: Integer, currency: string) => (isMoney ? money(value, currency) : count(value));
    return {
      name,
      title: isMoney ? name.slice(0, -MINOR.length) : name,
      show: (value, currency) => (value === undefined ? '' : shown(value, currency)),
    };
  });
}

function bandOf(band: unknown): string {
  return SCROLLED[Number(band)] ?? String(band);
}

async function attention(context: Context, options: Options & { readonly basis: string }): Promise<ExitCode> {
  const format = formatOf(context, options);
  const { format: _, out, ...asked } = options;
  const got = await context.api('read').get<Attention>('/v1/attention', { ...asked });
  if (format === 'json') return putAnswer(context, got, out);
  const { rows, total, elsewhere, rest, basis, range, meta } = got;
  if (format !== 'table') {
    warnings(context.terminal, meta, range);
    const flat = rows.map(({ box, ...row }) => ({
      ...row,
      ...{ x: box?.x ?? null, y: box?.y ?? null, width: box?.width ?? null, height: box?.height ?? null },
    }));
    if (rest.elements > 0)
      context.terminal.say(`${counted(rest.elements, 'more element')} left out, with ${count(rest.n)} of ${count(total)}`);
    await putRecords(context, recordsOf(flat), format, out);
    return EXIT.ok;
  }
  const unit = basis === 'clicks' ? 'clicks of all' : 'ms engaged';
  const table = {
    columns: [
      { title: 'element' },
      ...['share', 'rank', unit, 'seen in views', 'clicks'].map((title) => ({ title, align: 'right' }) as const),
    ],
    rows: [
      ...rows.map((row) => [
        shortName(row.element),
        row.percentTenths === null ? '–' : `${(row.percentTenths / 10).toFixed(1)} %`,
        row.rank === null ? '–' : `#${row.rank}`,
        ...[row.n, row.seenViews, row.clicks].map(count),
      ]),
      ...(rest.elements === 0 ? [] : [[`${count(rest.elements)} more`, '', '', count(rest.n), '', '']]),
      ['(elsewhere)', '', '', count(elsewhere), '', ''],
    ],
    total: ['all', '', '', count(total), '', ''],
  };
  const text = renderWide(table, context.terminal.width, context.terminal.bold);
  const what = { cursor: 'attention by pointer', viewport: 'attention by viewport', clicks: 'attention by clicks' }[basis];
  return putTables(context, [[titleOf(what, [], { range }), text]], { meta, range, out });
}
