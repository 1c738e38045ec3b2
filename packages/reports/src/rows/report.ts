/** The report of one window, before anybody formats it. */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import type { Integer } from '@tributary/model/integer';
import type { Findings } from '@tributary/serving/meta';
import type { Counts } from '../counts/take-counts.ts';
import type { ModelCredit } from '../credit/model-credit.ts';
import { inPeriods } from '../periods.ts';
import { sumOf } from '../sums.ts';
import { fewOfFilter, gapsOfShares, negativeCells, outsideOfWhole, overlaps } from './findings.ts';

export interface Report extends Pick<Counts, 'question' | 'costs' | 'currencies'> {
  readonly credit: ReadonlyMap<ModelName, ModelCredit>;
  /** The keys of all rows: those of every model and of the costs. */
  readonly keys: ReadonlySet<string>;
  /** `[touches, costMinor]` of all rows; null as `costs`. */
  readonly costTotals: readonly Integer[] | null;
  readonly findings: Findings;
}

/** The reports on the window asked for, and on the one before. */
export interface ReportOfBoth {
  readonly report: Report;
  /** null: the report is not held against another. */
  readonly before: Report | null;
}

/** `by`: the dimensions asked for, days summed to weeks and months. */
export function reportOf(counts: Counts, byDays: ReadonlyMap<ModelName, ModelCredit>, by: readonly string[]): Report {
  const { currencies, findings } = counts;
  const question = { ...counts.question, by };
  const costs = counts.costs === null ? null : inPeriods(counts.costs, by);
  const credit = new Map([...byDays].map(([model, { rows, ...ofModel }]) => [model, { ...ofModel, rows: inPeriods(rows, by) }]));
  const ofModels = [...credit.values()].map((ofModel) => ofModel.rows);
  return {
    question,
    credit,
    costs,
    currencies,
    keys: new Set([...ofModels, costs ?? new Map<string, unknown>()].flatMap((each) => [...each.keys()])),
    costTotals: costs === null ? null : sumOf(costs, 2),
    findings: {
      holes: [...findings.holes, ...gapsOfShares(counts, credit)],
      notes: [
        ...findings.notes,
        ...fewOfFilter(counts),
        ...outsideOfWhole(credit),
        ...negativeCells(question, credit),
        ...overlaps(question),
      ],
    },
  };
}
