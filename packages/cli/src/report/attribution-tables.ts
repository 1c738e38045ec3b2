/** Attribution reports as tables for people. */
import { amounts, conversions, count, share } from '../terminal/figures.ts';
import type { Table } from '../terminal/table.ts';
import { type AmountRow, type FoldedRow, totalOf } from './fold-currencies.ts';

export type Dimensions = Readonly<Record<string, unknown>>;
export type CompareRow = Dimensions &
  Pick<AmountRow, 'touches' | 'costMinor'> & { readonly models: Readonly<Record<string, AmountRow>> };

const right = (title: string) => ({ title, align: 'right' }) as const;
const left = (title: string) => ({ title });

export function reportTable(rows: readonly FoldedRow[], by: readonly string[]): Table {
  const total = totalOf(rows);
  const withCosts = total.touches !== null;
  const cells = (row: FoldedRow, key: readonly string[]) => [
    ...key,
    ...(withCosts ? [row.touches === null ? '' : count(row.touches), amounts(row.cost)] : []),
    conversions(row.creditMicros),
    share(row.creditMicros, total.creditMicros),
    amounts(row.value),
  ];
  return {
    columns: [
      ...by.map(left),
      ...(withCosts ? [right('touches'), right('cost')] : []),
      right('conversions'),
      right('share'),
      right('value'),
    ],
    rows: rows.map((row) => cells(row, row.key)),
    total: cells(total, totalKey(by)),
  };
}

export function compareTable(rows: readonly CompareRow[], by: readonly string[], models: readonly string[]): Table {
  const microsOf = (row: CompareRow, model: string) => row.models[model]?.creditMicros ?? 0;
  return {
    columns: [...by.map(left), ...models.map(right)],
    rows: rows.map((row) => [
      ...by.map((dimension) => String(row[dimension] ?? '')),
      ...models.map((model) => conversions(microsOf(row, model))),
    ]),
    total: [...totalKey(by), ...models.map((model) => conversions(rows.reduce((sum, row) => sum + microsOf(row, model), 0)))],
  };
}

/** By time where there is a day, else the most conversions first. */
export function ordered(rows: readonly FoldedRow[], by: readonly string[]): FoldedRow[] {
  const byKey = (a: FoldedRow, b: FoldedRow) => (a.key.join('\t') < b.key.join('\t') ? -1 : 1);
  return rows.toSorted((a, b) => (by.includes('day') ? byKey(a, b) : b.creditMicros - a.creditMicros || byKey(a, b)));
}

function totalKey(by: readonly string[]): string[] {
  return by.map((_, i) => (i === 0 ? 'total' : ''));
}
