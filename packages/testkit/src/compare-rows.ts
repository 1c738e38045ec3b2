/** Rows in comparable form, and where two results differ: what a failing law prints. */
import type { RowsByView } from '@tributary/views/deltas';

/** `view | key → measures`, sorted; rows of zeros are no rows. */
export function canonicalRows(byView: ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>): Record<string, string> {
  const lines: [string, string][] = [];
  for (const [view, rows] of byView) {
    for (const [key, measures] of rows)
      if (measures.some((measure) => measure !== 0))
        lines.push([`${view} | ${key.replaceAll('\t', ' · ')}`, measures.join(', ')]);
  }
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One line for each row that differs; empty when the results are equal, to the last integer. */
export function differences(actual: RowsByView, expected: RowsByView): string[] {
  const is = canonicalRows(actual);
  const should = canonicalRows(expected);
  return [...new Set([...Object.keys(is), ...Object.keys(should)])]
    .sort()
    .filter((key) => is[key] !== should[key])
    .map((key) => `${key}: ${is[key] ?? 'absent'}, expected ${should[key] ?? 'absent'}`);
}
