import type { ChannelEffect } from '../data-driven/counts.ts';
import { hybrid } from '../data-driven/hybrid.ts';
import { markov } from '../data-driven/markov.ts';
import { markovGame } from '../data-driven/markov-game.ts';
import type { Sampling } from '../data-driven/shapley.ts';
import { sumGameBySize } from '../data-driven/sum-game.ts';
import { removalEffects } from '../path-sums/chain.ts';
import { equally, handedOut, partsOf } from '../path-sums/handed-out.ts';
import { blended } from '../path-sums/path-sums.ts';
import { effectsByCounts } from './by-counts.ts';
import { markovShapleyModel } from './markov-shapley.ts';
import { hasFewPlayers, hasFewStates, type ModelInput, type SharedModel } from './shared-model.ts';

/** Blends Markov with the sum game, of which it needs sets. */
export const hybridModel: SharedModel = {
  rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share in the sum game (default 0.5)',
  effect: 'the blended share',
  parameters: ['order', 'alpha', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 100,
  looksAt: { sizes: true, sets: false, edges: true },
  estimates: 'part',
  maySample: false,
  isRemovalEffect: false,
  isQuick: hasFewStates,
  overPaths: (input) =>
    blended(removalEffects(input), handedOut(partsOf(input.paths, input.channels, equally), input.channels.length), input.alpha),
  effects: ({ sizes, transitions, reward, alpha }) => ({
    channels: hybrid(markov(transitions, { reward }).channels, sumGameBySize(sizes), alpha),
  }),
};

/** Blends Markov with the game of the same chain. */
export const hybridChainModel: SharedModel = {
  rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share in the game of the chain (default 0.5)',
  effect: 'the blended share',
  parameters: ['order', 'alpha', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: false, edges: true },
  estimates: 'part',
  maySample: true,
  isRemovalEffect: false,
  isQuick: (counts) => hasFewStates(counts) && hasFewPlayers(counts),
  overPaths: (input) => blended(removalEffects(input), effectsByCounts(markovShapleyModel, input), input.alpha),
  effects: (input) => blendOfChain(input),
};

type ChainInput = Pick<ModelInput, 'transitions' | 'reward' | 'seed' | 'alpha'>;

function blendOfChain({ transitions, reward, seed, alpha }: ChainInput): {
  channels: ChannelEffect[];
  sampling: Sampling | null;
  work: number;
} {
  const game = markovGame(transitions, { reward, seed });
  return {
    channels: hybrid(markov(transitions, { reward }).channels, game.channels, alpha),
    work: game.work,
    sampling: game.sampling === null ? null : ofShares(game.sampling, game.rate, alpha),
  };
}

/** The effects of the game sum to its rate, sampled or not: an error of an effect is that part of it in the share. */
function ofShares(sampling: Sampling, rate: number, alpha: number): Sampling {
  return { ...sampling, epsilon: rate === 0 ? 0 : ((1 - alpha) * sampling.epsilon) / Math.abs(rate) };
}
