/** Places of channels, as far as the draws bear them. */
import { EQUAL } from './scales.ts';

export interface Rank {
  /** The places that the channel shares with neighbours whose order is not certain: 1 to 3. Equal: it has its own. */
  readonly from: number;
  readonly to: number;
  /** Another channel has the same share. */
  readonly isTie: boolean;
  /** Part of the draws in which it is above the next channel, equal ones half; null: it is the last. */
  readonly aboveNext: number | null;
}

/** Neighbours stand apart where this part of the draws agrees on their order. */
const CERTAIN = 0.9;

/** null for channels that are not `ranked`. Draws by channel. */
export function ranksOf(shares: Float64Array, draws: readonly Float64Array[], ranked: readonly boolean[]): (Rank | null)[] {
  return ranksBy(shares, ranked, (a, b) => partAbove(draws[a] as Float64Array, draws[b] as Float64Array));
}

/** `isAbove`: how probable it is that the first channel is above the second. Shares no further `apart` are equal. */
export function ranksBy(
  shares: Float64Array,
  ranked: readonly boolean[],
  isAbove: (a: number, b: number) => number,
  apart = EQUAL,
): (Rank | null)[] {
  const order = [...shares.keys()]
    .filter((i) => ranked[i])
    .sort((a, b) => (shares[b] as number) - (shares[a] as number) || a - b);
  const above = order.map((channel, at) => {
    const next = order[at + 1];
    return next === undefined ? null : isAbove(channel, next);
  });
  const equals = order.map((channel, at) => {
    const next = order[at + 1];
    return next !== undefined && Math.abs((shares[channel] as number) - (shares[next] as number)) <= apart;
  });
  const ranks = new Array<Rank | null>(shares.length).fill(null);
  for (let from = 0, to: number; from < order.length; from = to) {
    for (to = from + 1; to < order.length && ((above[to - 1] as number) < CERTAIN || equals[to - 1]); ) to++;
    for (let at = from; at < to; at++)
      ranks[order[at] as number] = {
        from: from + 1,
        to,
        isTie: equals[at] === true || equals[at - 1] === true,
        aboveNext: above[at] as number | null,
      };
  }
  return ranks;
}

function partAbove(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + (x > (b[i] as number) ? 1 : x === b[i] ? 0.5 : 0), 0) / a.length;
}
