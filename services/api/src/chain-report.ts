/** The counts that data-driven models are computed from, for readers: transitions with their probabilities, sets of channels. */
import { type Coalition, renameChannels, SEPARATOR, type Transition } from '@tributary/attribution/data-driven/counts';
import { OTHER } from '@tributary/views/journeys/channels';

const START = '(start)';
const CONVERSION = '(conversion)';
const NULL = '(null)';
/** New events cannot name a channel so; archives from before may. */
const ENDS: ReadonlySet<string> = new Set([START, CONVERSION, NULL]);

export interface Edge {
  /** Channels of the state; `["(start)"]` for the beginning. */
  readonly from: readonly string[];
  /** `["(conversion)"]` and `["(null)"]` for the ends. */
  readonly to: readonly string[];
  /** Traversals by journeys that convert. */
  readonly conversions: number;
  /** Traversals by journeys that do not. */
  readonly nulls: number;
  /** Of the traversals out of `from`. */
  readonly probability: number;
}

/** Keyed for paging; an end is two edges, into the conversion and into nothing. Channels named like the ends read `(other)`. */
export function edgeRows(counts: readonly Transition[]): Map<string, Edge> {
  const transitions = counts.some(namesAnEnd)
    ? renameChannels(counts, (channel) => (ENDS.has(channel) ? OTHER : channel))
    : counts;
  const leaving = new Map<string, number>();
  for (const { from, conversions, nulls } of transitions)
    leaving.set(keyOf(from), (leaving.get(keyOf(from)) ?? 0) + conversions + nulls);
  const rows = new Map<string, Edge>();
  const add = (from: readonly string[], to: readonly string[], conversions: number, nulls: number) => {
    if (conversions + nulls === 0) return;
    const probability = (conversions + nulls) / (leaving.get(keyOf(from)) as number);
    const edge = { from: from.length === 0 ? [START] : from, to, conversions, nulls, probability };
    rows.set(`${keyOf(edge.from)}\t${keyOf(to)}`, edge);
  };
  for (const { from, to, conversions, nulls } of transitions) {
    if (to.length > 0) add(from, to, conversions, nulls);
    else {
      add(from, [CONVERSION], conversions, 0);
      add(from, [NULL], 0, nulls);
    }
  }
  return rows;
}

function namesAnEnd({ from, to }: Transition): boolean {
  return from.some((channel) => ENDS.has(channel)) || to.some((channel) => ENDS.has(channel));
}

export interface ChannelSet {
  readonly channels: readonly string[];
  readonly conversions: number;
  readonly nulls: number;
  /** Conversions a journey. */
  readonly rate: number;
}

export function setRows(coalitions: readonly Coalition[]): Map<string, ChannelSet> {
  return new Map(
    coalitions.flatMap(({ channels, conversions, nulls }) =>
      conversions + nulls === 0
        ? []
        : [[keyOf(channels), { channels, conversions, nulls, rate: conversions / (conversions + nulls) }] as const],
    ),
  );
}

function keyOf(channels: readonly string[]): string {
  return channels.join(SEPARATOR);
}
