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
import { arraysOf, journeysOf, maskIn, sumWithin } from './rate-game.ts';
import { gainsOf, MOST_EXACT, sizesOf, weightsOf } from './shapley.ts';
import { sumOverSupersets } from './subset-sums.ts';

/** For several rewards at once: what they have in common is computed once. */
export interface NearGame {
  /** Sorted. */
  readonly channels: readonly string[];
  readonly rewards: readonly Reward[];
  /** The sets that occur, by their sorted channels joined by `SEPARATOR`. */
  readonly places: ReadonlyMap<string, number>;
  /** Derivatives by a conversion or minor unit in the set at a place: `place * channels + channel`, whatever the reward. */
  readonly ofReward: Float64Array;
  /** By a journey there: `(place * rewards + reward) * channels + channel`. */
  readonly ofJourney: Float64Array;
  /** `reward * channels + channel`. */
  readonly effects: Float64Array;
  readonly journeys: number;
}

/** null: the game has too many channels to be computed exactly. */
export function gameNear(coalitions: Iterable<Coalition>, rewards: readonly Reward[]): NearGame | null {
  const rows = canonicalCoalitions(coalitions);
  const channels = channelsOf(rows);
  const players = channels.length;
  if (players > MOST_EXACT) return null;
  const masks = rows.map(maskIn(channels));
  const derivativesOf = derivativesIn(masks, players);
  const [inverse, ofV, scratch] = arraysOf(2 ** players);
  sumWithin(inverse, masks, rows.map(journeysOf));
  // No journeys, no rate.
  for (let mask = 0; mask < inverse.length; mask++) inverse[mask] = inverse[mask] === 0 ? 0 : 1 / (inverse[mask] as number);
  const width = players * rewards.length;
  const ofJourney = new Float64Array(rows.length * width);
  for (const [at, reward] of rewards.entries()) {
    sumWithin(
      ofV,
      masks,
      rows.map((row) => row[reward]),
    );
    for (let mask = 0; mask < ofV.length; mask++) ofV[mask] = -(ofV[mask] as number) * (inverse[mask] as number) ** 2;
    derivativesOf(ofV, scratch, ofJourney, { from: at * players, width });
  }
  const ofReward = new Float64Array(rows.length * players);
  derivativesOf(inverse, scratch, ofReward, { from: 0, width: players });
  // Effects are of degree 1 in the rewards: the derivatives add up to them.
  const effects = new Float64Array(width);
  for (const [at, reward] of rewards.entries())
    addProducts(
      effects.subarray(at * players, (at + 1) * players),
      ofReward,
      Float64Array.from(rows, (row) => row[reward]),
    );
  const places = new Map(rows.map((row, place) => [row.channels.join(SEPARATOR), place]));
  return {
    channels,
    rewards,
    places,
    ofReward,
    ofJourney,
    effects,
    journeys: rows.reduce((sum, row) => sum + journeysOf(row), 0),
  };
}

/** Where the derivatives of a set begin, and how far those of the next one are. */
interface Layout {
  readonly from: number;
  readonly width: number;
}

type Derivatives = (ofV: Float64Array, ofOthers: Float64Array, found: Float64Array, layout: Layout) => void;

/** From the derivative of v of each set those of all effects, by the sets that occur; `ofV` is used up, and what `ofOthers` holds is lost. */
function derivativesIn(masks: readonly number[], players: number): Derivatives {
  const sizes = sizesOf(2 ** players);
  const weights = weightsOf(players);
  const gains = gainsOf(weights);
  return (ofV, ofOthers, found, { from, width }) => {
    for (let mask = 0; mask < ofV.length; mask++) {
      const [of, size] = [ofV[mask] as number, sizes[mask] as number];
      ofOthers[mask] = of * (weights[size] as number);
      ofV[mask] = of * (gains[size] as number);
    }
    sumOverSupersets(ofV);
    sumOverSupersets(ofOthers);
    for (const [place, mask] of masks.entries())
      for (let player = 0, at = place * width + from; player < players; player++)
        found[at + player] = (ofV[mask | (1 << player)] as number) - (ofOthers[mask] as number);
  };
}

/** What the journeys of other counts change in the effects of each reward. */
export interface NearJourneys {
  readonly changes: Float64Array;
  /** Counts are scaled to the journeys of those that are known, for rates do not depend on how many users there are. */
  readonly scale: number;
}

/** `journeys`: by set, in the order of `places`. */
export function journeysNear({ effects, ofJourney, journeys: known }: NearGame, journeys: Float64Array): NearJourneys {
  const changes = new Float64Array(effects.length);
  const all = addProducts(changes, ofJourney, journeys);
  return { changes, scale: all === 0 ? 0 : known / all };
}

/** The effects over other counts, of one of the game's rewards. `amounts`: by set, in the order of `places`. */
export function effectsNear(
  game: NearGame,
  { changes, scale }: NearJourneys,
  reward: Reward,
  amounts: Float64Array,
): Float64Array {
  const players = game.channels.length;
  const from = game.rewards.indexOf(reward) * players;
  const found = changes.slice(from, from + players);
  addProducts(found, game.ofReward, amounts);
  for (let i = 0; i < players; i++) found[i] = (game.effects[from + i] as number) + scale * (found[i] as number);
  return found;
}

/** Places with an amount, of the sum that is being taken. */
let counted = new Int32Array(0);

/** Adds to `found` the rows of `of`, each as often as its amount says; returns the sum of the amounts. Four at a time: so `found` is read and written a quarter as often. */
function addProducts(found: Float64Array, of: Float64Array, amounts: Float64Array): number {
  const width = found.length;
  if (counted.length < amounts.length) counted = new Int32Array(amounts.length);
  const rows = counted;
  let [all, count] = [0, 0];
  for (let place = 0; place < amounts.length; place++) {
    const amount = amounts[place] as number;
    if (amount === 0) continue;
    all += amount;
    rows[count++] = place;
  }
  let at = 0;
  for (; at + 4 <= count; at += 4) {
    const [p, q, r, s] = [rows[at] as number, rows[at + 1] as number, rows[at + 2] as number, rows[at + 3] as number];
    const [a, b, c, d] = [amounts[p] as number, amounts[q] as number, amounts[r] as number, amounts[s] as number];
    const [ofA, ofB, ofC, ofD] = [p * width, q * width, r * width, s * width];
    for (let i = 0; i < width; i++)
      found[i] =
        (found[i] as number) +
        ((of[ofA + i] as number) * a + (of[ofB + i] as number) * b) +
        ((of[ofC + i] as number) * c + (of[ofD + i] as number) * d);
  }
  for (; at < count; at++) {
    const place = rows[at] as number;
    for (let i = 0; i < width; i++)
      found[i] = (found[i] as number) + (of[place * width + i] as number) * (amounts[place] as number);
  }
  return all;
}
