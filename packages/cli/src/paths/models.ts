/** The models over a path file, by the names the API has for them: those of rules weigh each path, the data-driven ones are computed from counts of all. */
import type { ChannelEffect, Coalition, ModelResult, Reward, Transition } from '@tributary/attribution/data-driven/counts';
import { hybrid } from '@tributary/attribution/data-driven/hybrid';
import { markov } from '@tributary/attribution/data-driven/markov';
import { markovGame } from '@tributary/attribution/data-driven/markov-game';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { sumGame } from '@tributary/attribution/data-driven/sum-game';
import { distribute } from '@tributary/attribution/distribute';
import { type Credit, creditByRule } from '@tributary/attribution/paths/credit';
import type { PathRule } from '@tributary/attribution/paths/rules';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';

/** Counts of the paths that the models see. */
export interface Journeys {
  readonly paths: readonly WeightedPath[];
  readonly coalitions: readonly Coalition[];
  /** Of the order asked for. */
  readonly transitions: readonly Transition[];
}

export interface ModelOptions {
  /** Without a value only conversions are credited. */
  readonly rewards: readonly Reward[];
  readonly seed: number;
  /** Of the hybrid: how much of it is Markov, 0 to 1. */
  readonly alpha: number;
}

export interface ModelAnswer {
  readonly model: string;
  /** Integers that sum to the conversions and the value of the journeys with touches (law 4). */
  readonly credits: ReadonlyMap<string, Credit>;
  /** Removal effects or Shapley values behind the credit; none of a rule. */
  readonly effects: ReadonlyMap<Reward, ReadonlyMap<string, ChannelEffect>>;
  /** Of the rewards whose effects are estimates. */
  readonly sampling: ReadonlyMap<Reward, Sampling>;
}

type Result = ModelResult & { readonly sampling?: Sampling | null };
export type DataDriven = (journeys: Journeys, options: Omit<ModelOptions, 'rewards'> & { readonly reward: Reward }) => Result;

export const DATA_DRIVEN: Readonly<Record<string, DataDriven>> = {
  shapley: ({ coalitions }, options) => sumGame(coalitions, options),
  rateShapley: ({ coalitions }, options) => rateGame(coalitions, options),
  markov: ({ transitions }, options) => markov(transitions, options),
  markovShapley: ({ transitions }, options) => markovGame(transitions, options),
  hybrid({ coalitions, transitions }, { reward, alpha }) {
    const shapley = sumGame(coalitions, { reward });
    return { channels: hybrid(markov(transitions, { reward }).channels, shapley.channels, alpha), total: shapley.total };
  },
};

export function byRule(model: string, rule: PathRule, { paths }: Journeys): ModelAnswer {
  return { model, credits: creditByRule(paths, rule), effects: new Map(), sampling: new Map() };
}

/** Errors: `too_many_states` of the Markov models. */
export function byData(
  model: string,
  compute: DataDriven,
  journeys: Journeys,
  { rewards, ...options }: ModelOptions,
): ModelAnswer {
  const results = new Map(rewards.map((reward) => [reward, compute(journeys, { ...options, reward })] as const));
  const micros = creditsOf(results.get('conversions'), CREDIT_UNIT_MICROS);
  const values = creditsOf(results.get('value'), 1);
  const channels = new Set([...micros.keys(), ...values.keys()]);
  return {
    model,
    credits: new Map(
      [...channels].map((channel) => [channel, { creditMicros: micros.get(channel) ?? 0, valueMinor: values.get(channel) ?? 0 }]),
    ),
    effects: new Map([...results].map(([reward, { channels }]) => [reward, new Map(channels.map((one) => [one.channel, one]))])),
    sampling: new Map([...results].flatMap(([reward, { sampling = null }]) => (sampling === null ? [] : [[reward, sampling]]))),
  };
}

function creditsOf(result: Result | undefined, unit: number): Map<string, number> {
  if (result === undefined) return new Map();
  const parts = distribute(
    result.total * unit,
    result.channels.map(({ share }) => share),
  );
  return new Map(result.channels.map(({ channel }, i) => [channel, parts[i] as number]));
}
