/** From the query of a report to its question. */
import { isRule, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import type { CompareQuery, ReportQuery } from '@tributary/contract/groups/attribution-query';
import { KEPT } from '@tributary/reports/models/path-credit';
import { weighsPaths } from '@tributary/reports/models/rules';
import { demandIntervals, type ReportQuestion } from '@tributary/reports/question';
import { earlierWindow } from '@tributary/reports/window';
import { selectionOf } from './selection.ts';

/** Parameters that only a report of one model has are optional here. */
type Query = Omit<CompareQuery, 'models' | 'by'> & { readonly by: readonly string[] } & Partial<Pick<ReportQuery, 'against'>>;

const FILTERS = ['channel', 'campaign', 'type', 'currency'];

/** Throws `invalid_query`, `empty_range`. */
export function questionOf(models: readonly ModelName[], query: Query): ReportQuestion {
  const { by, value, order, alpha, seed, intervals, level, transform = null, custom = null, against, convertTo = null } = query;
  if (intervals !== undefined) for (const model of models) demandIntervals(model);
  const { days, equal, layers, notes } = selectionOf(query, FILTERS);
  const before = against === undefined ? null : earlierWindow(days, against);
  return {
    models,
    days,
    before: before === null ? null : { fromDay: before.fromDay, toDay: before.toDay },
    by,
    equal,
    layers,
    wanted: { conversions: value !== 'revenue', revenue: value !== 'conversions' },
    parameters: {
      ...{ order, alpha, seed, transform, custom },
      intervals: intervals === undefined ? null : { level },
    },
    convertTo,
    notes: before?.widened === true ? [...notes, BEFORE_WIDENED] : notes,
  };
}

const BEFORE_WIDENED = 'the range of `against` was widened to whole days, see `previousRange`';

/** Everything that decides which rows there are, and in which order: a cursor is bound to it. */
export function cursorKey(
  route: string,
  { models, parameters, wanted, days, before, by, equal, layers, convertTo }: ReportQuestion,
  baseline: ModelName | null = null,
): unknown[] {
  return [route, models, baseline, parameters, wanted, days, before, by, equal, layers, convertTo];
}

/** Those that any of the models takes. */
export function parametersOf({ models, parameters }: ReportQuestion) {
  const { order, alpha, seed, intervals, transform, custom } = parameters;
  const hasPaths = models.some((model) => isRule(model) && weighsPaths(model, parameters));
  const takes = new Set(models.flatMap((model) => modelInfo(model).parameters));
  return {
    ...(takes.has('order') ? { order } : {}),
    ...(takes.has('alpha') ? { alpha } : {}),
    ...(takes.has('seed') ? { seed } : {}),
    ...(hasPaths ? { transform: transform ?? KEPT } : {}),
    ...(takes.has('custom') && custom !== null ? { custom } : {}),
    ...(intervals === null ? {} : { level: intervals.level }),
  };
}
