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
  if (areEqual(actual, expected)) return [];
  const is = canonicalRows(actual);
  const should = canonicalRows(expected);
  return [...new Set([...Object.keys(is), ...Object.keys(should)])]
    .sort()
    .filter((key) => is[key] !== should[key])
    .map((key) => `${key}: ${is[key] ?? 'absent'}, expected ${should[key] ?? 'absent'}`);
}

/** Whether every row of either is the same in the other: quick, for the common case of equal results. */
function areEqual(a: RowsByView, b: RowsByView): boolean {
  for (const [view, rows] of a) {
    const others = b.get(view);
    for (const [key, measures] of rows) {
      const other = others?.get(key);
      if (other === undefined ? !isZero(measures) : !isSame(measures, other)) return false;
    }
  }
  // What is in both was compared.
  for (const [view, rows] of b) {
    const others = a.get(view);
    for (const [key, measures] of rows) if (others?.has(key) !== true && !isZero(measures)) return false;
  }
  return true;
}

function isSame(a: readonly Integer[], b: readonly Integer[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
