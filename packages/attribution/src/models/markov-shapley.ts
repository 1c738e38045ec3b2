import { markovGame } from '../data-driven/markov-game.ts';
import { hasFewPlayers, hasFewStates, type SharedModel } from './shared-model.ts';

export const markovShapleyModel: SharedModel = {
  rule: 'Shapley value of the probability of conversion in the chain of touches that keeps a set of channels only',
  effect: 'φ, in conversions a journey',
  parameters: ['order', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: false, edges: true },
  estimates: 'rate',
  maySample: true,
  isRemovalEffect: false,
  isQuick: (counts) => hasFewStates(counts) && hasFewPlayers(counts),
  effects: ({ transitions, reward, seed }) => markovGame(transitions, { reward, seed }),
};
