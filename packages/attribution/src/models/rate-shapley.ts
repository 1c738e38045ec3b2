import { rateGame } from '../data-driven/rate-game.ts';
import { hasFewPlayers, type SharedModel } from './shared-model.ts';

export const rateShapleyModel: SharedModel = {
  rule: 'Shapley value of the conversion rate among journeys that met no other channels; may be negative. Exact to 20 channels',
  effect: 'φ, in conversions a journey',
  parameters: ['intervals', 'seed'],
  // Sampled games get too coarse beyond.
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: true, edges: false },
  estimates: 'rateDifference',
  isRemovalEffect: false,
  isQuick: hasFewPlayers,
  effects: ({ coalitions, reward, seed }) => rateGame(coalitions, { reward, seed }),
};
