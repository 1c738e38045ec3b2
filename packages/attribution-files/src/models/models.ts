/** The models over a file: rules weigh each path, all others are the shared models of reports, on the counts of the file. */
import type { ChannelEffect, Coalition, Reward, Transition } from '@tributary/attribution/data-driven/counts';
import { coalitionsOfPaths, transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { sizesOf } from '@tributary/attribution/data-driven/sum-game';
import { distribute } from '@tributary/attribution/distribute';
import type { ModelInput } from '@tributary/attribution/models/shared-model';
import { compute, looksAt, type SharedName } from '@tributary/attribution/models/shared-models';
import { type Credit, creditByRule } from '@tributary/attribution/paths/credit';
import type { WeightedPath } from '@tributary/attribution/paths/weighted-path';
import type { RuleName, Shape } from '@tributary/attribution/rules/rules';
import { unsoundShares } from '@tributary/attribution/uncertainty/handed-out';
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';

/** Those that files of paths are answered for: rules, and models of the counts of all paths. */
export type FileModel = RuleName | SharedName;

/** Counts of the paths that the models see. */
export interface Journeys {
  readonly paths: readonly WeightedPath[];
  readonly coalitions: readonly Coalition[];
  /** Those of the order asked for. */
  readonly transitions: readonly Transition[];
}

export interface ModelOptions {
  /** Without a value only conversions are credited. */
  readonly rewards: readonly Reward[];
  readonly seed: number;
  /** How much of the hybrid is Markov, 0 to 1. */
  readonly alpha: number;
}

export interface ModelAnswer {
  readonly model: FileModel;
  /** Integers that sum to the conversions and the value of the journeys with touches (law 4). */
  readonly credits: ReadonlyMap<string, Credit>;
  /** Removal effects or Shapley values behind the credit; none of a rule. */
  readonly effects: ReadonlyMap<Reward, ReadonlyMap<string, ChannelEffect>>;
  /** How the effects were sampled, by reward; only where they are estimates. */
  readonly sampling: ReadonlyMap<Reward, Sampling>;
}

/** Without credit there are effects only. */
export function handsOut({ model, effects }: Pick<ModelAnswer, 'model' | 'effects'>, reward: Reward): boolean {
  return unsoundShares(model, effects.get(reward)?.values() ?? []).length === 0;
}

/** Counts are made when a model first asks for them. */
export function journeysOf(paths: readonly WeightedPath[], order: number): Journeys {
  let coalitions: Coalition[] | undefined;
  let transitions: Transition[] | undefined;
  return {
    paths,
    get coalitions() {
      return (coalitions ??= coalitionsOfPaths(paths));
    },
    get transitions() {
      return (transitions ??= transitionsOfPaths(paths, order));
    },
  };
}

/** What `model` is run on, as a report of the platform would have it. */
export function inputOf(
  model: SharedName,
  journeys: Journeys,
  { reward, alpha, seed }: Omit<ModelOptions, 'rewards'> & { readonly reward: Reward },
): ModelInput {
  const looks = looksAt(model);
  return {
    sizes: looks.sizes ? sizesOf(journeys.coalitions, reward) : [],
    coalitions: looks.sets ? journeys.coalitions : [],
    transitions: looks.edges ? journeys.transitions : [],
    reward,
    alpha,
    seed,
  };
}

export function byRule(model: RuleName, shape: Shape, { paths }: Journeys): ModelAnswer {
  return { model, credits: creditByRule(paths, model, shape), effects: new Map(), sampling: new Map() };
}

/** Errors: `too_many_states` of the Markov models. */
export function byData(model: SharedName, journeys: Journeys, { rewards, ...options }: ModelOptions): ModelAnswer {
  const results = new Map(
    rewards.map((reward) => {
      const input = inputOf(model, journeys, { ...options, reward });
      return [reward, compute({ model, without: null, ...input })] as const;
    }),
  );
  const credits = new Map<string, Credit>();
  for (const [reward, { channels }] of results) {
    const shares = channels.map(({ share }) => share);
    const parts = distribute(totalOf(journeys, reward), shares);
    channels.forEach(({ channel }, i) => {
      const measure = reward === 'conversions' ? 'creditMicros' : 'valueMinor';
      credits.set(channel, { ...(credits.get(channel) ?? { creditMicros: 0, valueMinor: 0 }), [measure]: parts[i] });
    });
  }
  return {
    model,
    credits,
    effects: new Map([...results].map(([reward, { channels }]) => [reward, new Map(channels.map((one) => [one.channel, one]))])),
    sampling: new Map([...results].flatMap(([reward, { sampling }]) => (sampling === null ? [] : [[reward, sampling]]))),
  };
}

/** Over journeys with touches; conversions in millionths. */
function totalOf({ coalitions }: Journeys, reward: Reward): number {
  return coalitions.reduce((sum, row) => sum + row[reward], 0) * (reward === 'conversions' ? CREDIT_UNIT_MICROS : 1);
}
