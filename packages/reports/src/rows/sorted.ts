/** The largest rows first, and what all that are left out come to: no row is missing in silence. */
import type { ModelName } from '@tributary/attribution/models/catalogue';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { TributaryError } from '@tributary/model/errors';
import { add, type Integer, subtract } from '@tributary/model/integer';
import type { ModelCredit } from '../credit/model-credit.ts';
import type { Row } from './figures.ts';
import type { Report, ReportOfBoth } from './report.ts';
import { keysOf } from './rows.ts';

export type SortedBy = 'conversions' | 'value' | 'cost' | 'touches';

/** By figures of the report's own window; by key where the model hands out no credit. Throws `invalid_query` where it has no such figure, or it is of several currencies. */
export function sortedKeys(both: ReportOfBoth, model: ModelName, sort: SortedBy): string[] {
  const { report } = both;
  demandSortable(report, sort);
  const { rows, withheld } = report.credit.get(model) as ModelCredit;
  const figure = (key: string): Integer => {
    if (sort === 'conversions' || sort === 'value')
      return withheld.has(sort) ? 0 : (rows.get(key)?.[sort === 'conversions' ? 0 : 1] ?? 0);
    return report.costs?.get(key)?.[sort === 'touches' ? 0 : 1] ?? 0;
  };
  return largestFirst(keysOf(both), figure);
}

/** Rows of equal figures in the order of their keys. */
export function largestFirst(keys: Iterable<string>, figure: (key: string) => Integer): string[] {
  return [...keys]
    .map((key) => ({ key, of: figure(key) }))
    .sort((a, b) => Number(b.of > a.of) - Number(b.of < a.of) || (a.key < b.key ? -1 : 1))
    .map(({ key }) => key);
}

function demandSortable({ question: { wanted }, costs, currencies }: Report, sort: SortedBy): void {
  if ((sort === 'conversions' && !wanted.conversions) || (sort === 'value' && !wanted.revenue))
    throw refusal(sort, 'one of what is attributed: leave value out');
  if ((sort === 'cost' || sort === 'touches') && costs === null)
    throw refusal(sort, 'conversions or value in a report by, or of, what touches do not have');
  const several = sort === 'value' ? currencies.values : sort === 'cost' ? currencies.costs : [];
  if (several.length > 1) throw refusal(sort, `of one currency, and there are ${several.join(', ')}: ask for one with currency`);
}

function refusal(sort: SortedBy, rule: string): TributaryError {
  return new TributaryError('invalid_query', `sort must be ${rule} (got "${sort}")`);
}

const SUMS = ['creditMicros', 'valueMinor', 'touches', 'costMinor'];

/** `totals` less all of `shown`. */
export function restOf(totals: Row, shown: readonly Row[], rows: number): Row {
  const rest: Row = { rows: rows - shown.length };
  for (const name of SUMS) {
    const { [name]: total } = totals;
    if (typeof total !== 'number' && typeof total !== 'bigint') continue;
    const left = subtract(
      total,
      shown.reduce<Integer>((sum, row) => add(sum, (row[name] as Integer | undefined) ?? 0), 0),
    );
    rest[name] = left;
    if (name === 'creditMicros') rest['conversions'] = Number(left) / CREDIT_UNIT_MICROS;
  }
  return rest;
}
