/** Whether two results are equal, to the last integer, and where they differ: what a failing law prints. */
import type { Integer } from '@tributary/model/integer';
import type { RowsByView } from '@tributary/views/deltas';

type AnyRows = ReadonlyMap<string, readonly Integer[]>;

const isZero = (measures: readonly Integer[]): boolean => measures.every((measure) => measure === 0);

/** `view | key → measures`, sorted; rows of zeros are left out. */
export function canonicalRows(byView: ReadonlyMap<string, AnyRows>): Record<string, string> {
  const lines: [string, string][] = [];
  for (const [view, rows] of byView)
    for (const [key, measures] of rows)
      if (!isZero(measures)) lines.push([`${view} | ${key.replaceAll('\t', ' · ')}`, measures.join(', ')]);
  return Object.fromEntries(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One line for each row that differs; empty when the results are equal. */
export function differences(actual: RowsByView, expected: RowsByView): string[] {
  if (covers(actual, expected) && covers(expected, actual)) return [];
  const is = canonicalRows(actual);
  const should = canonicalRows(expected);
  return [...new Set([...Object.keys(is), ...Object.keys(should)])]
    .sort()
    .filter((key) => is[key] !== should[key])
    .map((key) => `${key}: ${is[key] ?? 'absent'}, expected ${should[key] ?? 'absent'}`);
}

/** Whether every row of `a` is the same in `b`: quick, for the common case of equal results. */
function covers(a: RowsByView, b: RowsByView): boolean {
  for (const [view, rows] of a) {
    const others = b.get(view);
    for (const [key, measures] of rows) {
      const other = others?.get(key);
      if (other === undefined ? !isZero(measures) : measures.some((measure, i) => measure !== other[i])) return false;
    }
  }
  return true;
}
