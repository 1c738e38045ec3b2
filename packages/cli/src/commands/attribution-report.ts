/** `tributary attribution report`: which channels the conversions are credited to, under one model. */
import { isModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { CREDIT_IS } from '@tributary/model/credit-is';
import type { ApiClient, Query } from '../api-client.ts';
import type { Report, ReportRow } from '../api-types.ts';
import type { Context } from '../context.ts';
import { type ExitCode, UsageError } from '../exit.ts';
import { intervalQuery } from '../flags/level-flag.ts';
import { amountsOnly, MAX_TABLE_PAGES, putTables, putUnlessTable, tellCut, titleOf } from '../report/api-output.ts';
import { type ModelFigures, ordered, reportTable } from '../report/attribution-tables.ts';
import { foldPrevious } from '../report/change-figures.ts';
import { FILTERS, filtersOf } from '../report/filters.ts';
import { foldCurrencies } from '../report/fold-currencies.ts';
import { allPages, metaBeside } from '../report/pages.ts';
import { formatOf } from '../report/record-output.ts';
import { askedBy, dimensionsOf, namingCurrency, queryOf, type ReportFlags, separateBy } from '../report/report-flags.ts';
import { sortedRows, sortOf, sortQuery } from '../report/sort-flags.ts';
import { uncertaintyNotes, withCodesOfAnswer } from '../report/uncertainty-notes.ts';
import { count, counted, fixed, percent } from '../terminal/figures.ts';
import { renderWide, shortName } from '../terminal/table.ts';

const CHANGES =
  'changes are of all that differed between the two windows, not of the cost alone: change ratios do not forecast (docs/models.md)';

const writtenIntervals = (given: string) =>
  `--bootstrap must be written --intervals here (got --bootstrap ${given}): the platform draws no samples, intervals come from the partitions. Write --intervals.`;

export interface ReportOptions extends ReportFlags {
  readonly model: string;
  readonly intervals?: true;
  /** The earlier name of `--intervals`. */
  readonly bootstrap?: string;
  readonly level?: string;
  readonly against?: string;
  readonly sort?: string;
  readonly top?: string;
  readonly archive?: string;
}

function pathOf(question: string | undefined): string {
  return question === undefined ? '/v1/attribution' : `/v1/archive-questions/${encodeURIComponent(question)}/attribution`;
}

export async function attributionReport(context: Context, given: ReportOptions): Promise<ExitCode> {
  const options = filtersOf(given, FILTERS);
  const format = formatOf(context, options);
  const { intervals, bootstrap, level, sort, top, archive, ...flags } = options;
  if (bootstrap !== undefined) throw new UsageError(writtenIntervals(bootstrap));
  const path = pathOf(archive);
  const order = sortOf(sort, top);
  const query: Query = { ...queryOf(flags), ...intervalQuery(context, { intervals, level }) };
  const api = context.api('read');
  const put = await putUnlessTable(context, {
    ...{ api, path, query: { ...query, ...sortQuery(order) }, out: options.out, format },
    flat: (page: readonly ReportRow[], uncertainty) =>
      namingCurrency(withCodesOfAnswer(page, uncertainty as Report['uncertainty']), options),
    separate: separateBy(options),
  });
  if (put !== null) return put;

  const by = dimensionsOf(options.by);
  // Intervals and effects are of channels as a whole: they come with an answer that is not parted by currency.
  const all = await allPages<ReportRow, Report>(api, path, amountsOnly(query, askedBy(by, options)), MAX_TABLE_PAGES);
  const { first, isCut } = all;
  const rows = namingCurrency(all.rows, options);
  tellCut(context, isCut, rows.length);
  const whole = await wholeChannels({ api, path }, query, by, options.model);
  if (options.intervals === true && whole?.rows.every(({ shareLow }) => shareLow === undefined) === true)
    context.terminal.say('intervals are of channels as a whole: ask for them with --by channel');
  const shown = { conversions: options.value !== 'revenue', revenue: options.value !== 'conversions' };
  const previous = options.against === undefined ? null : foldPrevious(rows, by);
  const still =
    previous === null || by.includes('currency') ? first : (whole ?? (await api.get<Report>(path, { ...query, limit: 1 })));
  const folded = foldCurrencies(rows, by);
  const sorted = order === null ? ordered(folded, by) : sortedRows(folded, order.sort);
  const most = order?.top ?? sorted.length;
  const table = reportTable(sorted, by, shown, figuresByKey(whole?.rows ?? [], by), previous);
  const text = renderWide({ ...table, rows: table.rows.slice(0, most) }, context.terminal.width, context.terminal.bold);
  const title = titleOf(first.model, by, whole ?? first);
  const left = sorted.length - most;
  const notes = [
    ...(left > 0 ? [`${counted(left, 'more row')} not shown; the total is of all`] : []),
    ...(options.type === undefined || options.type.length === 0 ? [] : [OF_ALL_TYPES]),
    ...cautionNotes(whole),
    ...samplingNotes(whole),
    ...uncertaintyNotes(whole),
    ...(previous === null ? [] : [...stillNotes(still.stoodStill), CHANGES]),
    CREDIT_IS,
  ];
  return putTables(context, [[title, text]], {
    notes,
    meta: metaBeside(first.meta, whole),
    range: first.range,
    out: options.out,
  });
}

/** Touches are not of a type of conversions, and neither is what they cost. */
const OF_ALL_TYPES = 'touches and cost are those of all types of conversions: with --type there are none, and no ROAS or CPA';

/** The answer by exactly what was asked, where it says more than amounts. */
async function wholeChannels(
  { api, path }: { readonly api: ApiClient; readonly path: string },
  query: Query,
  by: readonly string[],
  model: string,
): Promise<Report | undefined> {
  const hasNoEffect = isModelName(model) && modelInfo(model).effect === null;
  if (query['intervals'] === undefined && (hasNoEffect || !by.includes('channel') || by.includes('currency'))) return undefined;
  return api.get<Report>(path, query);
}

/** What a model says is in doubles: one that is written with more digits than a double holds is a double all the same. */
function figuresByKey(rows: readonly ReportRow[], by: readonly string[]): Map<string, ModelFigures> {
  const inDoubles = (row: ReportRow): ModelFigures =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]));
  return new Map(
    rows.map((row) => [by.map((dimension) => String(row[dimension as keyof ReportRow] ?? '')).join('\t'), inDoubles(row)]),
  );
}

