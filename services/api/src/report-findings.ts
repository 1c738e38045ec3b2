/** What a report says about itself: law 4 held on its own numbers, counts that are no shares, currencies added up. */
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import { conversions } from '@tributary/views/conversions/fold';
import { touches } from '@tributary/views/touches/fold';
import type { Findings } from './meta.ts';
import { isShared, type ModelName, modelInfo } from './models/catalogue.ts';
import { countedRows } from './models/model-rows.ts';
import { conservationGap, mixedCurrencies, sumOf } from './report.ts';
import { type ModelReport, type ReportQuestion, scopeOf } from './report-question.ts';
import type { Snapshot } from './snapshot.ts';

/** What can be said before any model has run. */
export function findingsOf(snapshot: Snapshot, question: ReportQuestion, withCosts: boolean): Findings {
  const { models, days, by, equal, wanted } = question;
  const holes: string[] = [];
  const notes: string[] = [];
  // A filter by channel or campaign takes a part of each conversion's credit: nothing to reconcile with.
  if (equal['channel'] === undefined && equal['campaign'] === undefined) {
    const reconciled = ['day', 'type', 'currency'];
    const converted = snapshot.project(conversions, { days, by: reconciled, equal });
    for (const model of models) {
      if (modelInfo(model).family === 'counts' || isShared(model)) continue;
      const gap = conservationGap(countedRows(snapshot, model, { days, by: reconciled, equal }, null), converted);
      if (gap !== null) holes.push(`model ${model}: ${gap}`);
    }
  }
  for (const model of models)
    if (modelInfo(model).family === 'counts')
      notes.push(`${model} counts a conversion for every channel that had a part in it: the totals are not the conversions`);
  if (!by.includes('currency') && equal['currency'] === undefined) {
    const inCurrencies = { days, by: ['currency'], equal: scopeOf(question).equal };
    const values = wanted.revenue ? mixedCurrencies(snapshot.project(conversions, inCurrencies), 1) : null;
    if (values !== null) notes.push(values);
    const costs = withCosts ? mixedCurrencies(snapshot.project(touches, { ...inCurrencies, equal }), 1) : null;
    if (costs !== null) notes.push(costs.replace('values', 'costs'));
  }
  return { holes, notes };
}

/** Law 4 for models that share out the whole window: their channels and the unattributed are its conversions. */
export function gapsOf(
  models: ReadonlyMap<ModelName, ModelReport>,
  converted: readonly number[],
  { wanted }: ReportQuestion,
): string[] {
  const [count = 0, worth = 0] = converted;
  return [...models].flatMap(([model, { byChannel }]) => {
    if (!isShared(model)) return [];
    const [micros = 0, value = 0] = sumOf(byChannel, 2);
    // What was not asked for was not handed out.
    const given = [wanted.conversions ? micros : count * CREDIT_UNIT_MICROS, wanted.revenue ? value : worth];
    const gap = conservationGap(new Map([['the window', given]]), new Map([['the window', [count, worth]]]));
    return gap === null ? [] : [`model ${model}: ${gap}`];
  });
}

/** A negative share is sound for a channel; where it was earned, linear credit can only say how it is handed down. */
export function negativeCells(models: ReadonlyMap<ModelName, ModelReport>, { by, equal, wanted }: ReportQuestion): string[] {
  if (equal['campaign'] === undefined && by.every((dimension) => dimension === 'channel')) return [];
  return [...models].flatMap(([model, { rows, hasNegativeShares }]) => {
    if (!hasNegativeShares) return [];
    const cells = [...rows.values()].filter(([micros = 0, value = 0]) => (wanted.conversions ? micros : value) < 0).length;
    return cells === 0
      ? []
      : [
          `${cells} cells of ${model} are negative: a channel of a negative share hands it down by its linear credit, the most where it was met most; read it by=channel`,
        ];
  });
}
