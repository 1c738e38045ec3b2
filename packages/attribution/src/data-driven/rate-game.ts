/**
 * The rate game: v(S) = conversions / journeys among those whose channels all lie within S (0 where there are none).
 * More channels can lower a rate, so φ may be negative: it is reported as it is.
 */
import { type Coalition, canonicalCoalitions, channelsOf, type ModelResult, type Reward } from './counts.ts';
import { MOST_EXACT, pairsFor, type Sampling, shapleyOfSums, shapleySampled, type Walk } from './shapley.ts';
import { withShares } from './shares.ts';
import { sumOverSubsets } from './subset-sums.ts';

export interface GameResult extends ModelResult {
  /** v(all channels): the sum of the effects. */
  readonly rate: number;
  /** How the effects were estimated; null: they are exact. */
  readonly sampling: Sampling | null;
  /** Multiplications, where they may be very many. */
  readonly work: number;
}

export interface GameOptions {
  readonly reward?: Reward;
  /** Seed of the sampling, default 1. The same seed and counts give the same result. */
  readonly seed?: number;
  /** Wanted bound on the error of every effect; default: 20 000 pairs of orders. Both as far as time allows. */
  readonly epsilon?: number;
  /** Probability with which the bound may fail, default 0.05. */
  readonly delta?: number;
}

/** Elementary steps that sampling may take: about a second. */
const WORK = 1e8;

/** Shapley values of the rate game: exact to 20 channels, sampled beyond. Effects are rates; with value, value a journey. */
export function rateGame(coalitions: readonly Coalition[], options: GameOptions = {}): GameResult {
  const { reward = 'conversions', seed = 1, delta = 0.05, epsilon = 0 } = options;
  const rows = canonicalCoalitions(coalitions);
  const channels = channelsOf(rows);
  const total = rows.reduce((sum, row) => sum + row[reward], 0);
  const journeys = rows.reduce((sum, row) => sum + journeysOf(row), 0);
  const result = (effects: Float64Array, sampling: Sampling | null): GameResult => ({
    channels: withShares(channels.map((channel, i) => [channel, effects[i] as number])),
    total,
    rate: journeys === 0 ? 0 : total / journeys,
    sampling,
    work: 2 ** channels.length,
  });
  if (channels.length <= MOST_EXACT) return result(shapleyOfSums(ratesOfAll(rows, channels, reward), channels.length), null);

  const range = 2 * spanOfRates(rows, reward);
  const touched = rows.reduce((sum, row) => sum + row.channels.length, 0);
  const affordable = Math.max(2, Math.floor(WORK / (touched + 4 * channels.length)));
  const pairs = Math.max(2, Math.min(affordable, pairsFor(channels.length, { range, epsilon, delta })));
  const sampled = shapleySampled(walkOf(rows, channels, reward), channels.length, { pairs, seed, delta, range });
  return result(sampled.effects, sampled.sampling);
}

export const journeysOf = ({ conversions, nulls }: Coalition) => conversions + nulls;

/** v of all 2ⁿ sets. */
function ratesOfAll(rows: readonly Coalition[], channels: readonly string[], reward: Reward): Float64Array {
  const [rewards, journeys] = arraysOf(2 ** channels.length);
  const masks = rows.map(maskIn(channels));
  sumWithin(journeys, masks, rows.map(journeysOf));
  sumWithin(
    rewards,
    masks,
    rows.map((row) => row[reward]),
  );
  for (let mask = 0; mask < rewards.length; mask++) {
    const among = journeys[mask] as number;
    rewards[mask] = among === 0 ? 0 : (rewards[mask] as number) / among;
  }
  return rewards;
}

/** The amounts within each of the 2ⁿ sets (Yates), in place of what `sums` hold: sums of whole numbers, exact. `masks`: of the amounts, each once. */
export function sumWithin(sums: Float64Array, masks: readonly number[], amounts: readonly number[]): void {
  sums.fill(0);
  for (const [at, mask] of masks.entries()) sums[mask] = amounts[at] as number;
  sumOverSubsets(sums);
}

/** Bit `i` of a set is channel `i`. */
export function maskIn(channels: readonly string[]): (row: Pick<Coalition, 'channels'>) => number {
  const bits = new Map(channels.map((channel, i) => [channel, 2 ** i]));
  return (row) => row.channels.reduce((sum, channel) => sum + (bits.get(channel) as number), 0);
}

/** Three arrays of 8 MB for 20 channels: new ones for each game cost as much as the sums. Games are computed one after the other. */
let held = emptyArrays(0);

/** Each of that length, for the next game to take again; what they hold is of the one before. */
export function arraysOf(length: number): readonly [Float64Array, Float64Array, Float64Array] {
  if (held[0].length !== length) held = emptyArrays(length);
  return held;
}

function emptyArrays(length: number): readonly [Float64Array, Float64Array, Float64Array] {
  return [new Float64Array(length), new Float64Array(length), new Float64Array(length)];
}

/** A rate is a mean of the rates of single sets, or 0. */
function spanOfRates(rows: readonly Coalition[], reward: Reward): number {
  const rates = rows.map((row) => row[reward] / journeysOf(row)).filter(Number.isFinite);
  return rates.reduce((most, rate) => Math.max(most, rate), 0) - rates.reduce((least, rate) => Math.min(least, rate), 0);
}

/** Along an order, a set counts from its last channel on. */
function walkOf(rows: readonly Coalition[], channels: readonly string[], reward: Reward): Walk {
  const players = new Map(channels.map((channel, i) => [channel, i]));
  const members = Int32Array.from(rows.flatMap((row) => row.channels.map((channel) => players.get(channel) as number)));
  const sizes = Int32Array.from(rows, (row) => row.channels.length);
  const rewards = Float64Array.from(rows, (row) => row[reward]);
  const journeys = Float64Array.from(rows, journeysOf);
  const rewardAt = new Float64Array(channels.length);
  const journeysAt = new Float64Array(channels.length);
  const placeOf = new Int32Array(channels.length);
  return (order, values) => {
    for (let at = 0; at < order.length; at++) placeOf[order[at] as number] = at;
    rewardAt.fill(0);
    journeysAt.fill(0);
    let member = 0;
    for (let row = 0; row < sizes.length; row++) {
      let last = 0;
      for (const end = member + (sizes[row] as number); member < end; member++) {
        const place = placeOf[members[member] as number] as number;
        if (place > last) last = place;
      }
      rewardAt[last] = (rewardAt[last] as number) + (rewards[row] as number);
      journeysAt[last] = (journeysAt[last] as number) + (journeys[row] as number);
    }
    let amount = 0;
    let among = 0;
    for (let at = 0; at < order.length; at++) {
      amount += rewardAt[at] as number;
      among += journeysAt[at] as number;
      values[at] = among === 0 ? 0 : amount / among;
    }
  };
}
