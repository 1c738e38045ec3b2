/** Totals of one view, one route each, all made the same way: three by their own name, and every view as it is stored. */
import { filtersOf, TOTALS, type TotalsQuery } from '@tributary/contract/totals';
import type { Integer } from '@tributary/model/integer';
import { countedBy, inPeriods, periodNotes } from '@tributary/reports/periods';
import { dimensionsOf } from '@tributary/reports/rows/figures';
import { mixedCurrencies, sumOf } from '@tributary/reports/sums';
import { unknownValues } from '@tributary/reports/unknown-values';
import { takeSnapshot } from '@tributary/serving/snapshot';
import type { View } from '@tributary/views/view';
import type { ApiContext, Routes } from '../context.ts';
import { pageOf } from '../http/pages.ts';
import { selectionOf } from '../http/selection.ts';
import { serve } from '../http/serve.ts';

export const totalsRoutes: Routes = (context) => (app, _options, done) => {
  for (const { route, view } of TOTALS) serve(app, route, ({ query }) => totals(context, view, query));
  done();
};

async function totals(context: ApiContext, view: View, query: TotalsQuery) {
  const { days, equal, layers, notes } = selectionOf(query, filtersOf(view));
  const snapshot = await takeSnapshot(context, [view], layers);
  const rows = inPeriods(snapshot.project(view, { days, by: countedBy(query.by), equal }), query.by);
  const question = [view.name, days, query.by, equal, layers];
  const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
  const sums = sumOf(rows, view.measures.length);
  const found = unknownValues(snapshot, [days], equal, () => ({ views: [view] }));
  if (view.dimensions.includes('currency') && !query.by.includes('currency') && typeof equal['currency'] !== 'string') {
    const several = mixedCurrencies(snapshot.project(view, { days, by: ['currency'], equal }), 1);
    if (several !== null) found.push(several);
  }
  return {
    by: query.by,
    range: days,
    rows: keys.map((key) => ({ ...dimensionsOf(key, query.by), ...named(view.measures, rows.get(key) ?? []) })),
    totals: named(view.measures, sums),
    nextCursor,
    meta: snapshot.meta({ holes: [], notes: [...notes, ...periodNotes(query.by, days), ...found] }),
  };
}

function named(names: readonly string[], measures: readonly Integer[]): Record<string, Integer> {
  return Object.fromEntries(names.map((name, i) => [name, measures[i] ?? 0]));
}
