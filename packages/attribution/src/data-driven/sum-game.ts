/**
 * Models that need one pass over the coalition counts.
 *
 * Sum game: v(S) = conversions whose set of channels lies within S. Its Shapley value is
 * `φ_j = Σ_{sets ∋ j} conv(set) / |set|` (Zhao, Mahboobi, Bagheri 2018): every set is split equally over its channels.
 */
import { type Coalition, canonicalCoalitions, type ModelResult, type Reward } from './counts.ts';
import { withShares } from './shares.ts';

/** Shapley value of the sum game; `effect` in conversions or minor units, sums to `total`. Any number of channels. */
export function sumGame(coalitions: readonly Coalition[], { reward = 'conversions' }: { reward?: Reward } = {}): ModelResult {
  // Whole numbers by size of the set, divided once: the order of rows cannot touch the result.
  const bySize = new Map<string, Map<number, number>>();
  let total = 0;
  for (const coalition of canonicalCoalitions(coalitions)) {
    const { channels, [reward]: amount } = coalition;
    total += amount;
    for (const channel of channels) {
      let sums = bySize.get(channel);
      if (sums === undefined) bySize.set(channel, (sums = new Map()));
      sums.set(channels.length, (sums.get(channels.length) ?? 0) + amount);
    }
  }
  const effects = [...bySize].map(([channel, sums]) => [channel, sumOfQuotients(sums)] as const);
  return { channels: withShares(effects), total };
}

/** Smallest divisors last: large quotients meet a small sum. */
function sumOfQuotients(sums: ReadonlyMap<number, number>): number {
  return [...sums].sort(([a], [b]) => b - a).reduce((total, [size, sum]) => total + sum / size, 0);
}

/** Conversions (or their value) that each channel took part in; `effect` sums to more than `total` where sets overlap. */
export function participation(
  coalitions: readonly Coalition[],
  { reward = 'conversions' }: { reward?: Reward } = {},
): ModelResult {
  const sums = new Map<string, number>();
  let total = 0;
  for (const coalition of canonicalCoalitions(coalitions)) {
    const { channels, [reward]: amount } = coalition;
    total += amount;
    for (const channel of channels) sums.set(channel, (sums.get(channel) ?? 0) + amount);
  }
  return { channels: withShares(sums), total };
}
