/** Robinson's hybrid: part Markov, part Shapley. */
import type { ChannelEffect } from './counts.ts';
import { withShares } from './shares.ts';

/**
 * `H = α · Markov share + (1 − α) · Shapley share`, per channel of either. The effect is H, the share its part of ΣH (which is 1
 * unless one of the models had nothing to share). `alpha` lies in [0, 1].
 */
export function hybrid(markov: readonly ChannelEffect[], shapley: readonly ChannelEffect[], alpha = 0.5): ChannelEffect[] {
  const blended = new Map<string, number>();
  const add = (effects: readonly ChannelEffect[], weight: number) => {
    for (const { channel, share } of effects) blended.set(channel, (blended.get(channel) ?? 0) + weight * share);
  };
  add(markov, alpha);
  add(shapley, 1 - alpha);
  return withShares(blended);
}
