/** From the effects of channels to their shares of the whole. */
import { byCodePoint } from '@tributary/model/code-points';
import type { ChannelEffect } from './counts.ts';

/** Below this part of Σ|effect| the sum of effects is rounding noise, and shares of it would mean nothing. */
const NOISE = 1e-12;

/**
 * Channels sorted, each with its share of the sum. Where there is nothing to share (no effect at all, or effects of both
 * signs that cancel) every share is 0.
 */
export function withShares(effects: Iterable<readonly [channel: string, effect: number]>): ChannelEffect[] {
  const sorted = [...effects].sort(([a], [b]) => byCodePoint(a, b));
  let sum = 0;
  let magnitude = 0;
  for (const [, effect] of sorted) {
    sum += effect;
    magnitude += Math.abs(effect);
  }
  const shared = Math.abs(sum) > NOISE * magnitude;
  return sorted.map(([channel, effect]) => ({ channel, effect: effect || 0, share: shared ? effect / sum || 0 : 0 }));
}
