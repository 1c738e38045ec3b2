import { bootstrap, type ChannelInterval, dirichletDraw, ranksOf } from '../data-driven/bootstrap.ts';
import type { ChannelEffect, Coalition, Transition } from '../data-driven/counts.ts';
import { hybrid } from '../data-driven/hybrid.ts';
import { markov } from '../data-driven/markov.ts';
import { sumGame, sumGameBySize } from '../data-driven/sum-game.ts';
import { hasFewStates, type SharedModel } from './shared-model.ts';

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
