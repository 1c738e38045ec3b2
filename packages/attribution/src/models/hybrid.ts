import { bootstrap, type ChannelInterval, dirichletDraw, ranksOf } from '../data-driven/bootstrap.ts';
import type { ChannelEffect, Coalition, Transition } from '../data-driven/counts.ts';
import { hybrid } from '../data-driven/hybrid.ts';
import { markov } from '../data-driven/markov.ts';
import { markovGame } from '../data-driven/markov-game.ts';
import type { Sampling } from '../data-driven/shapley.ts';
import { sumGame, sumGameBySize } from '../data-driven/sum-game.ts';
import { hasFewPlayers, hasFewStates, type ModelInput, type SharedModel } from './shared-model.ts';

/** Blends Markov with the sum game, of which it needs sets. */
export const hybridModel: SharedModel = {
  rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share in the sum game (default 0.5)',
  effect: 'the blended share',
  parameters: ['order', 'alpha', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 100,
  looksAt: { sizes: true, sets: false, edges: true },
  isPart: true,
  tellsLoss: false,
  isQuick: hasFewStates,
  effects: ({ sizes, transitions, reward, alpha }) => ({
    channels: hybrid(markov(transitions, { reward }).channels, sumGameBySize(sizes), alpha),
  }),
  intervals: ({ coalitions, transitions, reward, alpha }, options) => {
    const chain = (rows: readonly Transition[]) => markov(rows, { reward }).channels;
    const game = (rows: readonly Coalition[]) => sumGame(rows, { reward }).channels;
    const blend = hybrid(chain(transitions), game(coalitions), alpha);
    const all = (effects: readonly ChannelEffect[]) => {
      const byChannel = new Map(effects.map((one) => [one.channel, one]));
      return blend.map(({ channel }) => byChannel.get(channel) ?? { channel, effect: 0, share: 0 });
    };
    const ranks = ranksOf(blend);
    return sumOfParts(
      blend,
      bootstrap(transitions, (rows) => all(chain(rows)), { ...options, ranks, draw: dirichletDraw() }),
      bootstrap(coalitions, (rows) => all(game(rows)), { ...options, ranks, onReplicate: undefined }),
      alpha,
    );
  },
};

/** Blends Markov with the game of the same chain: both parts are drawn from the same counts, together. */
export const hybridChainModel: SharedModel = {
  rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share in the game of the chain (default 0.5)',
  effect: 'the blended share',
  parameters: ['order', 'alpha', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: false, edges: true },
  isPart: true,
  tellsLoss: false,
  isQuick: (counts) => hasFewStates(counts) && hasFewPlayers(counts),
  effects: (input) => blendOfChain(input),
  intervals: (input, options) =>
    bootstrap(input.transitions, (transitions) => blendOfChain({ ...input, transitions }).channels, {
      ...options,
      draw: dirichletDraw(),
    }),
};

type ChainInput = Pick<ModelInput, 'transitions' | 'reward' | 'seed' | 'alpha'>;

function blendOfChain({ transitions, reward, seed, alpha }: ChainInput): {
  channels: ChannelEffect[];
  sampling: Sampling | null;
} {
  const game = markovGame(transitions, { reward, seed });
  return {
    channels: hybrid(markov(transitions, { reward }).channels, game.channels, alpha),
    sampling: game.sampling === null ? null : ofShares(game.sampling, game.rate, alpha),
  };
}

/** The effects of the game sum to its rate, sampled or not: an error of an effect is that part of it in the share. */
function ofShares(sampling: Sampling, rate: number, alpha: number): Sampling {
  return { ...sampling, epsilon: rate === 0 ? 0 : ((1 - alpha) * sampling.epsilon) / Math.abs(rate) };
}

/**
 * Which journeys are behind both a set and an edge is not counted, so the parts are drawn apart. They err together: blended draw by
 * draw their errors would cancel, and 90 % intervals hold 76 %. Taken as erring together wholly, no interval is too narrow.
 */
function sumOfParts(
  blend: readonly ChannelEffect[],
  chain: readonly ChannelInterval[],
  game: readonly ChannelInterval[],
  alpha: number,
): ChannelInterval[] {
  return blend.map(({ channel, share }, i) => {
    const [a, b] = [chain[i], game[i]] as [ChannelInterval, ChannelInterval];
    return {
      channel,
      share,
      low: alpha * a.low + (1 - alpha) * b.low,
      high: alpha * a.high + (1 - alpha) * b.high,
      rank: a.rank,
      rankStability: Math.min(a.rankStability, b.rankStability),
    };
  });
}
