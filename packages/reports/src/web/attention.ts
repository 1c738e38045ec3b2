/** What elements have of the attention of a page: shares and ranks of additive integers, whatever layer these are from. */
import { add, type Integer, subtract } from '@tributary/model/integer';
import type { Rows } from '@tributary/views/deltas';

/** Elements that an answer names; what the others have is one sum. */
export const MOST_ELEMENTS = 500;

export interface AttentionRow {
  readonly element: string;
  readonly n: Integer;
  /** Its part of the whole, half up; null: there is none, or a layer takes some of it back. */
  readonly percentTenths: number | null;
  /** 1 and the number of larger values that differ; null: it has nothing. */
  readonly rank: number | null;
  /** The measures of the view `attention`, in order. */
  readonly measures: readonly Integer[];
}

export interface AttentionReport {
  readonly rows: readonly AttentionRow[];
  /** What no element has: the whole less all elements. */
  readonly elsewhere: Integer;
  readonly rest: { readonly elements: number; readonly n: Integer };
}

/** `rows`: measures by element. `at`: the measure that is shared. `total`: the whole of it. */
export function attentionReport(rows: Rows, at: number, total: Integer, most = MOST_ELEMENTS): AttentionReport {
  const all = [...rows].map(([element, measures]) => ({ element, n: measures[at] as Integer, measures }));
  all.sort((a, b) => (a.n === b.n ? (a.element < b.element ? -1 : 1) : a.n > b.n ? -1 : 1));
  const sum = (of: readonly { readonly n: Integer }[]) => of.reduce<Integer>((whole, { n }) => add(whole, n), 0);
  let rank = 0;
  let before: Integer | undefined;
  const ranked = all.slice(0, most).map(({ element, n, measures }): AttentionRow => {
    if (n !== before) rank++;
    before = n;
    return { element, n, percentTenths: percentTenths(n, total), rank: n > 0 ? rank : null, measures };
  });
  const left = all.slice(most);
  return { rows: ranked, elsewhere: subtract(total, sum(all)), rest: { elements: left.length, n: sum(left) } };
}

/** `floor((2000·n + N) / (2·N))`. */
function percentTenths(n: Integer, total: Integer): number | null {
  if (total <= 0 || n < 0) return null;
  const whole = BigInt(total);
  return Number((2_000n * BigInt(n) + whole) / (2n * whole));
}
