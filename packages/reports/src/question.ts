/** What a report is asked for. */

import { type ModelName, modelInfo, namesWith } from '@tributary/attribution/models/catalogue';
import { TributaryError } from '@tributary/model/errors';
import type { AskedLayers, Days, Selection } from '@tributary/serving/merge';
import type { RuleParameters } from './models/counted-model.ts';
import { demandAnswerable } from './models/live-models.ts';
import { countedBy } from './periods.ts';

/** Days, dimensions and filters are those of a selection among the rows of views: `equal` has channel, campaign, type, currency. */
export interface ReportQuestion extends Selection {
  readonly models: readonly ModelName[];
  /** The window before, that every figure is held against; null: none. */
  readonly before: Days | null;
  readonly layers: AskedLayers;
  readonly wanted: { readonly conversions: boolean; readonly revenue: boolean };
  readonly parameters: ModelParameters;
  /** The currency that amounts are converted to; null: they stay apart by currency. */
  readonly convertTo: string | null;
  /** What readers must know of how the question was understood. */
  readonly notes: readonly string[];
}

export interface ModelParameters extends RuleParameters {
  /** The order of the Markov chain. */
  readonly order: number;
  readonly alpha: number;
  /** The seed of sampled games. */
  readonly seed: number;
  /** null: none are asked for. */
  readonly intervals: { readonly level: number } | null;
}

/** The same question of each window: the report's own, then the one before. Changes have intervals, so both windows do. */
export function windowsOf(question: ReportQuestion): readonly ReportQuestion[] {
  const { days, before } = question;
  return before === null ? [question] : [question, { ...question, days: before, before: days }];
}

export function rowsAreChannels({ by, equal }: Pick<ReportQuestion, 'by' | 'equal'>): boolean {
  return by.length === 1 && by[0] === 'channel' && equal['campaign'] === undefined;
}

/** Throws `invalid_query` for a model without intervals. */
export function demandIntervals(model: ModelName): void {
  if (modelInfo(model).parameters.includes('intervals')) return;
  refuse(
    `intervals must be left out with a model that has none (got model=${model}): leave them out, or ask for one of ${namesWith('intervals')}`,
  );
}

/** Throws `invalid_query` where the question asks for what there is not; in words, with the fix. */
export function demandFit(question: ReportQuestion): void {
  const { models, before, by, parameters, convertTo, wanted } = question;
  if (convertTo !== null && by.includes('currency'))
    refuse(`by must not have currency where amounts are converted (got convertTo=${convertTo}): leave one of them out`);
  if (convertTo !== null && parameters.intervals !== null && !wanted.conversions)
    refuse(
      `intervals must be left out where revenue is converted (got convertTo=${convertTo}): ask for those of conversions, without value, or in one currency, with currency=${convertTo}`,
    );
  for (const model of models) demandAnswerable(model, parameters);
  const time = by.find((dimension) => countedBy([dimension]).includes('day'));
  if (before !== null && time !== undefined)
    refuse(
      `by must not have ${time} with against, as a ${time} lies in one window only (got "${by.join(',')}"): leave it out, or ask for the ${time}s of each window in a report of its own`,
    );
  if (before !== null && by.includes('position'))
    refuse(
      `by must not have position with against, as positions in a path have no cost that a change could be held against (got "${by.join(',')}"): leave it out`,
    );
  if (by.includes('position')) {
    const other = models.find((model) => !modelInfo(model).parameters.includes('position'));
    if (other !== undefined)
      refuse(
        `by must not have position with ${other}, which does not keep positions apart (got "${by.join(',')}"): leave it out, or ask for model=${namesWith('position')}`,
      );
  }
  if (parameters.intervals !== null && !rowsAreChannels(question))
    refuse(
      `by must be channel where intervals are asked for, and campaign be left out, as there are intervals of whole channels only (got "${by.join(',')}"): ask so, or leave intervals out`,
    );
}

function refuse(why: string): never {
  throw new TributaryError('invalid_query', why);
}
