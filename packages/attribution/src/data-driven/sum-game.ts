/**
 * One pass over the coalition counts.
 *
 * Sum game: v(S) = conversions whose set of channels lies within S. Its Shapley value is
 * `φ_j = Σ_{sets ∋ j} conv(set) / |set|` (Zhao, Mahboobi, Bagheri 2018): every set is split equally over its channels.
 */
import { type ChannelEffect, type Coalition, type ModelResult, type Reward, soundCoalitions } from './counts.ts';
import { withShares } from './shares.ts';

/** Conversions (or their value) of the sets of one size that a channel is in: all that the sum game needs to know, and it adds. */
export interface SizedCount {
  readonly channel: string;
  readonly size: number;
  readonly amount: number;
}

/** Shapley value of the sum game; `effect` in conversions or minor units, sums to `total`. Any number of channels. */
export function sumGame(coalitions: Iterable<Coalition>, { reward = 'conversions' }: { reward?: Reward } = {}): ModelResult {
  const sets = [...soundCoalitions(coalitions)];
  return { channels: sumGameBySize(sizesOf(sets, reward)), total: sets.reduce((sum, row) => sum + row[reward], 0) };
}

/** What the game needs to know of counts by set. */
export function sizesOf(sets: readonly Coalition[], reward: Reward): SizedCount[] {
  return sets.flatMap(({ channels, [reward]: amount }) =>
    channels.map((channel) => ({ channel, size: channels.length, amount })),
  );
}

/** The same from counts by channel and size of the set, in any order and any number of parts. */
export function sumGameBySize(counts: Iterable<SizedCount>): ChannelEffect[] {
  // Whole numbers by size of the set, divided once: the order of rows cannot touch the result.
  const bySize = new Map<string, Map<number, number>>();
  for (const { channel, size, amount } of counts) {
    let sums = bySize.get(channel);
    if (sums === undefined) bySize.set(channel, (sums = new Map()));
    sums.set(size, (sums.get(size) ?? 0) + amount);
  }
  return withShares([...bySize].map(([channel, sums]) => [channel, sumOfQuotients(sums)] as const));
}

/** Smallest divisors last: large quotients meet a small sum. */
function sumOfQuotients(sums: ReadonlyMap<number, number>): number {
  return [...sums].sort(([a], [b]) => b - a).reduce((total, [size, sum]) => total + sum / size, 0);
}
