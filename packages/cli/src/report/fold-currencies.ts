import { isCurrencyCode } from '@tributary/model/amounts/currency';
import { add, type Integer } from '@tributary/model/integer';
import type { ReportRow } from '../api-types.ts';

/**
 * Reports name money with its currency, so they are asked for by currency; people want one row a channel. Rows that
 * differ only in currency become one, its money kept apart by currency: nothing is ever converted or added across.
 */
export type AmountRow = Pick<ReportRow, 'touches' | 'costMinor' | 'creditMicros' | 'valueMinor'>;

export interface FoldedRow {
  /** Values of the dimensions, without the currency. */
  readonly key: readonly string[];
  touches: Integer | null;
  creditMicros: Integer;
  /** The model hands out no credit of these: their amounts say nothing. */
  readonly withheld: Set<'conversions' | 'value'>;
  /** Minor units by currency; no entry is zero. */
  readonly cost: Map<string, Integer>;
  readonly value: Map<string, Integer>;
  /** Where values were not asked for: the currencies of the conversions. */
  readonly paidIn: Set<string>;
}

export function foldCurrencies(
  rows: readonly (AmountRow & Readonly<Record<string, unknown>>)[],
  by: readonly string[],
): FoldedRow[] {
  const folded = new Map<string, FoldedRow>();
  for (const row of rows) {
    const key = by.map((dimension) => String(row[dimension] ?? ''));
    const id = key.join('\t');
    let into = folded.get(id);
    if (into === undefined) folded.set(id, (into = emptyRow(key)));
    const currency = String(row['currency'] ?? '');
    if (row.touches !== undefined) into.touches = add(into.touches ?? 0, row.touches);
    if (row.creditMicros === null) into.withheld.add('conversions');
    if (row.valueMinor === null) into.withheld.add('value');
    into.creditMicros = add(into.creditMicros, row.creditMicros ?? 0);
    addTo(into.cost, currency, row.costMinor ?? 0);
    addTo(into.value, currency, row.valueMinor ?? 0);
    const hasCredit = (row.creditMicros ?? 0) !== 0;
    if (row.valueMinor === undefined && hasCredit && isCurrencyCode(currency)) into.paidIn.add(currency);
  }
  return [...folded.values()];
}

/** The sum of all rows, under an empty key. */
export function totalOf(rows: readonly FoldedRow[]): FoldedRow {
  const total = emptyRow([]);
  for (const row of rows) {
    if (row.touches !== null) total.touches = add(total.touches ?? 0, row.touches);
    total.creditMicros = add(total.creditMicros, row.creditMicros);
    for (const [currency, minor] of row.cost) addTo(total.cost, currency, minor);
    for (const [currency, minor] of row.value) addTo(total.value, currency, minor);
    for (const currency of row.paidIn) total.paidIn.add(currency);
    for (const reward of row.withheld) total.withheld.add(reward);
  }
  return total;
}

function emptyRow(key: readonly string[]): FoldedRow {
  return { key, touches: null, creditMicros: 0, withheld: new Set(), cost: new Map(), value: new Map(), paidIn: new Set() };
}

function addTo(amounts: Map<string, Integer>, currency: string, minor: Integer): void {
  const sum = add(amounts.get(currency) ?? 0, minor);
  if (sum === 0) amounts.delete(currency);
  else amounts.set(currency, sum);
}
