import { markov } from '../data-driven/markov.ts';
import { removalEffects } from '../path-sums/chain.ts';
import { hasFewStates, type SharedModel } from './shared-model.ts';

export const markovModel: SharedModel = {
  rule: 'removal effect: the part of the conversions on modelled paths through the channel, by taking it out of the chain of touches',
  effect: 'removal effect, 0 to 1',
  parameters: ['order', 'intervals', 'seed'],
  // At order 1 these are 200 states: one inverse of some 100 ms. At higher orders the number of states is the bound.
  mostChannels: 200,
  mostCurrencies: 100,
  looksAt: { sizes: false, sets: false, edges: true },
  estimates: 'part',
  maySample: false,
  isRemovalEffect: true,
  isQuick: hasFewStates,
  overPaths: removalEffects,
  effects: ({ transitions, reward }) => markov(transitions, { reward }),
};
