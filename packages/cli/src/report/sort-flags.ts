/** `--sort` and `--top` of reports: by the API where rows go elsewhere, here where rows of several currencies become one. */
import type { Integer } from '@tributary/model/integer';
import type { Query } from '../api-client.ts';
import { UsageError } from '../exit.ts';
import type { FoldedRow } from './fold-currencies.ts';

export const SORTS = ['conversions', 'value', 'cost', 'touches'] as const;
export type Sort = (typeof SORTS)[number];
export interface Order {
  readonly sort: Sort;
  /** Absent: all rows. */
  readonly top?: number;
}

/** Without a measure the most conversions are first. Null: neither was given. */
export function sortOf(sort: string | undefined, top: string | undefined): Order | null {
  if (sort === undefined && top === undefined) return null;
  const measure = SORTS.find((known) => known === (sort ?? 'conversions'));
  if (measure === undefined) throw new UsageError(`--sort must be one of ${SORTS.join(', ')} (got "${sort}")`);
  if (top === undefined) return { sort: measure };
  if (!/^[1-9]\d{0,3}$/.test(top)) throw new UsageError(`--top must be a number of rows, 1 to 9999 (got "${top}")`);
  return { sort: measure, top: Number(top) };
}

export function sortQuery(order: Order | null): Query {
  return order === null ? {} : { sort: order.sort, limit: order.top };
}

export function sortedRows(rows: readonly FoldedRow[], sort: Sort): FoldedRow[] {
  const currencies = new Set(rows.flatMap((row) => (sort === 'value' || sort === 'cost' ? [...row[sort].keys()] : [])));
  if (currencies.size > 1)
    throw new UsageError(
      `--sort must be of one currency, and there are ${[...currencies].sort().join(', ')} (got "${sort}"). Name one with --currency.`,
    );
  const [currency = ''] = currencies;
  const figure = (row: FoldedRow): Integer => {
    if (sort === 'conversions') return row.creditMicros;
    return sort === 'touches' ? (row.touches ?? 0) : (row[sort].get(currency) ?? 0);
  };
  const keyOf = ({ key }: FoldedRow) => key.join('\t');
  return rows.toSorted((a, b) => Number(figure(b) > figure(a)) - Number(figure(b) < figure(a)) || (keyOf(a) < keyOf(b) ? -1 : 1));
}
