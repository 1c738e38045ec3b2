/** Totals of one view, one route each, all made the same way: some by their own name, and every view as it is stored. */
import { activity } from '@tributary/views/activity/fold';
import { conversions } from '@tributary/views/conversions/fold';
import { exits } from '@tributary/views/exits/fold';
import { forms } from '@tributary/views/forms/fold';
import { heat } from '@tributary/views/heat/fold';
import { links } from '@tributary/views/links/fold';
import { pages } from '@tributary/views/pages/fold';
import { type Dimension, VIEWS, type ViewName } from '@tributary/views/registry';
import { scrollBands } from '@tributary/views/scroll-bands/fold';
import { scrollReach } from '@tributary/views/scroll-reach/fold';
import { sessionValues } from '@tributary/views/session-values/fold';
import { sessions } from '@tributary/views/sessions/fold';
import { touches } from '@tributary/views/touches/fold';
import type { View } from '@tributary/views/view';
import { z } from 'zod';
import { DayRange, NextCursor, Sum } from '../shapes/answer-fields.ts';
import { LayerParameter, META_EXAMPLE, Meta } from '../shapes/meta.ts';
import { Cursor, count, dimensionValues, MAX_ROWS, namesOf, PERIODS, Range } from '../shapes/parameters.ts';
import type { Route } from '../shapes/route.ts';

const Row = z
  .record(z.string(), z.union([z.string(), Sum]))
  .describe('Dimensions as text, measures as integers; amounts that would add several currencies are left out.')
  .meta({ id: 'TotalsRow' });

export const TotalsAnswer = z
  .object({
    by: z.array(z.string()),
    range: DayRange,
    rows: z.array(Row).describe('Ordered by their dimensions, or as `sort` says.'),
    totals: z.record(z.string(), Sum).describe('Sums over all rows, not over this page alone.'),
    rest: z.record(z.string(), Sum).nullable().describe('With `sort`: how many `rows` are left out, and what they come to.'),
    nextCursor: NextCursor,
    meta: Meta,
  })
  .meta({ id: 'TotalsAnswer' });

const BAND = 'band';

/** What a route answers of a view: all of it, or the same by other dimensions. */
export type Shown = Pick<View, 'name' | 'dimensions' | 'measures'>;

/** Rows of `scrollBands` and `scrollReach` by band: what `/v1/scroll` answers (packages/reports/src/web/scroll.ts). */
const scroll: Shown = { name: 'scroll', dimensions: [...scrollBands.dimensions, BAND], measures: ['reachedViews', 'ms'] };

/** Not to be filtered by: the query's own range has these names. */
const RANGE = ['day', 'from', 'to'] as const;
/** Those of all views; the schema of a view knows its own. */
type Filter = Exclude<Dimension | typeof BAND, (typeof RANGE)[number]>;

/** The dimensions that a query may choose rows by. */
export function filtersOf({ dimensions }: Pick<View, 'dimensions'>): string[] {
  return dimensions.filter((dimension) => RANGE.every((name) => name !== dimension));
}

function totalsOf<const Path extends string>(path: Path, view: Shown, by: readonly string[], summary: string) {
  const filters = filtersOf(view).map(
    (name) => [name, dimensionValues(`Only rows of this ${name}, or of any of several.`)] as const,
  );
  const Filters = Object.fromEntries(filters) as Record<Filter, (typeof filters)[number][1]>;
  return {
    method: 'GET',
    path,
    tag: 'reports',
    summary,
    scope: 'read',
    query: z
      .strictObject({
        ...Range,
        by: namesOf([...view.dimensions, ...PERIODS], by).describe('What rows are kept apart by.'),
        sort: z
          .enum(view.measures)
          .optional()
          .describe('The largest first, at most `limit` of them; `rest` is what all others come to.'),
        ...LayerParameter,
        limit: count(MAX_ROWS).default(MAX_ROWS).describe('Rows of a page.'),
        cursor: Cursor.optional(),
      })
      .extend(Filters),
    answer: TotalsAnswer,
    example: {
      asked: { by: by.join(',') },
      answer: {
        by,
        range: { fromDay: null, toDay: null },
        rows: [
          {
            ...Object.fromEntries(by.map((name) => [name, name === 'day' ? '2026-11-20' : 'some'])),
            ...Object.fromEntries(view.measures.map((name) => [name, 3])),
          },
        ],
        totals: Object.fromEntries(view.measures.map((name) => [name, 3])),
        rest: null,
        nextCursor: null,
        meta: META_EXAMPLE,
      },
    },
  } as const satisfies Route;
}

