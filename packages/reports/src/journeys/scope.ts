/** Which conversions are counted, and what is remembered of their counts. */
import { type Collection, isWanted, type Selection } from '@tributary/serving/merge';
import type { Rows } from '@tributary/views/deltas';

/** `equal`: type, currency. They concern conversions only: touches and nulls have no conversion type, nulls no currency. */
export type Scope = Pick<Selection, 'days' | 'equal'>;

export function scopeOf({ days, equal: { type, currency } }: Scope): Scope {
  return { days, equal: { ...(type === undefined ? {} : { type }), ...(currency === undefined ? {} : { currency }) } };
}

/** The other filters, channel and campaign, choose among the rows: all conversions are shared out, whatever is shown of them. */
export function rowFiltersOf({ equal: { type: _, currency: __, ...others } }: Pick<Selection, 'equal'>): Selection['equal'] {
  return others;
}

/** `key` names the map, and what the map takes from the scope. */
export function collectionOf(key: string, { days, equal: { type, currency } }: Scope): Pick<Collection, 'key' | 'days'> {
  return { key: JSON.stringify([key, type ?? null, currency ?? null]), days };
}

export function within({ equal }: Scope, type: string | undefined, currency: string): boolean {
  return isWanted(equal['type'], type) && isWanted(equal['currency'], currency);
}

/** Rows that a snapshot collects never change, and are the same object while nothing new was counted. */
export interface Remembered<T> {
  readonly nulls: Rows | null;
  readonly counts: T;
}

export function rememberedUnder<T>(memory: WeakMap<Rows, Remembered<T>>, rows: Rows, nulls: Rows | null, compute: () => T): T {
  const known = memory.get(rows);
  if (known !== undefined && known.nulls === nulls) return known.counts;
  const counts = compute();
  memory.set(rows, { nulls, counts });
  return counts;
}
