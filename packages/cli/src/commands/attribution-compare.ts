/** `tributary attribution compare`: several models side by side over the same window. */

import { CREDIT_IS } from '@tributary/model/credit-is';
import type { ApiClient } from '../api-client.ts';
import type { AnswerOf, Comparison } from '../api-types.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { intervalQuery } from '../flags/level-flag.ts';
import { amountsOnly, MAX_TABLE_PAGES, putTables, putUnlessTable, tellCut, titleOf } from '../report/api-output.ts';
import { type CompareRow, compareTable, intervalTable, ordered } from '../report/attribution-tables.ts';
import { FILTERS, filtersOf } from '../report/filters.ts';
import { type FoldedRow, foldCurrencies } from '../report/fold-currencies.ts';
import { allPages, metaBeside } from '../report/pages.ts';
import { formatOf } from '../report/record-output.ts';
import { askedBy, dimensionsOf, namingCurrency, queryOf, type ReportFlags, separateBy } from '../report/report-flags.ts';
import { type Sort, sortedRows, sortOf, sortQuery } from '../report/sort-flags.ts';
import { uncertaintyNotes, withCodesOfAnswer } from '../report/uncertainty-notes.ts';
import { counted } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';

export interface CompareOptions extends ReportFlags {
  readonly models?: string;
  readonly baseline?: string;
  readonly intervals?: true;
  readonly level?: string;
  readonly sort?: string;
  readonly top?: string;
}

export async function attributionCompare(context: Context, given: CompareOptions): Promise<ExitCode> {
  const { sort, top, intervals, level, ...options } = filtersOf(given, FILTERS);
  const order = sortOf(sort, top);
  const format = formatOf(context, options);
  const api = context.api('read');
  const models = options.models === 'all' ? await everyModel(api, given) : options.models;
  const query = { ...queryOf(options), models, baseline: options.baseline, ...intervalQuery(context, given) };
  const path = '/v1/attribution/compare';
  const put = await putUnlessTable(context, {
    ...{ api, path, query: { ...query, ...sortQuery(order) }, out: options.out, format },
    flat: (page: readonly CompareRow[], uncertainty) =>
      namingCurrency(rowsOfModels(page, uncertainty as Comparison['uncertainty']), options),
    separate: separateBy(options, 'model'),
  });
  if (put !== null) return put;

  const by = dimensionsOf(options.by);
  const all = await allPages<CompareRow, Comparison>(api, path, amountsOnly(query, askedBy(by, options)), MAX_TABLE_PAGES);
  const { first, isCut } = all;
  const rows = namingCurrency(all.rows, options);
  tellCut(context, isCut, rows.length);
  const folded = byModel(rows, by, first.models);
  // A day of both would be two tables of all models: conversions unless revenue was asked for.
  const measure = options.value === 'revenue' ? 'value' : 'conversions';
  const sorted = order === null ? folded : sortedBy(folded, options.baseline ?? first.models[0] ?? '', order.sort);
  const table = compareTable(sorted, by, measure, options.baseline);
  const most = order?.top ?? table.rows.length;
  const text = renderWide({ ...table, rows: table.rows.slice(0, most) }, context.terminal.width, context.terminal.bold);
  const left = table.rows.length - most;
  const title = titleOf(measure, by, { ...first, parameters: askedParameters(first, options) });
  // Intervals are of channels as a whole: they come with an answer that is not parted by currency.
  const sure = intervals === true ? await api.get<Comparison>(path, query) : null;
  const ofShares = sure === null ? [] : [sharesOf(sure, sorted, context.terminal)];
  return putTables(context, [[title, text], ...ofShares], {
    notes: [
      ...(left > 0 ? [`${counted(left, 'more row')} not shown; the total is of all`] : []),
      ...(sure === null ? [] : notesOfModels(sure)),
      CREDIT_IS,
    ],
    meta: metaBeside(first.meta, sure),
    range: first.range,
    out: options.out,
  });
}

