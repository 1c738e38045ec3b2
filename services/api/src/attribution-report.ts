/**
 * From merged rows to a report. All parts (credit of each model, conversions, touches) come from one snapshot, so they
 * reconcile: law 4 is checked on the very numbers that are sent, and an answer that fails it says so.
 */
import type { RuleBasedModel } from '@tributary/model/definitions';
import type { Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';
import type { Layers, Selection } from './merge.ts';
import type { Findings } from './meta.ts';
import { conservationGap, creditOf, mixedCurrencies, pageOfRows, sumOf } from './report.ts';
import { conversionsView, creditView, touchesView } from './views.ts';

export interface ReportFilters {
  readonly days: Selection['days'];
  readonly by: readonly string[];
  /** channel, campaign, type, currency. */
  readonly equal: Readonly<Record<string, string>>;
}

export type Credit = ReturnType<typeof creditOf>;
export interface Costs {
  readonly touches?: number;
  readonly costMinor?: number;
}
export interface ReportPage {
  readonly rows: readonly { readonly key: string; readonly credits: Record<string, Credit>; readonly costs: Costs }[];
  readonly totals: { readonly credits: Record<string, Credit>; readonly costs: Costs };
  readonly nextCursor: string | null;
}

/** What touches are filed by as well. A conversion's type is not: cost per conversion type would be made up. */
export const COST_DIMENSIONS: readonly string[] = ['channel', 'campaign', 'day', 'currency'];

export function attributionReport(
  project: (view: View, selection: Selection) => Rows,
  models: readonly RuleBasedModel[],
  { days, by, equal }: ReportFilters,
  limit: number,
  cursor: string | undefined,
  layers: Layers,
): { page: ReportPage; findings: Findings } {
  const credits = models.map((model) => project(creditView, { days, by, equal: { ...equal, model } }));
  const withCosts = [...by, ...Object.keys(equal)].every((dimension) => COST_DIMENSIONS.includes(dimension));
  const costs: Rows = withCosts ? project(touchesView, { days, by, equal }) : new Map();

  const keys = new Map([...credits, costs].flatMap((rows) => [...rows.keys()].map((key) => [key, null] as const)));
  const question = ['attribution', models, days, by, equal, layers];
  const { items, nextCursor } = pageOfRows(keys, question, limit, cursor);
  const creditsOf = (of: (rows: Rows) => readonly number[] | undefined) =>
    Object.fromEntries(models.map((model, i) => [model, creditOf(of(credits[i] as Rows))]));

  return {
    page: {
      rows: items.map(([key]) => ({
        key,
        credits: creditsOf((rows) => rows.get(key)),
        costs: withCosts ? costsOf(costs.get(key)) : {},
      })),
      totals: { credits: creditsOf((rows) => sumOf(rows, 2)), costs: withCosts ? costsOf(sumOf(costs, 2)) : {} },
      nextCursor,
    },
    findings: findingsOf(project, models, { days, by, equal }, withCosts),
  };
}

function findingsOf(
  project: (view: View, selection: Selection) => Rows,
  models: readonly RuleBasedModel[],
  { days, by, equal }: ReportFilters,
  withCosts: boolean,
): Findings {
  const holes: string[] = [];
  const notes: string[] = [];
  // A filter by channel or campaign takes a part of each conversion's credit: nothing to reconcile with.
  if (equal['channel'] === undefined && equal['campaign'] === undefined) {
    const reconciled = ['day', 'type', 'currency'];
    const conversions = project(conversionsView, { days, by: reconciled, equal });
    for (const model of models) {
      const gap = conservationGap(project(creditView, { days, by: reconciled, equal: { ...equal, model } }), conversions);
      if (gap !== null) holes.push(`model ${model}: ${gap}`);
    }
  }
  if (!by.includes('currency') && equal['currency'] === undefined) {
    const model = models[0];
    const values =
      model === undefined
        ? null
        : mixedCurrencies(project(creditView, { days, by: ['currency'], equal: { ...equal, model } }), 1);
    if (values !== null) notes.push(values);
    const costs = withCosts ? mixedCurrencies(project(touchesView, { days, by: ['currency'], equal }), 1) : null;
    if (costs !== null) notes.push(costs.replace('values', 'costs'));
  }
  return { holes, notes };
}

function costsOf(measures: readonly number[] | undefined): Costs {
  return { touches: measures?.[0] ?? 0, costMinor: measures?.[1] ?? 0 };
}
