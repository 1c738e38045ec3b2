/** Totals of one view, one route each, all made the same way: three by their own name, and every view as it is stored. */

import type { Integer } from '@tributary/model/integer';
import { dimensionsOf } from '@tributary/reports/rows/figures';
import { mixedCurrencies, sumOf } from '@tributary/reports/sums';
import { Meta } from '@tributary/serving/meta';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { VIEWS } from '@tributary/views/registry';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import { z } from 'zod';
import type { ApiContext, Routes } from '../context.ts';
import { pageOf } from '../http/pages.ts';
import {
  Cursor,
  count,
  DayRangeSchema,
  DimensionValue,
  LayerParameter,
  MAX_ROWS,
  namesOf,
  PROBLEMS,
  Range,
  Sum,
} from '../http/schemas.ts';
import { selectionOf } from '../http/selection.ts';

const TOTALS = [
  { path: '/v1/activity', view: activity, preset: ['day', 'type'], summary: 'How many distinct events happened' },
  { path: '/v1/touches', view: touches, preset: ['channel'], summary: 'Touches and what they cost' },
  { path: '/v1/conversions', view: conversions, preset: ['day', 'type'], summary: 'Conversions and their value' },
  ...VIEWS.map((view) => ({
    path: `/v1/views/${view.name}`,
    view,
    preset: view.dimensions,
    summary: `The rows of the view ${view.name} as they are stored: what reports and models are computed from`,
  })),
] satisfies { path: string; view: View; preset: readonly string[]; summary: string }[];

/** Not to be filtered by: the query's own range has these names. */
const RANGE: readonly string[] = ['day', 'from', 'to'];

const Row = z.record(z.string(), z.union([z.string(), Sum])).describe('Dimensions as text, measures as integers.');

export const TotalsAnswer = z.object({
  by: z.array(z.string()),
  range: DayRangeSchema,
  rows: z.array(Row).describe('Ordered by their dimensions.'),
  totals: z.record(z.string(), Sum).describe('Of all rows, not of this page alone.'),
  nextCursor: z.string().nullable(),
  meta: Meta,
});

export const totalsRoutes: Routes = (context) => (app, _options, done) => {
  for (const { path, view, preset, summary } of TOTALS) {
    const filters = view.dimensions.filter((dimension) => !RANGE.includes(dimension));
    const querystring = z.strictObject({
      ...Range,
      by: namesOf(view.dimensions, preset),
      ...LayerParameter,
      limit: count(MAX_ROWS, MAX_ROWS),
      cursor: Cursor.optional(),
      ...Object.fromEntries(filters.map((dimension) => [dimension, DimensionValue.optional()] as const)),
    });
    app.get(
      path,
      { schema: { tags: ['reports'], summary, querystring, response: { 200: TotalsAnswer, ...PROBLEMS } } },
      (request) => totals(context, view, filters, request.query as TotalsQuery),
    );
  }
  done();
};

type TotalsQuery = {
  readonly from?: number;
  readonly to?: number;
  readonly by: string[];
  readonly limit: number;
  readonly cursor?: string;
} & Readonly<Record<string, unknown>>;

async function totals(context: ApiContext, view: View, filters: readonly string[], query: TotalsQuery) {
  const { days, equal, layers, notes } = selectionOf(query, filters);
  const snapshot = await takeSnapshot(context, [view], layers);
  const rows = snapshot.project(view, { days, by: query.by, equal });
  const question = [view.name, days, query.by, equal, layers];
  const { keys, nextCursor } = pageOf(rows.keys(), question, query.limit, query.cursor);
  const sums = sumOf(rows, view.measures.length);
  const mixed: string[] = [];
  if (view.dimensions.includes('currency') && !query.by.includes('currency') && equal['currency'] === undefined) {
    const several = mixedCurrencies(snapshot.project(view, { days, by: ['currency'], equal }), 1);
    if (several !== null) mixed.push(several);
  }
  return {
    by: query.by,
    range: days,
    rows: keys.map((key) => ({ ...dimensionsOf(key, query.by), ...named(view.measures, rows.get(key) ?? []) })),
    totals: named(view.measures, sums),
    nextCursor,
    meta: snapshot.meta({ holes: [], notes: [...notes, ...mixed] }),
  };
}

function named(names: readonly string[], measures: readonly Integer[]): Record<string, Integer> {
  return Object.fromEntries(names.map((name, i) => [name, measures[i] ?? 0]));
}
