/** Rows a page at a time. */
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface Page {
  readonly keys: readonly string[];
  readonly nextCursor: string | null;
}

/**
 * One page of rows ordered by key (the dimensions in the order of `by`). The cursor holds the last key, so a page is
 * stable while numbers move: no row is shown twice or skipped because another one grew.
 */
export function pageOf(keys: Iterable<string>, question: readonly unknown[], limit: number, cursor: string | undefined): Page {
  const after = cursor === undefined ? null : String(decodeCursor(question, cursor)[0]);
  const left = [...keys].filter((key) => after === null || key > after).sort();
  const page = left.slice(0, limit);
  const last = page.at(-1);
  return { keys: page, nextCursor: last !== undefined && left.length > limit ? encodeCursor(question, [last]) : null };
}
