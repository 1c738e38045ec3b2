/** From the query of a report to its answer: the question, one snapshot, the report and that of the window before. */
import { TributaryError } from '@tributary/model/errors';
import type { Integer } from '@tributary/model/integer';
import { DAY_MS } from '@tributary/model/time';
import { MODELS, type ModelName, modelInfo } from '@tributary/reports/models/catalogue';
import type { AskModels } from '@tributary/reports/models/shared-outcomes';
import type { Report, ReportQuestion } from '@tributary/reports/question';
import { takeReport, viewsOf } from '@tributary/reports/report';
import { currencyNotes } from '@tributary/reports/rows/findings';
import { misfit } from '@tributary/reports/rows/rows';
import { sumOf } from '@tributary/reports/rows/sums';
import { type Against, earlierWindow, wholeDays, windowNotes } from '@tributary/reports/window';
import type { Findings } from '@tributary/serving/meta';
import { type Snapshot, takeSnapshot } from '@tributary/serving/snapshot';
import type { z } from 'zod';
import type { ApiContext } from '../context.ts';
import type { Filters } from './attribution-schemas.ts';
import { rangeOf } from './schemas.ts';

type FilterQuery = z.output<z.ZodObject<typeof Filters>> & {
  readonly by: readonly string[];
  readonly intervals?: number | undefined;
  readonly level?: number;
  readonly against?: Against | undefined;
};

export interface Asked {
  readonly question: ReportQuestion;
  readonly report: Report;
  /** Of the window before, where the report is held against one: by the same question, from the same snapshot. */
  readonly before: { readonly question: ReportQuestion; readonly report: Report } | null;
  readonly snapshot: Snapshot;
  /** Of both windows. */
  readonly findings: Findings;
}

/** Throws `invalid_query`, `empty_range`; rejects as the snapshot and the models do. */
export async function askReport(
  context: ApiContext,
  ask: AskModels,
  models: readonly ModelName[],
  query: FilterQuery,
): Promise<Asked> {
  const { channel, campaign, type, currency, value, order, alpha, seed, intervals, level = 0.9 } = query;
  const days = wholeDays(rangeOf(query));
  const earlier = query.against === undefined ? null : earlierWindow(days, query.against);
  const question: ReportQuestion = {
    models,
    days: { fromDay: days.fromDay, toDay: days.toDay },
    beside: earlier === null ? null : { fromDay: earlier.fromDay, toDay: earlier.toDay },
    by: query.by,
    equal: given({ channel, campaign, type, currency }),
    layers: query.view,
    wanted: { conversions: value !== 'revenue', revenue: value !== 'conversions' },
    parameters: { order, alpha, seed, intervals: intervals === undefined ? null : { replicates: intervals, level } },
  };
  const wrong = misfit(question);
  if (wrong !== null) throw new TributaryError('invalid_query', wrong);
  const snapshot = await takeSnapshot(context, viewsOf(question), query.view);
  const taken = takeReport(snapshot, question);
  const questionBefore = questionOfWindowBefore(question);
  const takenBefore = questionBefore === null ? null : takeReport(snapshot, questionBefore);
  const report = await taken(ask);
  const before =
    questionBefore === null || takenBefore === null ? null : { question: questionBefore, report: await takenBefore(ask) };
  const notes = [
    ...currencyNotes([report.currencies, ...(before === null ? [] : [before.report.currencies])]),
    ...(days.widened ? [WIDENED] : []),
    ...(earlier === null ? [] : windowNotes(question.days, earlier, snapshot.meta())),
  ];
  return { question, report, before, snapshot, findings: findingsOfBoth(report.findings, before?.report.findings, notes) };
}

/** Intervals are of the report's own window. */
function questionOfWindowBefore(question: ReportQuestion): ReportQuestion | null {
  const { days, beside, parameters } = question;
  return beside === null ? null : { ...question, days: beside, beside: days, parameters: { ...parameters, intervals: null } };
}

/** What is true of both windows is said once. */
function findingsOfBoth(own: Findings, before: Findings = { holes: [], notes: [] }, notes: readonly string[]): Findings {
  const only = (all: readonly string[], known: readonly string[]) =>
    all.filter((finding) => !known.includes(finding)).map((finding) => `in the window before: ${finding}`);
  return {
    holes: [...own.holes, ...only(before.holes, own.holes)],
    notes: [...own.notes, ...only(before.notes, own.notes), ...notes],
  };
}

/** Everything that decides which rows there are, and in which order: a cursor is bound to it. */
export function cursorKey(
  route: string,
  { models, parameters, wanted, days, beside, by, equal, layers }: ReportQuestion,
  baseline: ModelName | null = null,
): unknown[] {
  return [route, models, baseline, parameters, wanted, days, beside, by, equal, layers];
}

export function windowOf({ definitions: [definitions] }: Snapshot, { days }: Pick<ReportQuestion, 'days'>) {
  return { range: days, lookbackDays: definitions.lookbackMs / DAY_MS, definitions: definitions.version };
}

export function demandIntervals(model: ModelName, intervals: number | undefined): void {
  if (intervals === undefined || modelInfo(model).parameters.includes('intervals')) return;
  const able = MODELS.filter(({ parameters }) => parameters.includes('intervals')).map(({ name }) => name);
  throw new TributaryError('invalid_query', `intervals: ${model} has none; ask for one of ${able.join(', ')}`);
}

/** Those that any of the models takes. */
export function parametersOf({ models, parameters: { order, alpha, seed, intervals } }: ReportQuestion) {
  const takes = new Set(models.flatMap((model) => modelInfo(model).parameters));
  return {
    ...(takes.has('order') ? { order } : {}),
    ...(takes.has('alpha') ? { alpha } : {}),
    ...(takes.has('seed') ? { seed } : {}),
    ...(intervals === null ? {} : { intervals: intervals.replicates, level: intervals.level }),
  };
}

export function costTotals({ costs }: Report): Integer[] | undefined {
  return costs === null ? undefined : sumOf(costs, 2);
}

export const WIDENED = 'rows are filed by UTC day: the range was widened to whole days, see `range`';

export function given(filters: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
