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
 * and so does adding a change of the deltas to an answer instead of computing it again, or taking it away once more:
 * view(g) is passed over once per question and generation, the deltas once, and from then on only their changes.
 *
 * Never a smaller number silently (law 7): an answer is built from the deltas of *all* partitions or not at all.
 */
import type { AskedLayers, Layers } from '@tributary/contract/shapes/meta';
import { TributaryError } from '@tributary/model/errors';
import { type Integer, negate } from '@tributary/model/integer';
import { addRow, type RowKey, type Rows } from '@tributary/views/deltas';
import type { Emit, View } from '@tributary/views/view';

export type { AskedLayers, Layers };

/** UTC days, `[fromDay, toDay)` as `YYYY-MM-DD`; null: from the beginning, to the end. */
export interface Days {
  readonly fromDay: string | null;
  readonly toDay: string | null;
}

/** One value, or any of several: sorted, each once. */
export type Wanted = string | readonly string[];

export function isWanted(wanted: Wanted | undefined, value: string | undefined): boolean {
  if (wanted === undefined || typeof wanted === 'string') return wanted === undefined || wanted === value;
  return value !== undefined && wanted.includes(value);
}

/** Which rows of a view, and which of its dimensions remain. */
export interface Selection {
  readonly days: Days;
  /** Rows whose dimension reads exactly this. */
  readonly equal: Readonly<Record<string, Wanted>>;
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
  readonly days: Days;
  /** `map` emits for rows of this part alone, by the dimension that the view's rows are kept by (`partedBy`). */
  readonly part?: string;
  /** `parts`: the row's dimensions in the view's order. `measures` are deltas as well: they may be negative. */
  readonly map: (parts: readonly string[], measures: readonly Integer[], emit: Emit) => void;
}

/** An additive question about the rows of one view: the answer over two sets of rows is the sum of both answers. */
export interface Question {
  /** Names the question: two of one key have one answer. */
  readonly key: string;
  readonly view: View;
  /** Only rows of this part count, by the dimension that parts of the view's rows are kept by (`partedBy`). */
  readonly part?: string;
  /** Adds the answer over `rows` into `into`, or takes it away. */
  addTo(into: Rows, rows: Iterable<readonly [RowKey, readonly Integer[]]>, sign?: 1 | -1): void;
}

/** Dimensions that most questions about a view name one value of: they need not pass over the rows of all others. */
const PARTED_BY: ReadonlySet<string> = new Set(['model', 'page']);

/** Undefined: rows of this view are not kept by parts. */
export function partedBy({ dimensions }: Pick<View, 'dimensions'>): string | undefined {
  return dimensions.find((dimension) => PARTED_BY.has(dimension));
}

/** Rows of `view` under the selection, keyed by the values of `by` joined by "\t" (by nothing: one row under ""). */
export function projectionOf(view: View, selection: Selection): Question {
  const equal = Object.entries(selection.equal).map(([dimension, wanted]) => [indexOf(view, dimension), wanted] as const);
  const kept = selection.by.map((dimension) => indexOf(view, dimension));
  const parted = partedBy(view);
  const part = parted === undefined ? undefined : selection.equal[parted];
  const isWhole = equal.length === 0 && kept.length === view.dimensions.length && kept.every((at, i) => at === i);
  return {
    key: JSON.stringify(['project', view.name, selection.days, selection.equal, selection.by]),
    view,
    ...(typeof part === 'string' ? { part } : {}),
    addTo(into, rows, sign = 1) {
      for (const [key, measures] of rows) {
        if (!isWithin(key, selection.days)) continue;
        if (isWhole) {
          addRow(into, key, measures, sign);
          continue;
        }
        const parts = key.split('\t');
        if (equal.every(([at, wanted]) => isWanted(wanted, parts[at])))
          addRow(into, kept.map((at) => parts[at]).join('\t'), measures, sign);
      }
    },
  };
}

/** The sums of all that `map` emits. */
export function collectionOf(view: View, { key, days, part, map }: Collection): Question {
  return {
    key: JSON.stringify(['collect', view.name, days, key]),
    view,
    ...(part === undefined ? {} : { part }),
    addTo(into, rows, sign = 1) {
      const emit: Emit = (to, measures) => addRow(into, to, measures, sign);
      for (const [row, measures] of rows) if (isWithin(row, days)) map(row.split('\t'), measures, emit);
    },
  };
}

/** A key starts with its day, so a range of days is a range of keys. */
function isWithin(key: RowKey, { fromDay, toDay }: Days): boolean {
  return (fromDay === null || key >= fromDay) && (toDay === null || key < toDay);
}

/** `base + changes` as rows of their own; both stay as they are, rows that did not change are shared. */
export function plus(base: Rows, changes: Rows): Rows {
  if (changes.size === 0) return base;
  const sum: Rows = new Map(base);
  for (const [key, measures] of changes) {
    const own = base.get(key);
    if (own !== undefined) sum.set(key, own.slice());
    addRow(sum, key, measures);
  }
  return sum;
}

/** `base - changes`, likewise. */
export function minus(base: Rows, changes: Rows): Rows {
  return plus(base, new Map([...changes].map(([key, measures]) => [key, measures.map(negate)])));
}

/** Throws `store_unavailable` unless each of the partitions asked for answered exactly once. */
export function assertAnswered(answers: readonly { readonly partition: number }[], asked: readonly number[]): void {
  const seen = new Set(answers.map((answer) => answer.partition));
  for (const partition of asked)
    if (!seen.has(partition))
      throw new TributaryError('store_unavailable', `partition ${partition} of ${asked.length} did not answer with its deltas`);
  if (answers.length !== asked.length)
    throw new TributaryError('store_unavailable', `${answers.length} answers came from ${asked.length} partitions`);
}

/** The oldest generation whose deltas every partition keeps. Ask once all have answered. */
export function oldestKept(followed: readonly { readonly oldest: number }[]): number {
  return Math.max(...followed.map(({ oldest }) => oldest));
}

function indexOf(view: View, dimension: string): number {
  const at = view.dimensions.indexOf(dimension);
  if (at < 0) throw new TypeError(`the view ${view.name} has no dimension ${dimension}`);
  return at;
}
