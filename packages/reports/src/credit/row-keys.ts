/** Rows under other keys: fewer dimensions, other names of channels. */
import { addRow, type Rows } from '@tributary/views/deltas';
import type { Rename } from '../models/channel-names.ts';

/** Rows keyed by `dimensions` → rows keyed by `by`, those that `equal` names. */
export function rekeyed(
  rows: Rows,
  dimensions: readonly string[],
  by: readonly string[],
  equal: Readonly<Record<string, string>>,
): Rows {
  const kept = by.map((dimension) => dimensions.indexOf(dimension));
  const wanted = Object.entries(equal).map(([dimension, value]) => [dimensions.indexOf(dimension), value] as const);
  const result: Rows = new Map();
  for (const [key, measures] of rows) {
    const parts = key.split('\t');
    if (wanted.every(([at, value]) => parts[at] === value)) addRow(result, kept.map((at) => parts[at]).join('\t'), measures);
  }
  return result;
}

/** Rows keyed by the channel first. */
export function renamedRows(rows: Rows, rename: Rename | null): Rows {
  if (rename === null) return rows;
  const renamed: Rows = new Map();
  for (const [key, measures] of rows) {
    const end = key.indexOf('\t');
    const channel = end < 0 ? key : key.slice(0, end);
    addRow(renamed, end < 0 ? rename(channel) : `${rename(channel)}${key.slice(end)}`, measures);
  }
  return renamed;
}