export const TOTALS_ROUTES = {
  activity: totalsOf('/v1/activity', activity, ['day', 'type'], 'How many distinct events happened'),
  touches: totalsOf('/v1/touches', touches, ['channel'], 'Touches and what they cost'),
  conversions: totalsOf('/v1/conversions', conversions, ['day', 'type'], 'Conversions and their value'),
  pages: totalsOf('/v1/pages', pages, ['page'], 'Views of pages, and how long people were engaged there'),
  links: totalsOf('/v1/links', links, ['page', 'host'], 'Links of pages that were followed'),
  forms: totalsOf('/v1/forms', forms, ['form', 'field'], 'Fields of forms: how often they were left, changed, sent, or given up'),
  scroll: totalsOf(
    '/v1/scroll',
    scroll,
    ['band'],
    'How many views came to each twentieth of a page, and how long people were engaged with it',
  ),
  heat: totalsOf('/v1/heat', heat, ['element', 'kind', 'cell'], 'Where in elements people click and move'),
  sessions: totalsOf('/v1/sessions', sessions, ['entry'], 'Sessions of visitors by what they began with'),
  sessionValues: totalsOf(
    '/v1/session-values',
    sessionValues,
    ['entry', 'currency'],
    'Conversions in sessions of visitors, and their value, by what the sessions began with',
  ),
  exits: totalsOf('/v1/exits', exits, ['page'], 'Pages that sessions of visitors ended on'),
};

/** `viewCredit` has the rows of the view credit. */
type ViewRoutes = { readonly [Name in ViewName as `view${Capitalize<Name>}`]: ReturnType<typeof totalsOf<`/v1/views/${Name}`>> };

const viewRoutes = VIEWS.map((view) => {
  const { name } = view;
  const summary = `The rows of the view ${name} as they are stored: ${view.counts}`;
  return {
    view,
    operation: `view${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    route: totalsOf(`/v1/views/${name}`, view, view.dimensions, summary),
  };
});
export const VIEW_ROUTES = Object.fromEntries(
  viewRoutes.map(({ operation, route }) => [operation, route]),
) as unknown as ViewRoutes;

interface Totals {
  readonly route: ReturnType<typeof totalsOf<string>>;
  readonly view: View;
  /** Where it is not the view as it is stored. */
  readonly shown?: Shown;
  /** What an answer needs beside `view`. */
  readonly others?: readonly View[];
}

/** Which view each of them totals. */
export const TOTALS: readonly Totals[] = [
  { route: TOTALS_ROUTES.activity, view: activity },
  { route: TOTALS_ROUTES.touches, view: touches },
  { route: TOTALS_ROUTES.conversions, view: conversions },
  { route: TOTALS_ROUTES.pages, view: pages },
  { route: TOTALS_ROUTES.links, view: links },
  { route: TOTALS_ROUTES.forms, view: forms },
  { route: TOTALS_ROUTES.scroll, view: scrollBands, shown: scroll, others: [scrollReach] },
  { route: TOTALS_ROUTES.heat, view: heat },
  { route: TOTALS_ROUTES.sessions, view: sessions },
  { route: TOTALS_ROUTES.sessionValues, view: sessionValues },
  { route: TOTALS_ROUTES.exits, view: exits },
  ...viewRoutes,
];
export type TotalsQuery = z.output<(typeof TOTALS)[number]['route']['query']>;
