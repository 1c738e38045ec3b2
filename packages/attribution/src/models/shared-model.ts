/**
 * A model that shares out the whole window: its result is a share of the window for each channel, and credit is handed out from
 * there. All that the report must know of it is in one file.
 */
import type { ChannelEffect, Coalition, Reward, Transition } from '../data-driven/counts.ts';
import type { Sampling } from '../data-driven/shapley.ts';
import type { SizedCount } from '../data-driven/sum-game.ts';
import type { EffectsOfSums, PathSums, PathsInput } from '../path-sums/path-sums.ts';

export type Parameter = 'order' | 'alpha' | 'seed' | 'position' | 'intervals' | 'transform' | 'custom';

/**
 * What its effect is, from which its intervals follow: `part` of the whole, whatever the reward (0 to 1); an `amount` of the reward, which
 * adds up over users; a `rate`, the reward for each journey; or a `rateDifference`, which may be negative. A `rateDifference` rests on few
 * journeys, those of the channel alone: fewer than 30 leave its intervals out, with the caution `few_journeys_alone`.
 */
export type Estimand = 'part' | 'amount' | 'rate' | 'rateDifference';

export interface SharedModel {
  readonly rule: string;
  /** What `effect` is. */
  readonly effect: string;
  readonly parameters: readonly Parameter[];
  /** The most channels it is run with; the smallest of more are grouped. */
  readonly mostChannels: number;
  /** The most currencies it is run for in one answer: each is a run of its own. */
  readonly mostCurrencies: number;
  readonly looksAt: LooksAt;
  readonly estimates: Estimand;
  /** Its effect is the part of what lies on modelled paths that goes through the channel. */
  readonly isRemovalEffect: boolean;
  /** Work of some 10 ms: it needs no thread of its own. */
  isQuick(counts: ModelCounts): boolean;
  /** A faster form of `effects` for sums by path that change with every draw. Left out: the model is run again on the counts of each. */
  readonly overPaths?: (input: PathsInput) => EffectsOfSums;
  /**
   * Its effects near counts that are known, to first order: instead of a run for each of many counts that differ little. Left out: a run for
   * each. null: it cannot be had.
   */
  readonly near?: Near;
  /** Whether its effects are sampled where channels, or states, are too many. */
  readonly maySample: boolean;
  effects(input: ModelInput): Effects;
}

export interface Effects {
  readonly channels: readonly ChannelEffect[];
  /** Left out, or null: exact. */
  readonly sampling?: Sampling | null;
  /** Multiplications, where they may be very many; left out: few. */
  readonly work?: number;
}

export interface Near {
  counts(base: ModelInput): ((counts: ModelCounts) => readonly ChannelEffect[]) | null;
  paths(input: PathsInput, base: PathSums): EffectsOfSums | null;
}

/** Multiplications of all runs together: some ten seconds. */
const MOST_WORK = 1e10;

/** Why a model is not run again and again for intervals, by its first run; null: it is. */
export function refusalOfRuns({ sampling = null, work = 0 }: Effects, runs: number): 'sampled_effects' | 'too_costly' | null {
  if (sampling !== null) return 'sampled_effects';
  return work * runs > MOST_WORK ? 'too_costly' : null;
}

/** Which counts of a window it is run on. */
export interface LooksAt {
  readonly sizes: boolean;
  readonly sets: boolean;
  readonly edges: boolean;
}

/** Empty where the model does not look. */
export interface ModelCounts {
  readonly sizes: readonly SizedCount[];
  readonly coalitions: readonly Coalition[];
  readonly transitions: readonly Transition[];
}

export interface ModelInput extends ModelCounts {
  readonly reward: Reward;
  readonly alpha: number;
  readonly seed: number;
}

/** States cubed. */
const QUICK_STATES = 60;
/** Coalitions of a game. */
const QUICK_PLAYERS = 9;

export function hasFewStates({ transitions }: ModelCounts): boolean {
  return new Set(transitions.map(({ from }) => from.join('\t'))).size <= QUICK_STATES;
}

export function hasFewPlayers({ transitions, coalitions }: ModelCounts): boolean {
  const players = new Set([...transitions.flatMap(({ to }) => to), ...coalitions.flatMap(({ channels }) => channels)]);
  return players.size <= QUICK_PLAYERS;
}
