/**
 * Shapley values of any game: exactly from the values of all coalitions, or from random orders of the players.
 * v(∅) is 0 in every game here.
 */
import { createRandom, shuffle } from './random.ts';

/** Players up to which all 2ⁿ coalitions are computed. */
export const MOST_EXACT = 20;

/**
 * Shapley values from `values[mask]` = v(players of the mask), `2 ** players` of them. A player who adds nothing to any
 * coalition gets exactly 0. O(players · 2^players) time, no memory beyond the values but one byte a coalition.
 */
export function shapleyExact(values: Float64Array, players: number): Float64Array {
  const sizes = sizesOf(values.length);
  const weights = weightsOf(players);
  const effects = new Float64Array(players);
  for (let player = 0; player < players; player++) {
    const bit = 2 ** player;
    let sum = 0;
    for (let high = 0; high < values.length; high += 2 * bit) {
      for (let mask = high; mask < high + bit; mask++)
        sum += (weights[sizes[mask] as number] as number) * ((values[mask + bit] as number) - (values[mask] as number));
    }
    effects[player] = sum;
  }
  return effects;
}

/**
 * The same in O(2^players): a set S adds w(|S| − 1)·v(S) to each of its players and takes w(|S|)·v(S) from all others, so
 * φ_i = Σ_{S ∋ i} (w(|S| − 1) + w(|S|))·v(S) − Σ_S w(|S|)·v(S), and the sums over the sets of a player follow from halving: the upper half
 * has its last one, and added to the lower half it leaves the game of the others. Differs from `shapleyExact` by rounding, some 1e-14 of the
 * largest value, but for a player who adds nothing: they are looked for, and get exactly 0. `values` are used up.
 */
export function shapleyOfSums(values: Float64Array, players: number): Float64Array {
  const sizes = sizesOf(values.length);
  const weights = weightsOf(players);
  const gains = gainsOf(weights);
  const adding = Array.from({ length: players }, (_, player) => addsAnything(values, 2 ** player));
  let taken = 0;
  for (let start = 0; start < values.length; start += TOGETHER) {
    let part = 0;
    for (let mask = start; mask < Math.min(start + TOGETHER, values.length); mask++) {
      const [value, size] = [values[mask] as number, sizes[mask] as number];
      part += (weights[size] as number) * value;
      values[mask] = (gains[size] as number) * value;
    }
    taken += part;
  }
  const effects = new Float64Array(players);
  for (let player = players - 1; player >= 0; player--) {
    const own = addUpperHalf(values, 2 ** player);
    effects[player] = adding[player] ? own - taken : 0;
  }
  return effects;
}

/** What a set adds to each of its players, by its size, beside what it takes from all. */
export function gainsOf(weights: Float64Array): Float64Array {
  return weights.map((weight, size) => weight + (weights[size - 1] ?? 0));
}

/** To any coalition. Most players do alone: the first comparison shows it. */
function addsAnything(values: Float64Array, bit: number): boolean {
  for (let high = 0; high < values.length; high += 2 * bit)
    for (let mask = high; mask < high + bit; mask++) if (values[mask + bit] !== values[mask]) return true;
  return false;
}

/** Summed apart: the error of a million additions one after the other would be a hundred times that of one. */
const TOGETHER = 1_024;

/** Adds the entries from `half` to its double to those below, and returns their sum. */
function addUpperHalf(values: Float64Array, half: number): number {
  let sum = 0;
  for (let start = 0; start < half; start += TOGETHER) {
    let part = 0;
    for (let mask = start; mask < Math.min(start + TOGETHER, half); mask++) {
      const upper = values[mask + half] as number;
      part += upper;
      values[mask] = (values[mask] as number) + upper;
    }
    sum += part;
  }
  return sum;
}

/** Players of each mask; those of the largest game so far begin with those of smaller ones. */
let heldSizes = new Uint8Array(1);

export function sizesOf(length: number): Uint8Array {
  if (heldSizes.length >= length) return heldSizes;
  heldSizes = new Uint8Array(length);
  for (let mask = 1; mask < length; mask++) heldSizes[mask] = (heldSizes[mask >> 1] as number) + (mask & 1);
  return heldSizes;
}

