/** What a report says about itself: law 4 held on its own numbers, counts that are no shares, currencies added up. */
import { type Integer, multiply } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { Findings } from '@tributary/serving/meta';
import type { Snapshot } from '@tributary/serving/snapshot';
import { conversions } from '@tributary/views/conversions/fold';
import { touches } from '@tributary/views/touches/fold';
import { countedRows } from '../credit/counted.ts';
import { isShared, type ModelName, modelInfo } from '../models/catalogue.ts';
import { type Currencies, type ModelReport, type ReportQuestion, scopeOf } from '../question.ts';
import { conservationGap, currenciesIn, severalCurrencies, sumOf } from './sums.ts';

/** What can be said before any model has run. */
export function findingsOf(snapshot: Snapshot, { models, days, equal }: ReportQuestion): Findings {
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
  return { holes, notes };
}

/** Those that rows add up: none where the report tells them apart. */
export function currenciesOf(snapshot: Snapshot, question: ReportQuestion, withCosts: boolean): Currencies {
  const { days, by, equal, wanted } = question;
  if (by.includes('currency') || equal['currency'] !== undefined) return { values: [], costs: [] };
  const inCurrencies = { days, by: ['currency'], equal: scopeOf(question).equal };
  return {
    values: wanted.revenue ? currenciesIn(snapshot.project(conversions, inCurrencies), 1) : [],
    costs: withCosts ? currenciesIn(snapshot.project(touches, { ...inCurrencies, equal }), 1) : [],
  };
}

/** Of all windows of one answer: what is held against each other is of one currency, or it is said. */
export function currencyNotes(windows: readonly Currencies[]): string[] {
  const all = (of: 'values' | 'costs') => [...new Set(windows.flatMap((window) => window[of]))].sort();
  const [values, costs] = [all('values'), all('costs')];
  const several = [severalCurrencies('values', values), severalCurrencies('costs', costs)].filter((note) => note !== null);
  if (several.length > 0 || values.length === 0 || costs.length === 0 || values[0] === costs[0]) return several;
  return [
    `values are in ${values[0]} and costs in ${costs[0]}: ROAS divides one by the other: ask by=currency, or for one currency`,
  ];
}

/** Law 4 for models that share out the whole window: their channels and the unattributed are its conversions. */
export function gapsOf(
  models: ReadonlyMap<ModelName, ModelReport>,
  converted: readonly Integer[],
  { wanted }: ReportQuestion,
): string[] {
  const [count = 0, worth = 0] = converted;
  return [...models].flatMap(([model, { byChannel }]) => {
    if (!isShared(model)) return [];
    const [micros = 0, value = 0] = sumOf(byChannel, 2);
    // What was not asked for was not handed out.
    const given = [wanted.conversions ? micros : multiply(count, CREDIT_UNIT_MICROS), wanted.revenue ? value : worth];
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
