/**
 * The additive counts that data-driven models are computed from, and how they are brought into one order.
 *
 * Counts add: those of the batch and of the speed layer, of days and of conversion types are summed before a model sees
 * them. Floating point does not add, so every model first sorts its counts by channel: equal counts give bit-equal
 * results whatever order the rows came in, and rows that cancelled to nothing leave no trace.
 */
import { byCodePoint } from '@tributary/model/code-points';
import { TributaryError } from '@tributary/model/errors';

/** Journeys by the set of channels they touched. Channels are distinct and sorted; a set occurs once. */
export interface Coalition {
  readonly channels: readonly string[];
  readonly conversions: number;
  /** Value of the conversions, minor units. */
  readonly value: number;
  /** Journeys that ended without a conversion. */
  readonly nulls: number;
}

/**
 * Traversals of one edge of the chain of states. A state is the last k channels (a journey of at most k touches is one
 * state); `from: []` is the start, `to: []` the end: `conversions` end in a conversion, `nulls` in nothing.
 */
export interface Transition {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Traversals by journeys that convert. */
  readonly conversions: number;
  /** Traversals by journeys that do not. */
  readonly nulls: number;
  /** Value of the conversions, minor units; only on edges into the end. */
  readonly value: number;
}

/** Journeys by their path: channels in order, repeats included. */
export interface PathCount {
  readonly path: readonly string[];
  readonly conversions: number;
  readonly value: number;
  readonly nulls: number;
}

/** What a model says of a channel. */
export interface ChannelEffect {
  readonly channel: string;
  /** Removal effect, Shapley value φ or participations: what the model calls it. May be negative (rate game, value). */
  readonly effect: number;
  /** Part of the whole: sums to 1 over the channels, or every share is 0 when there is nothing to share. */
  readonly share: number;
}

/** What the credit of a model is a share of: conversions, or their value. */
export type Reward = 'conversions' | 'value';

export interface ModelResult {
  /** Sorted by channel (code points). */
  readonly channels: readonly ChannelEffect[];
  /** Conversions with a path, or their value: `distribute(total, shares)` is the credit. */
  readonly total: number;
}

/** Joins the channels of a set, a state or a path in one text: validated text holds no control character. */
export const SEPARATOR = '\u001f';
/** Joins both ends of an edge. */
const EDGE = '\u001e';

/**
 * Sorted, merged, distinct channels in each set. Rows without a channel (no path) or without any count are left out.
 * Counts are finite and not negative (`invalid_counts` otherwise); `value` may be negative.
 */
export function canonicalCoalitions(coalitions: Iterable<Coalition>): Coalition[] {
  return merged(soundCoalitions(coalitions), keyOfCoalition);
}

/** The same, neither sorted nor merged: for sums of whole numbers, which need no order. */
export function* soundCoalitions(coalitions: Iterable<Coalition>): Generator<Coalition> {
  for (const row of coalitions) {
    demandCounts(row, keyOfCoalition);
    if (row.channels.length === 0 || !hasCounts(row)) continue;
    yield isAscending(row.channels) ? row : { ...row, channels: distinctSorted(row.channels) };
  }
}

const keyOfCoalition = ({ channels }: Coalition) => channels.join(SEPARATOR);

/** Sorted and merged. Rows without any count are left out. Same bounds as `canonicalCoalitions`. */
export function canonicalTransitions(transitions: Iterable<Transition>): Transition[] {
  return merged(soundTransitions(transitions), keyOfTransition);
}

function* soundTransitions(transitions: Iterable<Transition>): Generator<Transition> {
  for (const row of transitions) {
    demandCounts(row, keyOfTransition);
    yield row;
  }
}

const keyOfTransition = ({ from, to }: Transition) => from.join(SEPARATOR) + EDGE + to.join(SEPARATOR);

/** Groups channels, e.g. the small ones into `(other)`. Rows that become equal are merged; coalitions stay sets. */
export function renameChannels(counts: readonly Coalition[], rename: (channel: string) => string): Coalition[];
export function renameChannels(counts: readonly Transition[], rename: (channel: string) => string): Transition[];
export function renameChannels(
  counts: readonly Coalition[] | readonly Transition[],
  rename: (channel: string) => string,
): Coalition[] | Transition[] {
  const names = new Map<string, string>();
  const renamed = (channels: readonly string[]) =>
    channels.map((channel) => {
      let name = names.get(channel);
      if (name === undefined) names.set(channel, (name = rename(channel)));
      return name;
    });
  if (counts.every((row) => 'channels' in row))
    return canonicalCoalitions(counts.map((row) => ({ ...row, channels: renamed(row.channels) })));
  return canonicalTransitions(
    (counts as readonly Transition[]).map((row) => ({ ...row, from: renamed(row.from), to: renamed(row.to) })),
  );
}

/** Every channel of the counts, sorted. */
export function channelsOf(counts: readonly (Coalition | Transition)[]): string[] {
  const channels = new Set<string>();
  for (const row of counts)
    for (const channel of 'channels' in row ? row.channels : [...row.from, ...row.to]) channels.add(channel);
  return [...channels].sort(byCodePoint);
}

function isAscending(channels: readonly string[]): boolean {
  for (let i = 1; i < channels.length; i++) if (byCodePoint(channels[i - 1] as string, channels[i] as string) >= 0) return false;
  return true;
}

function distinctSorted(channels: readonly string[]): string[] {
  return [...new Set(channels)].sort(byCodePoint);
}

interface Counts {
  readonly conversions: number;
  readonly value: number;
  readonly nulls: number;
}

/** Whole numbers add to the same bits in any order; fractional ones (of a path file) in the order of the rows. */
function merged<Row extends Counts>(rows: Iterable<Row>, keyOf: (row: Row) => string): Row[] {
  const byKey = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    byKey.set(key, added(byKey.get(key) ?? NOTHING, row));
  }
  const keys = [...byKey.keys()].sort();
  return keys.map((key) => byKey.get(key) as Row).filter(hasCounts);
}

function hasCounts({ conversions, nulls, value }: Counts): boolean {
  return conversions !== 0 || nulls !== 0 || value !== 0;
}

const NOTHING: Counts = { conversions: 0, value: 0, nulls: 0 };

function added<Row extends Counts>(a: Counts, b: Row): Row {
  return { ...b, conversions: a.conversions + b.conversions, nulls: a.nulls + b.nulls, value: a.value + b.value };
}

function demandCounts<Row extends Counts>(row: Row, keyOf: (row: Row) => string): void {
  const { conversions, nulls, value } = row;
  if (conversions >= 0 && nulls >= 0 && Number.isFinite(conversions + nulls) && Number.isFinite(value)) return;
  const where = keyOf(row).replaceAll(SEPARATOR, ' > ').replace(EDGE, ' → ');
  throw new TributaryError(
    'invalid_counts',
    `counts must be finite, those of journeys not negative (got ${conversions} conversions, ${nulls} nulls and the value ${value} of "${where}")`,
  );
}
