/**
 * The merge: one number from two layers.
 *
 * A generation g is a cut through the log. view(g) holds F(events at or before the cut). Since the speed worker read
 * barrier(g) in a partition it files that partition's deltas under g, and under g+1 once it has read barrier(g+1). An
 * event is on exactly one side of the cut, so
 *
 *     F(all) = view(g) + Σ deltas filed under generations ≥ g
 *
 * holds for every g whose view and deltas are still kept, not only for the newest: that is why an older generation can
 * go on being served, exactly, while a newer one loads, and why a rollback is exact as well.
 *
 * Rows add up, hence choosing rows, dropping dimensions and adding commute with the merge:
 *
 *     project(view(g) + deltas) = project(view(g)) + project(deltas)
 *
 * so nobody copies view(g): its projection is computed once per question and generation, and each request adds the
 * (small) projection of the deltas.
 *
 * Never a smaller number silently (law 7): an answer is built from the deltas of *all* partitions or not at all.
 */
import type { PartitionDeltas } from '@tributary/kv/serving-port';
import { TributaryError } from '@tributary/model/errors';
import { addRow, addRows, type RowKey, type Rows } from '@tributary/views/deltas';
import type { Emit, View } from '@tributary/views/view';
import type { DayRange } from './instants.ts';

/** Which layers an answer adds: both, the deltas since the cut, or the generation's view alone. */
export const LAYERS = ['merged', 'speed', 'batch'] as const;
export type Layers = (typeof LAYERS)[number];

/** Which rows of a view, and which of its dimensions remain. */
export interface Selection {
  readonly days: Pick<DayRange, 'fromDay' | 'toDay'>;
  /** Rows whose dimension reads exactly this. */
  readonly equal: Readonly<Record<string, string>>;
  /** The dimensions that remain, in the order of the projected key. */
  readonly by: readonly string[];
}

/**
 * An additive question about the rows of a view: what each row adds to the answer. `map` is pure and depends on nothing
 * but its arguments and what `key` names: answers are remembered under `key`, the days and the view.
 */
export interface Collection {
  /** Names `map` and its parameters: two collections of one view with one key have the same `map`. */
  readonly key: string;
  readonly days: Pick<DayRange, 'fromDay' | 'toDay'>;
  /** `parts`: the row's dimensions in the view's order. `measures` are deltas as well: they may be negative. */
  readonly map: (parts: readonly string[], measures: readonly number[], emit: Emit) => void;
}

/** What `collection` makes of the rows: the sums of all that `map` emits. */
export function collect(rows: ReadonlyMap<RowKey, readonly number[]>, { days, map }: Collection): Rows {
  const { fromDay, toDay } = days;
  const collected: Rows = new Map();
  const emit: Emit = (key, measures) => addRow(collected, key, measures);
  for (const [key, measures] of rows) {
    // A key starts with its day, so the range of days is a range of keys.
    if ((fromDay !== null && key < fromDay) || (toDay !== null && key >= toDay)) continue;
    map(key.split('\t'), measures, emit);
  }
  return collected;
}

/** Rows of `view` under the selection, keyed by the values of `by` joined by "\t" (by nothing: one row under ""). */
export function project(rows: ReadonlyMap<RowKey, readonly number[]>, view: View, selection: Selection): Rows {
  const { fromDay, toDay } = selection.days;
  const equal = Object.entries(selection.equal).map(([dimension, value]) => [indexOf(view, dimension), value] as const);
  const kept = selection.by.map((dimension) => indexOf(view, dimension));
  const projected: Rows = new Map();
  for (const [key, measures] of rows) {
    // A key starts with its day, so the range of days is a range of keys.
    if ((fromDay !== null && key < fromDay) || (toDay !== null && key >= toDay)) continue;
    const parts = key.split('\t');
    if (!equal.every(([at, value]) => parts[at] === value)) continue;
    addRow(projected, kept.map((at) => parts[at]).join('\t'), measures);
  }
  return projected;
}

/** The deltas of one view, projected and added over all partitions. */
export function projectDeltas(partitions: readonly PartitionDeltas[], view: View, selection: Selection): Rows {
  const sum: Rows = new Map();
  for (const { rows } of partitions) {
    const ofView = rows.get(view.name);
    if (ofView !== undefined) addRows(sum, project(ofView, view, selection));
  }
  return sum;
}

/** What a collection makes of the deltas of one view, added over all partitions. */
export function collectDeltas(partitions: readonly PartitionDeltas[], view: View, collection: Collection): Rows {
  const sum: Rows = new Map();
  for (const { rows } of partitions) addRows(sum, collect(rows.get(view.name) ?? new Map(), collection));
  return sum;
}

/** Adds the layers asked for. `base` is shared between requests and stays as it is. */
export function mergeRows(base: ReadonlyMap<RowKey, readonly number[]>, deltas: Rows, layers: Layers): Rows {
  const merged: Rows = new Map();
  if (layers !== 'speed') for (const [key, measures] of base) merged.set(key, measures.slice());
  if (layers !== 'batch') addRows(merged, deltas);
  return merged;
}

/** Throws `store_unavailable` unless every partition answered exactly once. */
export function assertAllPartitions(answers: readonly PartitionDeltas[], partitions: number): void {
  const seen = new Set(answers.map((answer) => answer.partition));
  for (let partition = 0; partition < partitions; partition++)
    if (!seen.has(partition))
      throw new TributaryError('store_unavailable', `partition ${partition} of ${partitions} did not answer with its deltas`);
  if (answers.length !== partitions)
    throw new TributaryError('store_unavailable', `${answers.length} answers came from ${partitions} partitions`);
}

function indexOf(view: View, dimension: string): number {
  const at = view.dimensions.indexOf(dimension);
  if (at < 0) throw new TypeError(`the view ${view.name} has no dimension ${dimension}`);
  return at;
}
