/**
 * Shapley values of the sum game by position (Zhao, Mahboobi, Bagheri 2018, "Shapley value methods for attribution modeling in
 * online advertising"): a conversion is shared equally by the channels of its path, a channel's part equally by its touches.
 * Over its positions a channel has what the sum game gives it.
 */
import type { WeightedPath } from './weighted-path.ts';

/** Conversions by channel and position: entry i is what the channel is credited with as touch i + 1. Channels that never converted are left out. */
export function orderedShapley(paths: readonly WeightedPath[]): Map<string, number[]> {
  const credits = new Map<string, number[]>();
  for (const { path, conversions } of paths) {
    if (conversions === 0) continue;
    const touches = new Map<string, number>();
    for (const channel of path) touches.set(channel, (touches.get(channel) ?? 0) + 1);
    path.forEach((channel, i) => {
      const byPosition = credits.get(channel) ?? [];
      credits.set(channel, byPosition);
      while (byPosition.length <= i) byPosition.push(0);
      byPosition[i] = (byPosition[i] as number) + conversions / (touches.size * (touches.get(channel) as number));
    });
  }
  return credits;
}
