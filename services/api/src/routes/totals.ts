/** Totals of one view, one route each, all made the same way: three by their own name, and every view as it is stored. */
import { filtersOf, type Shown, TOTALS, TOTALS_ROUTES, type TotalsQuery } from '@tributary/contract/groups/totals';
import { TributaryError } from '@tributary/model/errors';
import { type Integer, subtract } from '@tributary/model/integer';
import { plusTouchesOfNoCurrency } from '@tributary/reports/counts/costs';
import { countedBy, inPeriods, periodNotes } from '@tributary/reports/periods';
import { dimensionsOf } from '@tributary/reports/rows/figures';
import { largestFirst } from '@tributary/reports/rows/sorted';
import { currenciesIn, severalCurrencies, sumOf } from '@tributary/reports/sums';
import { unknownValues } from '@tributary/reports/unknown-values';
import { rowsByBand } from '@tributary/reports/web/scroll';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import type { Selection } from '@tributary/serving/merge';
import { type Snapshot, takeSnapshot } from '@tributary/serving/snapshot';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { ApiContext, Routes } from '../context.ts';
import { askerOf } from '../http/asker.ts';
import { pageOf, topOf } from '../http/pages.ts';
import { selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  for (const { route, view, shown = view, others = [] } of TOTALS)
    serve(app, route, (request, reply) =>
      totals(context, { view, shown, others }, request.query, {
        ofNoCurrency: route === TOTALS_ROUTES.touches,
        asker: askerOf(request, reply),
      }),
    );
  done();
};

/** `ofNoCurrency`: touches without one belong to those of any, as in reports. */
async function totals(
  context: ApiContext,
  { view, shown, others }: Pick<TotalsAsked, 'view' | 'shown'> & { readonly others: readonly View[] },
  query: TotalsQuery,
  { ofNoCurrency, asker }: { readonly ofNoCurrency: boolean; readonly asker: Asker },
) {
  const selected = selectionOf(query, filtersOf(shown));
  const snapshot = await takeSnapshot(context, [view, ...others], selected.layers);
  return snapshot.ready(asker, (ready) => totalsOf(ready, { view, shown, query, ofNoCurrency, selected }));
}

interface TotalsAsked {
  /** The rows that are kept. */
  readonly view: View;
  /** What the answer has of them. */
  readonly shown: Shown;
  readonly query: TotalsQuery;
  readonly ofNoCurrency: boolean;
  readonly selected: ReturnType<typeof selectionOf>;
}

function totalsOf(snapshot: Snapshot, { view, shown, query, ofNoCurrency, selected }: TotalsAsked) {
  const { days, equal, layers, notes } = selected;
  const asked = { days, by: countedBy(query.by), equal };
  const project = (_view: View, selection: Selection) =>
    shown === view ? snapshot.project(view, selection) : rowsByBand(snapshot, selection);
  const chosen = project(view, asked);
  const rows = inPeriods(ofNoCurrency ? plusTouchesOfNoCurrency(snapshot, chosen, asked) : chosen, query.by);
  const question = [shown.name, days, query.by, equal, layers];
  const sums = sumOf(rows, shown.measures.length);
  const found = unknownValues({ project }, [days], equal, () => ({ views: [view] }));
  const currencies = currenciesOf(shown, (by) => project(view, { days, by, equal }), query.by);
  const isMixed = currencies.length > 1;
  const several = severalCurrencies('amounts', currencies);
  if (several !== null && !query.by.includes('currency')) found.push(several);
  const { sort } = query;
  if (sort !== undefined && isMixed && isAmount(sort))
    throw new TributaryError(
      'invalid_query',
      `sort must be of one currency, and there are ${currencies.join(', ')}: ask for one with currency (got "${sort}")`,
    );
  const at = shown.measures.indexOf(sort ?? '');
  const { keys, nextCursor } =
    sort === undefined
      ? pageOf(rows.keys(), question, query.limit, query.cursor)
      : topOf(
          largestFirst(rows.keys(), (key) => rows.get(key)?.[at] ?? 0),
          query,
        );
  const ofPage = sumOf(new Map(keys.map((key) => [key, rows.get(key) ?? []])), shown.measures.length);
  const left = sums.map((sum, i) => subtract(sum, ofPage[i] ?? 0));
  const ofTotals = named(shown.measures, isMixed);
  const ofRows = named(shown.measures, isMixed && !query.by.includes('currency'));
  return {
    by: query.by,
    range: days,
    rows: keys.map((key) => ({ ...dimensionsOf(key, query.by), ...ofRows(rows.get(key) ?? []) })),
    totals: ofTotals(sums),
    rest: sort === undefined ? null : { rows: rows.size - keys.length, ...ofTotals(left) },
    nextCursor,
    meta: snapshot.meta({ holes: [], notes: [...notes, ...periodNotes(query.by, days), ...found] }),
  };
}

/** Measures by name; amounts of several currencies have no sum and are left out. */
function named(names: readonly string[], isMixed: boolean): (measures: readonly Integer[]) => Record<string, Integer> {
  const kept = names.flatMap((name, i) => (isMixed && isAmount(name) ? [] : [[name, i] as const]));
  return (measures) => Object.fromEntries(kept.map(([name, i]) => [name, measures[i] ?? 0]));
}

function isAmount(measure: string): boolean {
  return measure.endsWith('Minor');
}

/** Those that any row of the answer adds. */
function currenciesOf(
  { dimensions, measures }: Shown,
  project: (by: readonly string[]) => Rows,
  by: readonly string[],
): string[] {
  if (!dimensions.includes('currency')) return [];
  // By day as well: sales and their refunds may sum to nothing.
  const rows = project([...new Set(['currency', 'day', ...countedBy(by)])]);
  return [...new Set(measures.flatMap((name, i) => (isAmount(name) ? currenciesIn(rows, i) : [])))].sort();
}
