/**
 * The rate game near counts that are known, to first order: what its effects are where counts differ by as much as samples do.
 *
 *   counts → v and 1/journeys of all 2ⁿ sets, weighted → sums over supersets → derivatives by the counts of each set that occurs
 *
 * φ_i = Σ_{S ∋ i} g(|S|)·v(S) − Σ_S w(|S|)·v(S) with v(S) = R(S)/J(S) (shapley.ts). A reward of the set T is part of R(S) for all S ⊇ T, so
 * ∂φ_i/∂R(T) is a sum over supersets: that of g/J at T ∪ {i} less that of w/J at T; and ∂φ_i/∂J(T) the same of −g·v/J and −w·v/J. Once for all
 * counts that are asked for (the delta method; von Mises 1947), where the game itself takes 2ⁿ steps for each of them.
 */
import { type Coalition, canonicalCoalitions, channelsOf, type Reward, SEPARATOR } from './counts.ts';
import { journeysOf, maskIn, subsetSumsOf } from './rate-game.ts';
import { gainsOf, MOST_EXACT, sizesOf, weightsOf } from './shapley.ts';
import { sumOverSupersets } from './subset-sums.ts';

export interface NearGame {
  /** Sorted. */
  readonly channels: readonly string[];
  /** The sets that occur, by their sorted channels joined by `SEPARATOR`. */
  readonly places: ReadonlyMap<string, number>;
  /** By place and channel, `place * channels + channel`: of a conversion or minor unit, and of a journey. */
  readonly ofReward: Float64Array;
  readonly ofJourney: Float64Array;
  readonly effects: Float64Array;
  readonly journeys: number;
}

/** null: the game has too many channels to be computed exactly. `beside`: that of the same counts by another reward; half of it is the same. */
export function gameNear(coalitions: Iterable<Coalition>, reward: Reward, beside: NearGame | null = null): NearGame | null {
  const rows = canonicalCoalitions(coalitions);
  const channels = channelsOf(rows);
  const players = channels.length;
  if (players > MOST_EXACT) return null;
  const maskOf = maskIn(channels);
  const masks = rows.map((row) => maskOf(row.channels));
  const { rewards, journeys } = subsetSumsOf(rows, channels, reward);
  const weights = weightsOf(players);
  const scale: Scale = { players, masks, gains: gainsOf(weights), weights };
  // 1/J, then v/J: no journeys, no rate.
  for (let mask = 0; mask < journeys.length; mask++) {
    const among = journeys[mask] as number;
    journeys[mask] = among === 0 ? 0 : 1 / among;
    rewards[mask] = among === 0 ? 0 : -(rewards[mask] as number) / (among * among);
  }
  const ofReward = beside?.ofReward ?? derivatives(journeys, scale);
  const ofJourney = derivatives(rewards, scale);
  // Effects are of degree 1 in the rewards: the derivatives add up to them.
  const effects = new Float64Array(players);
  for (const [place, row] of rows.entries())
    for (let player = 0; player < players; player++)
      effects[player] = (effects[player] as number) + (ofReward[place * players + player] as number) * row[reward];
  const places = new Map(rows.map((row, place) => [row.channels.join(SEPARATOR), place]));
  return { channels, places, ofReward, ofJourney, effects, journeys: rows.reduce((sum, row) => sum + journeysOf(row), 0) };
}

interface Scale {
  readonly players: number;
  /** The sets that occur. */
  readonly masks: readonly number[];
  /** By size of a set. */
  readonly gains: Float64Array;
  readonly weights: Float64Array;
}

/** From the derivative of v of each set; `ofV` is used up. */
function derivatives(ofV: Float64Array, { players, masks, gains, weights }: Scale): Float64Array {
  const sizes = sizesOf(ofV.length);
  const ofOthers = new Float64Array(ofV.length);
  for (let mask = 0; mask < ofV.length; mask++) {
    const size = sizes[mask] as number;
    ofOthers[mask] = (ofV[mask] as number) * (weights[size] as number);
    ofV[mask] = (ofV[mask] as number) * (gains[size] as number);
  }
  sumOverSupersets(ofV);
  sumOverSupersets(ofOthers);
  const found = new Float64Array(masks.length * players);
  for (const [place, mask] of masks.entries())
    for (let player = 0; player < players; player++)
      found[place * players + player] = (ofV[mask | (1 << player)] as number) - (ofOthers[mask] as number);
  return found;
}

/**
 * The effects over other counts, by set: as many sets as `places`, in their order. Counts are scaled to the journeys of those that are
 * known, for rates do not depend on how many users there are.
 */
export function effectsNear(game: NearGame, rewards: Float64Array, journeys: Float64Array): Float64Array {
  const { ofReward, ofJourney, effects } = game;
  const players = effects.length;
  const found = new Float64Array(players);
  let all = 0;
  // Most sets have no reward: these are added up two by two, so that sums are read and written half as often.
  let waits = -1;
  for (let place = 0; place < journeys.length; place++) {
    const among = journeys[place] as number;
    if (among === 0) continue;
    all += among;
    const worth = rewards[place] as number;
    const at = place * players;
    if (worth !== 0)
      for (let i = 0; i < players; i++)
        found[i] = (found[i] as number) + ((ofJourney[at + i] as number) * among + (ofReward[at + i] as number) * worth);
    else if (waits < 0) waits = place;
    else {
      const before = waits * players;
      const amongBefore = journeys[waits] as number;
      for (let i = 0; i < players; i++)
        found[i] =
          (found[i] as number) + ((ofJourney[before + i] as number) * amongBefore + (ofJourney[at + i] as number) * among);
      waits = -1;
    }
  }
  if (waits >= 0)
    for (let i = 0, at = waits * players; i < players; i++)
      found[i] = (found[i] as number) + (ofJourney[at + i] as number) * (journeys[waits] as number);
  const scale = all === 0 ? 0 : game.journeys / all;
  for (let i = 0; i < players; i++) found[i] = (effects[i] as number) + scale * (found[i] as number);
  return found;
}
