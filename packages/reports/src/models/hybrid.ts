import { bootstrap } from '@tributary/attribution/data-driven/bootstrap';
import type { Coalition, Transition } from '@tributary/attribution/data-driven/counts';
import { hybrid } from '@tributary/attribution/data-driven/hybrid';
import { markov } from '@tributary/attribution/data-driven/markov';
import { sumGame, sumGameBySize } from '@tributary/attribution/data-driven/sum-game';
import { hasFewStates, type SharedModel } from './shared-model.ts';

export const hybridModel: SharedModel = {
  rule: 'alpha parts of the Markov share and 1 − alpha parts of the Shapley share (default 0.5)',
  effect: 'the blended share',
  parameters: ['order', 'alpha', 'intervals', 'seed'],
  mostChannels: 200,
  mostCurrencies: 100,
  looksAt: { sizes: true, sets: false, edges: true },
  tellsLoss: false,
  isQuick: hasFewStates,
  effects: ({ sizes, transitions, reward, alpha }) => ({
    channels: hybrid(markov(transitions, { reward }).channels, sumGameBySize(sizes), alpha),
  }),
  intervals: ({ coalitions, transitions, reward, alpha }, options) =>
    bootstrap<Coalition | Transition>([...coalitions, ...transitions], (rows) => blended(rows, reward, alpha), options),
};

function blended(rows: readonly (Coalition | Transition)[], reward: 'conversions' | 'value', alpha: number) {
  const edges = rows.filter((row) => 'from' in row);
  const sets = rows.filter((row) => 'channels' in row);
  return hybrid(markov(edges, { reward }).channels, sumGame(sets, { reward }).channels, alpha);
}
