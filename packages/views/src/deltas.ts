/**
 * Rows and deltas. A view row is a key (its dimensions joined by tabs) with integer measures; rows of one key add up.
 * Deltas are rows that may be negative. Both layers, the store and the API speak of rows in this one form.
 * Sums have no bound: a measure beyond 2^53 goes on as a bigint (packages/model/src/integer.ts).
 */
import { add, type Integer, negate } from '@tributary/model/integer';

/** Dimensions in the view's order, joined by "\t"; validated text holds no tab. */
export type RowKey = string;
export type Rows = Map<RowKey, Integer[]>;
/** Rows by view name. */
export type RowsByView = Map<string, Rows>;

/** Adds `sign · measures` under `key`; a row whose measures are all zero is left out. */
export function addRow(rows: Rows, key: RowKey, measures: readonly Integer[], sign: 1 | -1 = 1): void {
  const row = rows.get(key);
  if (row === undefined) {
    if (hasAny(measures)) rows.set(key, sign === 1 ? measures.slice() : measures.map(negate));
    return;
  }
  let zero = true;
  for (let i = 0; i < row.length; i++) {
    const measure = measures[i] as Integer;
    const sum = add(row[i] as Integer, sign === 1 ? measure : negate(measure));
    row[i] = sum;
    if (sum !== 0) zero = false;
  }
  if (zero) rows.delete(key);
}

/** Without a closure: a report of a page has dozens of rows. */
function hasAny(measures: readonly Integer[]): boolean {
  for (let i = 0; i < measures.length; i++) if (measures[i] !== 0) return true;
  return false;
}

/** Adds all of `from` into `into`. The merge of the lambda architecture is this addition. */
export function addRows(into: Rows, from: ReadonlyMap<RowKey, readonly Integer[]>, sign: 1 | -1 = 1): void {
  for (const [key, measures] of from) addRow(into, key, measures, sign);
}

export function rowsOf(byView: RowsByView, view: string): Rows {
  let rows = byView.get(view);
  if (rows === undefined) {
    rows = new Map();
    byView.set(view, rows);
  }
  return rows;
}

export function addRowsByView(into: RowsByView, from: ReadonlyMap<string, Rows>, sign: 1 | -1 = 1): void {
  for (const [view, rows] of from) addRows(rowsOf(into, view), rows, sign);
}
