/** Sums of rows, what law 4 says of them, and currencies. Pure; integers stay integers of any size, money in minor units. */
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { add, type Integer, multiply } from '@tributary/model/integer';
import type { Rows } from '@tributary/views/deltas';

export function sumOf(rows: ReadonlyMap<string, readonly Integer[]>, measures: number): Integer[] {
  const sum = new Array<Integer>(measures).fill(0);
  for (const row of rows.values()) for (let i = 0; i < measures; i++) sum[i] = add(sum[i] as Integer, row[i] ?? 0);
  return sum;
}

/** Keys of either side, each with the rows of both: a channel that cost money without credit is a row too. */
function outerJoin(left: Rows, right: Rows): Map<string, readonly [Integer[] | undefined, Integer[] | undefined]> {
  const joined = new Map<string, readonly [Integer[] | undefined, Integer[] | undefined]>();
  for (const key of [...left.keys(), ...right.keys()]) joined.set(key, [left.get(key), right.get(key)]);
  return joined;
}

/**
 * Law 4 on the answer itself: under a model, the credit of each (day, type, currency) equals its conversions, and the
 * attributed value their value. Both sides are keyed alike. Returns what differs, in words; null when nothing does.
 */
export function conservationGap(credit: Rows, conversions: Rows): string | null {
  for (const [key, [credited, converted]] of outerJoin(credit, conversions)) {
    const [micros = 0, value = 0] = credited ?? [];
    const [count = 0, total = 0] = converted ?? [];
    if (micros === multiply(count, CREDIT_UNIT_MICROS) && value === total) continue;
    const where = key.replaceAll('\t', ', ');
    return `credit and conversions disagree at ${where}: ${micros} micros and ${value} minor units attributed, ${count} conversions worth ${total}`;
  }
  return null;
}

/** Those with an amount in any row, sorted: one whose sales and refunds are equal is in what the rows add. `rows` are keyed by the currency first. */
export function currenciesIn(rows: Rows, measure: number): string[] {
  const found = new Set<string>();
  for (const [key, measures] of rows) if (measures[measure] !== 0) found.add(key.split('\t', 1)[0] as string);
  return [...found].sort();
}

export function severalCurrencies(
  amounts: 'values' | 'costs' | 'amounts',
  currencies: readonly string[],
  fix = 'ask by=currency, or for one currency',
): string | null {
  return currencies.length < 2
    ? null
    : `${amounts} are in several currencies, which have no sum (${currencies.slice(0, 10).join(', ')}): ${fix}`;
}