/** A table of the shares' intervals, in the order of the amounts' table. */
function sharesOf(
  answer: Comparison,
  amounts: ReadonlyMap<string, readonly FoldedRow[]>,
  { width, bold }: Context['terminal'],
): [string, string] {
  const [first = []] = amounts.values();
  const table = intervalTable(
    answer,
    first.map(({ key }) => key[0] ?? ''),
  );
  const { level = 0 } = Object.values(answer.uncertainty ?? {})[0] ?? {};
  return [`intervals of the shares (${Number((level * 100).toFixed(6))} %), and ranks`, renderWide(table, width, bold)];
}

/** What intervals cover, once; and the cautions of each model. */
function notesOfModels({ models, rows, uncertainty }: Comparison): string[] {
  const notes = models.flatMap((model) =>
    uncertaintyNotes({
      rows: rows.map(({ models: figures, ...row }) => ({ share: null, ...row, ...figures[model] })),
      uncertainty: uncertainty?.[model] ?? null,
    }).map((note) => (note.startsWith('caution') ? `${model}: ${note}` : note)),
  );
  return [...new Set(notes)];
}

/** The table is in the order of its first model: all of them in that of the model that it is sorted by. */
function sortedBy(rows: ReadonlyMap<string, FoldedRow[]>, model: string, sort: Sort): Map<string, FoldedRow[]> {
  const keys = sortedRows(rows.get(model) ?? [], sort).map(({ key }) => key.join('\t'));
  return new Map(
    [...rows].map(([name, own]) => {
      const byKey = new Map(own.map((row) => [row.key.join('\t'), row]));
      return [name, keys.flatMap((key) => byKey.get(key) ?? [])];
    }),
  );
}

/**
 * Models whose totals are the conversions, of those that can be answered as asked. Those that count a conversion for several channels
 * are not rivals of them; those of positions say, where there are none, what another model says.
 */
async function everyModel(api: ApiClient, options: CompareOptions): Promise<string> {
  const { models } = await api.get<AnswerOf<'models'>>('/v1/models');
  const isGiven = (parameter: string) => options[parameter as keyof CompareOptions] !== undefined;
  return models
    .filter(({ family, missing = null, required = [] }) => family !== 'counts' && missing === null && required.every(isGiven))
    .filter(({ parameters = [] }) => options.intervals === undefined || parameters.includes('intervals'))
    .filter(
      ({ parameters = [] }) => !parameters.includes('position') && (!isGiven('transform') || parameters.includes('transform')),
    )
    .map(({ name }) => name)
    .join(',');
}

/** Without what paths are when nothing is asked for: most of the models compared do not look at it. */
function askedParameters({ parameters }: Comparison, { transform: asked }: CompareOptions): Comparison['parameters'] {
  const { transform: _, ...others } = parameters ?? {};
  return asked === undefined ? others : parameters;
}

/** Each model's rows, all in the order of the first model's. */
function byModel(rows: readonly CompareRow[], by: readonly string[], models: readonly string[]): Map<string, FoldedRow[]> {
  return new Map(
    models.map((model, i) => {
      const folded = foldCurrencies(
        rows.map(({ models: credits, ...row }) => ({ ...row, ...credits[model] })),
        by,
      );
      return [model, i === 0 ? ordered(folded, by) : folded];
    }),
  );
}

/** A row a model and key. */
function rowsOfModels(rows: readonly CompareRow[], uncertainty: Comparison['uncertainty']): Readonly<Record<string, unknown>>[] {
  return rows.flatMap(({ models, touches, costMinor, ...dimensions }) =>
    Object.entries(models).map(([model, { difference, ...figures }]) => ({
      model,
      ...dimensions,
      ...withCodesOfAnswer([figures], uncertainty?.[model] ?? null)[0],
      ...Object.fromEntries(Object.entries((difference ?? {}) as object).map(([name, value]) => [`${name}Difference`, value])),
      ...(touches === undefined ? {} : { touches, costMinor }),
    })),
  );
}
