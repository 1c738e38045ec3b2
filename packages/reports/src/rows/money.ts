/**
 * Money has a currency, and euros and dollars have no sum: figures that would add several, or divide one by the other, are left out.
 * What is left are counts and credit, which have none.
 */
import type { Currencies } from '../counts/take-counts.ts';
import type { ReportQuestion } from '../question.ts';
import type { Row } from './figures.ts';

const OF_VALUES = [
  'valueMinor',
  'valueMinorLow',
  'valueMinorHigh',
  'valueMinorOnPaths',
  'previousValueMinor',
  'valueMinorChange',
  'valueMinorChangeLow',
  'valueMinorChangeHigh',
];
const OF_COSTS = ['costMinor', 'previousCostMinor', 'costMinorChange'];
/** A cost in dollars bought no conversions that are paid in euros. */
const OF_BOTH = [
  'roas',
  'roasLow',
  'roasHigh',
  'roasOnPaths',
  'changeRatioRoas',
  'changeRatioRoasLow',
  'changeRatioRoasHigh',
  'cpaMinor',
  'cpaMinorLow',
  'cpaMinorHigh',
  'changeRatioCpaMinor',
  'cpaRatio',
  'cpaRatioLow',
  'cpaRatioHigh',
  'changeCautions',
];

/** Figures that do not stand. */
export interface Apart {
  readonly names: ReadonlySet<string>;
  /** Shares would be parts of values of several currencies. */
  readonly hasShares: boolean;
}

/** The currencies of all windows of an answer: a change is of one currency as well. */
export function currenciesOfAll(windows: readonly Currencies[]): Currencies {
  const all = (of: 'values' | 'costs') => [...new Set(windows.flatMap((window) => window[of]))].sort();
  return { values: all('values'), costs: all('costs') };
}

/** `of`: rows by currency are of one each, and their totals are of all. */
export function apartOf(
  { values, costs }: Currencies,
  { by, wanted }: Pick<ReportQuestion, 'by' | 'wanted'>,
  of: 'rows' | 'totals',
): Apart {
  const isOne = of === 'rows' && by.includes('currency');
  const hasSeveral = (currencies: readonly string[]) => !isOne && currencies.length > 1;
  const differ = !isOne && new Set([...values, ...costs]).size > 1;
  return {
    names: new Set([
      ...(hasSeveral(values) ? OF_VALUES : []),
      ...(hasSeveral(costs) ? OF_COSTS : []),
      ...(differ ? OF_BOTH : []),
    ]),
    hasShares: wanted.conversions || values.length < 2,
  };
}

export function keptApart<R extends Row>(row: R, { names, hasShares }: Apart): Row {
  const entries = Object.entries(row).filter(([name]) => !names.has(name));
  return { ...Object.fromEntries(entries), ...(hasShares || row['share'] === undefined ? {} : { share: null }) };
}