/** Shares that rest on fewer than 20 conversions. */
function cautionNotes(whole: Report | undefined): string[] {
  const few = whole?.rows.filter(({ caution }) => typeof caution === 'string' && caution !== 'no_conversions') ?? [];
  if (few.length === 0) return [];
  const named = few.slice(0, 5).map(({ channel = '', met = 0 }) => `${shortName(channel)} ${count(met)}`);
  const more = few.length > named.length ? ` and ${few.length - named.length} more` : '';
  return [
    `few conversions met: ${named.join(', ')}${more}. Below 20 a share says little${whole?.uncertainty ? '' : '; --intervals shows how little'}`,
  ];
}

/** What changed where the cost did not: beside the ratios, for season and prices are in both. */
function stillNotes(still: Report['stoodStill'] | undefined): string[] {
  const { rows = 0, previousConversions = 0, conversionsChange } = still ?? {};
  if (rows === 0 || conversionsChange === undefined) return [];
  const part = previousConversions > 0 ? ` (${percent(conversionsChange / previousConversions, 0)})` : '';
  const change = `${fixed(Math.abs(conversionsChange), 2)} conversions ${conversionsChange < 0 ? 'fewer' : 'more'}`;
  return [`where the cost stood still (${counted(rows, 'row')}): ${change}${part}`];
}

function samplingNotes(whole: Report | undefined): string[] {
  const { sampling } = whole ?? {};
  if (sampling === null || sampling === undefined) return [];
  const sure = percent(1 - sampling.delta, 0);
  return [
    `estimated from ${count(2 * sampling.pairs)} orders of the channels: every effect is within ${sampling.epsilon.toPrecision(2)} with ${sure} probability`,
  ];
}
