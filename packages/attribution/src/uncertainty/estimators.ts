/** What a model says of sums by path, as numbers by channel: computed once for the sums as they are, then for every draw. */
import { byCodePoint } from '@tributary/model/code-points';
import type { Reward } from '../data-driven/counts.ts';
import { countsBySums, effectsByCounts } from '../models/by-counts.ts';
import { isRule, isShared, type ModelName } from '../models/catalogue.ts';
import { type Effects, refusalOfRuns, type SharedModel } from '../models/shared-model.ts';
import { SHARED_MODELS } from '../models/shared-models.ts';
import { equally, handedOut, partsOf } from '../path-sums/handed-out.ts';
import { type EffectsOfSums, type PathSums, type PathsInput, sharesOf } from '../path-sums/path-sums.ts';
import { touchesOf, type WeightedPath } from '../paths/weighted-path.ts';
import { type RuleName, ruleOf, type Shape } from '../rules/rules.ts';
import type { CautionCode } from './caution-codes.ts';

export interface EstimatorOptions {
  readonly shape: Shape;
  readonly order: number;
  readonly alpha: number;
  readonly seed: number;
}

/** By channel, in the order of the estimator's channels. */
export interface Estimate {
  /** Parts of the whole: they sum to 1, or all are 0. */
  readonly shares: Float64Array;
  /** What stands behind the shares: removal effects, Shapley values; the credit of rules. */
  readonly effects: Float64Array;
  /** Conversions, or their value, that were shared out. */
  readonly total: number;
}

export interface Estimator {
  readonly channels: readonly string[];
  /** Whether a conversion over the path at this place counts for the channel at this place. */
  counts(path: number, channel: number): boolean;
  /** The rewards are asked for while the sums are as they were. Errors: `too_many_states`. */
  estimate(sums: PathSums): (reward: Reward) => Estimate;
  /** The same for sums that differ from `sums` as samples do, as many times as `runs`. A code: why it cannot be had. */
  near(sums: PathSums, runs: number): Estimator['estimate'] | CautionCode;
}

export function estimatorOf(model: ModelName, paths: readonly WeightedPath[], options: EstimatorOptions): Estimator {
  const channels = [...new Set(paths.flatMap(({ path }) => path))].sort(byCodePoint);
  const { shape, ...parameters } = options;
  const parts = partsOf(paths, channels, isRule(model) ? weightsOf(model, shape) : equally);
  const input: PathsInput = { paths, channels, ...parameters };
  const shared: SharedModel | null = isShared(model) ? SHARED_MODELS[model] : null;
  let known: EffectsOfSums | undefined;
  // What is answered near counts that are known asks for none of these.
  const effects: EffectsOfSums = (sums) => {
    known ??= shared === null ? handedOut(parts, channels.length) : effectsOfModel(shared, input);
    return known(sums);
  };
  return {
    channels,
    counts: (path, channel) => parts[path]?.some(([of, part]) => of === channel && part > 0) === true,
    estimate: estimateBy(effects),
    near(sums, runs) {
      if (shared?.near !== undefined) {
        const nearby = shared.near.paths(input, sums);
        return nearby === null ? 'sampled_effects' : estimateBy(nearby);
      }
      const refused = shared?.maySample === true ? refusalOfRuns(firstRun(shared, input, sums), runs) : null;
      return refused ?? estimateBy(effects);
    },
  };
}

function estimateBy(effects: EffectsOfSums): Estimator['estimate'] {
  return (sums) => {
    const of = effects(sums);
    return (reward) => {
      const found = of(reward);
      return { effects: found, shares: sharesOf(found), total: totalOf(sums[reward]) };
    };
  };
}

function firstRun(model: SharedModel, input: PathsInput, sums: PathSums): Effects {
  const { alpha, seed } = input;
  return model.effects({ ...countsBySums(model, input)(sums)('conversions'), reward: 'conversions', alpha, seed });
}

function effectsOfModel(model: SharedModel, input: PathsInput): EffectsOfSums {
  return model.overPaths?.(input) ?? effectsByCounts(model, input);
}

function weightsOf(rule: RuleName, shape: Shape): (path: WeightedPath) => (readonly [channel: string, weight: number])[] {
  return (path) =>
    ruleOf(rule)
      .weights(touchesOf(path), shape)
      .map((weight, i) => [path.path[i] as string, weight] as const);
}

function totalOf(amounts: Float64Array): number {
  let total = 0;
  for (let path = 0; path < amounts.length; path++) total += amounts[path] as number;
  return total;
}
