/** What every report over the API does with its answer: tables for people, the answer itself, or rows for other tools. */
import type { Meta } from '@tributary/contract/shapes/meta';
import { exactJson } from '@tributary/model/exact-json';
import type { ApiClient, Query } from '../api-client.ts';
import type { Range, Report } from '../api-types.ts';
import type { Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode } from '../exit.ts';
import { count, counted } from '../terminal/figures.ts';
import { recordsOf } from './api-records.ts';
import { metaLine, warnings } from './meta-line.ts';
import { separated } from './money-columns.ts';
import { allPages, metaBeside, type Page } from './pages.ts';
import { type Format, putRecords, putText } from './record-output.ts';

/** Pages of 10 000 rows: a table for people beyond that is a mistake. */
export const MAX_TABLE_PAGES = 10;
/** Rows for other tools are complete, or there are none. */
const MAX_RECORD_PAGES = 100;
const OF_SEVERAL = /^(?:values|costs) are in several currencies/;

/** The window that an answer is about, and what its model was run with. */
export type WindowOf = Partial<Pick<Report, 'range' | 'previousRange' | 'lookbackDays' | 'parameters' | 'rest'>>;

/** `markov (order 1, seed 1), by channel · 2026-11-01 to 2026-12-01 · lookback 30 d`. */
export function titleOf(
  what: string,
  by: readonly string[],
  { range, previousRange = null, lookbackDays, parameters = {} }: WindowOf,
): string {
  const run = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const days = range === undefined || (range.fromDay === null && range.toDay === null) ? [] : [daysOf(range)];
  return [
    `${what}${run.length > 0 ? ` (${run.join(', ')})` : ''}${by.length > 0 ? `, by ${by.join(', ')}` : ''}`,
    ...days,
    ...(previousRange === null ? [] : [`against ${daysOf(previousRange)}`]),
    ...(lookbackDays === undefined ? [] : [`lookback ${lookbackDays} d`]),
  ].join(' · ');
}

function daysOf({ fromDay, toDay }: Range): string {
  return `${fromDay ?? '…'} to ${toDay ?? '…'}`;
}

export async function putTables(
  context: Context,
  tables: readonly (readonly [title: string, text: string])[],
  {
    notes = [],
    meta,
    range,
    out,
  }: {
    readonly notes?: readonly string[];
    readonly meta: Meta;
    readonly range: Range | undefined;
    readonly out: string | undefined;
  },
): Promise<ExitCode> {
  const { terminal } = context;
  warnings(terminal, meta, range);
  const sections = tables.map(([title, text]) => `${terminal.dim(title)}\n${text}`).join('\n\n');
  await putText(context, [sections, ...[...notes, metaLine(meta)].map(terminal.dim)].join('\n'), out);
  return EXIT.ok;
}

/** `--json`: the answer of the API to exactly what was asked. */
export async function putAnswer(
  context: Context,
  got: { readonly meta: Meta; readonly nextCursor?: string | null },
  out: string | undefined,
): Promise<ExitCode> {
  warnings(context.terminal, got.meta);
  if ((got.nextCursor ?? null) !== null)
    context.terminal.say('there are more rows than one answer holds: narrow the range, or follow nextCursor over HTTP');
  await putText(context, exactJson(got, 2), out);
  return EXIT.ok;
}

interface Asked<Row, F extends Format> {
  readonly api: ApiClient;
  readonly path: string;
  readonly query: Query;
  readonly out: string | undefined;
  readonly format: F;
  /** Rows as they are written, of those of the answer, with what it says of their intervals. */
  readonly flat: (rows: readonly Row[], uncertainty: unknown) => readonly Readonly<Record<string, unknown>>[];
  /** Where amounts of several currencies may have been left out: the dimensions by which to ask once more, and what names a row. */
  readonly separate: { readonly by: string; readonly keys: readonly string[] } | null;
}

/** The answer as it is, or its rows for other tools. null: neither, a table is asked for. */
export async function putUnlessTable<Row>(context: Context, asked: Asked<Row, Format>): Promise<ExitCode | null> {
  const { api, path, query, out, format } = asked;
  if (format === 'table') return null;
  if (format === 'json') return putAnswer(context, await api.get<Page<Row>>(path, query), out);
  return putAllRecords(context, { ...asked, format });
}

/** All rows as CSV, NDJSON or Parquet; fewer than all are an error (law 7). */
export async function putAllRecords<Row>(
  context: Context,
  { api, path, query, out, format, flat, separate }: Asked<Row, Exclude<Format, 'table' | 'json'>>,
): Promise<ExitCode> {
  const { rows, first } = await allRows<Row>(api, path, query);
  const { uncertainty = null } = first;
  const parted = separate === null ? null : await allRows<Row>(api, path, amountsOnly(query, separate.by));
  const meta = metaBeside(first.meta, parted?.first);
  // Rows that are parted by currency have the amounts that this answer left out.
  const said = parted === null ? meta.warnings : meta.warnings.filter((warning) => !OF_SEVERAL.test(warning));
  warnings(context.terminal, { warnings: said }, first.range);
  const left = first.rest?.rows ?? 0;
  if (left > 0) context.terminal.say(`${counted(left, 'more row')} left out`);
  const written =
    separate === null || parted === null
      ? flat(rows, uncertainty)
      : separated(flat(rows, uncertainty), flat(parted.rows, null), separate.keys);
  await putRecords(context, recordsOf(written), format, out);
  return EXIT.ok;
}

/** Intervals are of channels as a whole: an answer by currency has none. */
export function amountsOnly({ intervals: _, level: __, sort: ___, limit: ____, ...query }: Query, by: string): Query {
  return { ...query, by };
}

/** Fewer than all are an error (law 7), unless a number of rows was asked for. */
async function allRows<Row>(api: ApiClient, path: string, query: Query) {
  const { rows, first, isCut } = await allPages<Row, Page<Row> & WindowOf & { readonly uncertainty?: unknown }>(
    api,
    path,
    query,
    MAX_RECORD_PAGES,
  );
  const isShort = query['limit'] === undefined && (first.rest?.rows ?? 0) > 0;
  if (!isCut && !isShort) return { rows, first };
  throw new CommandError({
    code: 'too_many_rows',
    message: `the report has more than ${count(rows.length)} rows`,
    fix: 'Narrow it with --from, --to or a filter, or ask for fewer dimensions with --by.',
    exitCode: EXIT.usage,
  });
}

export function tellCut({ terminal }: Context, isCut: boolean, rows: number): void {
  if (isCut) terminal.say(`warning: only the first ${count(rows)} rows are shown and counted in the total`);
}
