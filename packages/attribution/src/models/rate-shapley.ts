import { byCodePoint } from '@tributary/model/code-points';
import { type Reward, SEPARATOR } from '../data-driven/counts.ts';
import { coalitionsOfPaths } from '../data-driven/path-counts.ts';
import { rateGame } from '../data-driven/rate-game.ts';
import { effectsNear, gameNear, journeysNear } from '../data-driven/rate-game-near.ts';
import { withShares } from '../data-driven/shares.ts';
import { hasFewPlayers, type Near, type SharedModel } from './shared-model.ts';

const REWARDS: readonly Reward[] = ['conversions', 'value'];

/** The game of 20 channels takes 20 ms: two thirds of a second for 16 groups, a quarter of a minute for 1 000 resamplings. */
const near: Near = {
  counts({ coalitions, reward }) {
    const game = gameNear(coalitions, [reward]);
    if (game === null) return null;
    const { channels, places } = game;
    return ({ coalitions: others }) => {
      const [rewards, journeys] = [new Float64Array(places.size), new Float64Array(places.size)];
      for (const row of others) {
        const place = places.get(keyOf(row.channels));
        if (place === undefined) continue;
        rewards[place] = (rewards[place] as number) + row[reward];
        journeys[place] = (journeys[place] as number) + row.conversions + row.nulls;
      }
      const effects = effectsNear(game, journeysNear(game, journeys), reward, rewards);
      return withShares(channels.map((channel, i) => [channel, effects[i] as number]));
    };
  },
  paths({ paths, channels }, { conversions, nulls, value }) {
    const counted = paths.map(({ path }, at) => ({
      ...{ path, conversions: conversions[at] as number },
      ...{ nulls: nulls[at] as number, value: value[at] as number },
    }));
    const coalitions = coalitionsOfPaths(counted);
    const game = gameNear(coalitions, REWARDS);
    if (game === null) return null;
    const { places, channels: known } = game;
    const placeOf = Int32Array.from(paths, ({ path }) => places.get(keyOf(path)) ?? -1);
    const ofKnown = known.map((channel) => channels.indexOf(channel));
    // One for all draws: rewards are asked for while the sums are as they were.
    const [journeys, rewards] = [new Float64Array(places.size), new Float64Array(places.size)];
    // Draws have what the sums have, more or less often: most paths never convert.
    const all = Int32Array.from(paths.keys());
    const converting = all.filter((path) => conversions[path] !== 0);
    return (sums) => {
      journeys.fill(0);
      addInSets(journeys, { placeOf, paths: all }, sums.nulls);
      addInSets(journeys, { placeOf, paths: converting }, sums.conversions);
      const ofJourneys = journeysNear(game, journeys);
      return (reward) => {
        rewards.fill(0);
        addInSets(rewards, { placeOf, paths: converting }, sums[reward]);
        const effects = effectsNear(game, ofJourneys, reward, rewards);
        const ofAll = new Float64Array(channels.length);
        for (let i = 0; i < ofKnown.length; i++) ofAll[ofKnown[i] as number] = effects[i] as number;
        return ofAll;
      };
    };
  },
};

function keyOf(path: readonly string[]): string {
  return [...new Set(path)].sort(byCodePoint).join(SEPARATOR);
}

interface InSets {
  /** By path; paths without any count have none. */
  readonly placeOf: Int32Array;
  /** Those that are added up. */
  readonly paths: Int32Array;
}

function addInSets(sums: Float64Array, { placeOf, paths }: InSets, amounts: Float64Array): void {
  for (let i = 0; i < paths.length; i++) {
    const path = paths[i] as number;
    const place = placeOf[path] as number;
    if (place >= 0) sums[place] = (sums[place] as number) + (amounts[path] as number);
  }
}

export const rateShapleyModel: SharedModel = {
  rule: 'Shapley value of the conversion rate among journeys that met no other channels; may be negative. Exact to 20 channels',
  effect: 'φ, in conversions a journey',
  parameters: ['intervals', 'seed'],
  // Sampled games get too coarse beyond.
  mostChannels: 200,
  mostCurrencies: 10,
  looksAt: { sizes: false, sets: true, edges: false },
  estimates: 'rateDifference',
  maySample: true,
  isRemovalEffect: false,
  isQuick: hasFewPlayers,
  near,
  effects: ({ coalitions, reward, seed }) => rateGame(coalitions, { reward, seed }),
};
