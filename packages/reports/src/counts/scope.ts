/** The window that models look at, and what is remembered of it. */

import type { Collection, Days } from '@tributary/serving/merge';
import type { Rows } from '@tributary/views/deltas';

/** Which conversions are counted. Conversions only: touches and nulls have no conversion type, nulls no currency. */
export interface Scope {
  readonly days: Days;
  readonly type?: string;
  readonly currency?: string;
}

/** `key` names the map, and what the map takes from the scope. */
export function collectionOf(key: string, { days, type, currency }: Scope): Pick<Collection, 'key' | 'days'> {
  return { key: JSON.stringify([key, type ?? null, currency ?? null]), days };
}

export function within(scope: Scope, type: string | undefined, currency: string): boolean {
  return (scope.type === undefined || scope.type === type) && (scope.currency === undefined || scope.currency === currency);
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
