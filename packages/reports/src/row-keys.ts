/** Rows under other keys: fewer dimensions, other names of channels. */
import { isWanted, type Selection } from '@tributary/serving/merge';
import type { Snapshot } from '@tributary/serving/snapshot';
import { addRow, type Rows } from '@tributary/views/deltas';
import type { View } from '@tributary/views/view';

/** The name of a channel in the report, by its name in the views. */
export type Rename = (channel: string) => string;

/** Rows keyed by `dimensions` → rows keyed by `by`, those that `equal` names. */
export function rekeyed(rows: Rows, dimensions: readonly string[], by: readonly string[], equal: Selection['equal']): Rows {
  const kept = by.map((dimension) => dimensions.indexOf(dimension));
  const wanted = Object.entries(equal).map(([dimension, value]) => [dimensions.indexOf(dimension), value] as const);
  const result: Rows = new Map();
  for (const [key, measures] of rows) {
    const parts = key.split('\t');
    if (wanted.every(([at, value]) => isWanted(value, parts[at])))
      addRow(result, kept.map((at) => parts[at]).join('\t'), measures);
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

/** Rows of a view, channels under the names of the report. */
export function namedRows(
  snapshot: Pick<Snapshot, 'project'>,
  view: View,
  { days, by, equal }: Selection,
  rename: Rename | null,
): Rows {
  if (rename === null) return snapshot.project(view, { days, by, equal });
  const { channel, ...others } = equal;
  const dimensions = by.filter((dimension) => dimension !== 'channel');
  const rows = renamedRows(snapshot.project(view, { days, by: ['channel', ...dimensions], equal: others }), rename);
  return rekeyed(rows, ['channel', ...dimensions], by, channel === undefined ? {} : { channel });
}