/** |S|! (n − |S| − 1)! / n! by |S|: the part of all orders in which exactly S comes before the player; 0 of all players. */
export function weightsOf(players: number): Float64Array {
  const weights = new Float64Array(players + 1);
  weights[0] = 1 / players;
  for (let size = 1; size < players; size++) weights[size] = ((weights[size - 1] as number) * size) / (players - size);
  return weights;
}

export interface Sampling {
  /** Orders drawn, each walked forwards and backwards (antithetic): one sample is the mean of the two. */
  readonly pairs: number;
  readonly seed: number;
  /** With probability 1 − δ, the effect of every player is within ε of the exact one. */
  readonly epsilon: number;
  readonly delta: number;
}

interface SamplingOptions {
  readonly pairs: number;
  readonly seed: number;
  /** max − min that the marginal contribution of a player can span, for any coalition. */
  readonly range: number;
  readonly delta: number;
}

/** Writes v of the first 1, 2, … n players of `order` into `values`. */
export type Walk = (order: Int32Array, values: Float64Array) => void;

/**
 * Shapley values estimated by antithetic permutation sampling. Every order hands out v(all), so the estimates are efficient
 * as the exact values are. The error bound holds for any game: the smaller of Hoeffding's and of the empirical Bernstein
 * bound (Maurer, Pontil 2009), each at δ/2 and for all players at once.
 */
export function shapleySampled(
  walk: Walk,
  players: number,
  options: SamplingOptions,
): { effects: Float64Array; sampling: Sampling } {
  const { pairs, seed, delta } = options;
  const random = createRandom(seed);
  const order = Int32Array.from({ length: players }, (_, i) => i);
  const values = new Float64Array(players);
  const sample = new Float64Array(players);
  const means = new Float64Array(players);
  const squares = new Float64Array(players);
  for (let pair = 1; pair <= pairs; pair++) {
    sample.fill(0);
    shuffle(order, random);
    for (let direction = 0; direction < 2; direction++) {
      if (direction === 1) order.reverse();
      walk(order, values);
      for (let at = 0; at < players; at++) {
        const player = order[at] as number;
        sample[player] = (sample[player] as number) + ((values[at] as number) - (values[at - 1] ?? 0)) / 2;
      }
    }
    for (let player = 0; player < players; player++) {
      const x = sample[player] as number;
      const before = means[player] as number;
      const mean = before + (x - before) / pair;
      means[player] = mean;
      squares[player] = (squares[player] as number) + (x - before) * (x - mean);
    }
  }
  return { effects: means, sampling: { pairs, seed, delta, epsilon: errorBound(squares, options) } };
}

function errorBound(squares: Float64Array, { pairs, range, delta }: SamplingOptions): number {
  const players = squares.length;
  if (players === 0) return 0;
  const hoeffding = range * Math.sqrt(Math.log((4 * players) / delta) / (2 * pairs));
  if (pairs < 2) return hoeffding;
  const variance = squares.reduce((most, sum) => Math.max(most, sum), 0) / (pairs - 1);
  const log = Math.log((8 * players) / delta);
  return Math.min(hoeffding, Math.sqrt((2 * variance * log) / pairs) + (7 * range * log) / (3 * (pairs - 1)));
}

/**
 * Samples after which, by Hoeffding, all `players` are within `epsilon` with probability 1 − `delta`:
 * `m ≥ r² · ln(2n/δ) / (2ε²)`, for marginal contributions that span `range`.
 */
export function hoeffdingSamples(players: number, { range, epsilon, delta }: { range: number; epsilon: number; delta: number }) {
  return Math.ceil((range ** 2 * Math.log((2 * players) / delta)) / (2 * epsilon ** 2));
}

/** Pairs to draw for a wanted error (0: none is named, 20 000 do). */
export function pairsFor(players: number, { range, epsilon, delta }: { range: number; epsilon: number; delta: number }): number {
  return epsilon > 0 ? hoeffdingSamples(players, { range, epsilon, delta: delta / 2 }) : 20_000;
}
