import { bootstrap } from '@tributary/attribution/data-driven/bootstrap';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import { hasFewPlayers, type SharedModel } from './shared-model.ts';

export const rateShapleyModel: SharedModel = {
  rule: 'Shapley value of the conversion rate among journeys that met no other channels; may be negative. Exact to 20 channels',
  effect: 'φ, in conversions a journey',
  parameters: ['intervals', 'seed'],
  // Sampled games get too coarse beyond.
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: true, edges: false },
  tellsLoss: false,
  isQuick: hasFewPlayers,
  effects: ({ coalitions, reward, seed }) => rateGame(coalitions, { reward, seed }),
  intervals: ({ coalitions, reward, seed }, options) =>
    bootstrap(coalitions, (rows) => rateGame(rows, { reward, seed }).channels, options),
};
