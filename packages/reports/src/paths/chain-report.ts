/** The counts that data-driven models are computed from, for readers: transitions with their probabilities, sets of channels. */
import { SEPARATOR } from '@tributary/attribution/data-driven/counts';
import { OTHER } from '@tributary/model/channels/channel';
import { add, type Integer } from '@tributary/model/integer';
import type { Counted, EdgeName, SetName } from '../journeys/sets-and-edges.ts';

const START = '(start)';
const CONVERSION = '(conversion)';
const NULL = '(null)';
/** New events cannot name a channel so; archives from before may. */
const ENDS: ReadonlySet<string> = new Set([START, CONVERSION, NULL]);

/** Counts of one layer alone may be negative: the deltas take back what the batch counted. */
export interface Edge {
  /** Channels of the state; `["(start)"]` for the beginning. */
  readonly from: readonly string[];
  /** `["(conversion)"]` and `["(null)"]` for the ends. */
  readonly to: readonly string[];
  /** Traversals by journeys that convert. */
  readonly conversions: Integer;
  /** Traversals by journeys that do not. */
  readonly nulls: Integer;
  /** The part of the traversals out of `from`; null: some of these are negative, and have no whole to be a part of. */
  readonly probability: number | null;
}

/** Keyed for paging; an end is two edges, into the conversion and into nothing. Channels named like the ends read `(other)`. */
export function edgeRows(counts: readonly Counted<EdgeName>[]): Map<string, Edge> {
  const edges = new Map<string, Omit<Edge, 'probability'>>();
  const count = (from: readonly string[], to: readonly string[], conversions: Integer, nulls: Integer) => {
    if (conversions === 0 && nulls === 0) return;
    const key = `${keyOf(from)}\t${keyOf(to)}`;
    const known = edges.get(key) ?? { from, to, conversions: 0, nulls: 0 };
    edges.set(key, { ...known, conversions: add(known.conversions, conversions), nulls: add(known.nulls, nulls) });
  };
  for (const { from, to, conversions, nulls } of counts) {
    const leaves = from.length === 0 ? [START] : named(from);
    if (to.length > 0) count(leaves, named(to), conversions, nulls);
    else {
      count(leaves, [CONVERSION], conversions, 0);
      count(leaves, [NULL], 0, nulls);
    }
  }
  const leaving = Map.groupBy(edges.values(), ({ from }) => keyOf(from));
  const wholes = new Map([...leaving].map(([from, of]) => [from, wholeOf(of)] as const));
  return new Map(
    [...edges].map(([key, edge]) => {
      const whole = wholes.get(keyOf(edge.from)) ?? null;
      return [key, { ...edge, probability: whole === null ? null : Number(add(edge.conversions, edge.nulls)) / whole }];
    }),
  );
}

/** null: some count is negative. */
function wholeOf(counts: readonly Pick<Edge, 'conversions' | 'nulls'>[]): number | null {
  if (counts.some(({ conversions, nulls }) => conversions < 0 || nulls < 0)) return null;
  const whole = counts.reduce<Integer>((sum, { conversions, nulls }) => add(sum, add(conversions, nulls)), 0);
  return whole === 0 ? null : Number(whole);
}

function named(state: readonly string[]): readonly string[] {
  return state.some((channel) => ENDS.has(channel)) ? state.map((channel) => (ENDS.has(channel) ? OTHER : channel)) : state;
}

export interface ChannelSet {
  readonly channels: readonly string[];
  readonly conversions: Integer;
  readonly nulls: Integer;
  /** Conversions a journey; null: a count is negative. */
  readonly rate: number | null;
}

export function setRows(sets: readonly Counted<SetName>[]): Map<string, ChannelSet> {
  return new Map(
    sets.flatMap(({ channels, conversions, nulls }) => {
      if (conversions === 0 && nulls === 0) return [];
      const journeys = wholeOf([{ conversions, nulls }]);
      const rate = journeys === null ? null : Number(conversions) / journeys;
      return [[keyOf(channels), { channels, conversions, nulls, rate }] as const];
    }),
  );
}

function keyOf(channels: readonly string[]): string {
  return channels.join(SEPARATOR);
}
