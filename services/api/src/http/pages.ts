/** Rows a page at a time. */
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/**
 * One page of rows ordered by key (the dimensions in the order of `by`). The cursor holds the last key, so a page is
 * stable while numbers move: no row is shown twice or skipped because another one grew.
 */
export function pageOfRows<T>(
  rows: ReadonlyMap<string, T>,
  question: readonly unknown[],
  limit: number,
  cursor: string | undefined,
): Page<readonly [string, T]> {
  const after = cursor === undefined ? null : String(decodeCursor(question, cursor)[0]);
  const keys = [...rows.keys()].filter((key) => after === null || key > after).sort();
  const items = keys.slice(0, limit).map((key) => [key, rows.get(key) as T] as const);
  const last = items.at(-1)?.[0];
  return { items, nextCursor: last !== undefined && keys.length > limit ? encodeCursor(question, [last]) : null };
}
