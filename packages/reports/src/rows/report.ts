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

/** What a report is made of: what was counted, and what each model gives to whom. Rows of both are keyed alike. */
export interface Credited {
  readonly counts: Counts;
  readonly credit: ReadonlyMap<ModelName, ModelCredit>;
}

/** From rows by `countedBy(by)` to rows by `by`: days summed to weeks and months. */
export function creditedBy({ counts, credit }: Credited, by: readonly string[]): Credited {
  return {
    counts: {
      ...counts,
      question: { ...counts.question, by },
      costs: counts.costs === null ? null : inPeriods(counts.costs, by),
    },
    credit: new Map([...credit].map(([model, { rows, ...ofModel }]) => [model, { ...ofModel, rows: inPeriods(rows, by) }])),
  };
}

export function reportOf({ counts, credit }: Credited): Report {
  const { currencies, findings, question, costs } = counts;
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
