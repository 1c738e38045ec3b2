import { sumGameBySize } from '../data-driven/sum-game.ts';
import { equally, handedOut, partsOf } from '../path-sums/handed-out.ts';
import type { SharedModel } from './shared-model.ts';

/** The sum game is one pass over the counts, whatever the number of channels. */
export const shapleyModel: SharedModel = {
  rule: 'Shapley value of the sum game: every conversion shared equally by the distinct channels of its path',
  effect: 'φ, in conversions',
  parameters: ['intervals', 'seed'],
  mostChannels: Number.POSITIVE_INFINITY,
  mostCurrencies: 1_000,
  looksAt: { sizes: true, sets: false, edges: false },
  estimates: 'amount',
  maySample: false,
  isRemovalEffect: false,
  isQuick: () => true,
  overPaths: ({ paths, channels }) => handedOut(partsOf(paths, channels, equally), channels.length),
  effects: ({ sizes }) => ({ channels: sumGameBySize(sizes) }),
};
