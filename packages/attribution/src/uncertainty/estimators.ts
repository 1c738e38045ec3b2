/** What a model says of sums by path, as numbers by channel: computed once for the sums as they are, then for every draw. */
import type { Coalition, Reward, Transition } from '../data-driven/counts.ts';
import { byCodePoint, SEPARATOR } from '../data-driven/counts.ts';
import { markovGame } from '../data-driven/markov-game.ts';
import { transitionsOfPath } from '../data-driven/path-counts.ts';
import { rateGame } from '../data-driven/rate-game.ts';
import { isRule, type ModelName } from '../models/catalogue.ts';
import { touchesOf, type WeightedPath } from '../paths/weighted-path.ts';
import { type RuleName, ruleOf, type Shape } from '../rules/rules.ts';
import { type RemovalEffects, removalEffects } from './chain-draws.ts';
import type { PathSums } from './draws.ts';

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
  /** What stands behind the shares: removal effects, Shapley values; for rules the credit. */
  readonly effects: Float64Array;
  /** Conversions, or their value, that were shared out. */
  readonly total: number;
}

export interface Estimator {
  readonly channels: readonly string[];
  /** Whether a conversion over the path at this place counts for the channel at this place. */
  counts(path: number, channel: number): boolean;
  estimate(sums: PathSums, reward: Reward): Estimate;
}

type Effects = (sums: PathSums, reward: Reward) => Float64Array;

/** Errors: `too_many_states`. */
export function estimatorOf(model: ModelName, paths: readonly WeightedPath[], options: EstimatorOptions): Estimator {
  const channels = [...new Set(paths.flatMap(({ path }) => path))].sort(byCodePoint);
  const parts = partsOf(isRule(model) ? model : 'shapley', paths, channels, options.shape);
  const effects = effectsOf(model, paths, channels, parts, options);
  return {
    channels,
    counts: (path, channel) => (parts[path] as Parts).some(([of, part]) => of === channel && part > 0),
    estimate(sums, reward) {
      const of = effects(sums, reward);
      return { effects: of, shares: sharesOf(of), total: sums[reward].reduce((sum, amount) => sum + amount, 0) };
    },
  };
}

/** Channels of a path, each with its part of a conversion over it. */
type Parts = readonly (readonly [channel: number, part: number])[];

/** By the rule; `shapley`: the same to each different channel. */
function partsOf(
  model: RuleName | 'shapley',
  paths: readonly WeightedPath[],
  channels: readonly string[],
  shape: Shape,
): Parts[] {
  const place = new Map(channels.map((channel, i) => [channel, i]));
  return paths.map((one) => {
    const names = model === 'shapley' ? [...new Set(one.path)] : one.path;
    const weights = model === 'shapley' ? names.map(() => 1) : ruleOf(model).weights(touchesOf(one), shape);
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    const byChannel = new Map<number, number>();
    for (const [i, name] of names.entries()) {
      const channel = place.get(name) as number;
      byChannel.set(channel, (byChannel.get(channel) ?? 0) + (weights[i] as number) / whole);
    }
    return [...byChannel];
  });
}

function effectsOf(
  model: ModelName,
  paths: readonly WeightedPath[],
  channels: readonly string[],
  parts: readonly Parts[],
  { order, alpha, seed }: EstimatorOptions,
): Effects {
  const handedOut: Effects = (sums, reward) => {
    const effects = new Float64Array(channels.length);
    const amounts = sums[reward];
    for (let path = 0; path < parts.length; path++) {
      const amount = amounts[path] as number;
      if (amount === 0) continue;
      for (const [channel, part] of parts[path] as Parts) effects[channel] = (effects[channel] as number) + amount * part;
    }
    return effects;
  };
  switch (model) {
    case 'markov':
      return removalEffects(paths, channels, order);
    case 'rateShapley':
      return ofRateGame(paths, channels, seed);
    case 'markovShapley':
      return ofMarkovGame(paths, channels, order, seed);
    case 'hybrid':
      return blended(removalEffects(paths, channels, order), handedOut, alpha);
    case 'hybridChain':
      return blended(removalEffects(paths, channels, order), ofMarkovGame(paths, channels, order, seed), alpha);
    default:
      return handedOut;
  }
}

function blended(a: RemovalEffects, b: Effects, alpha: number): Effects {
  return (sums, reward) => {
    const [x, y] = [sharesOf(a(sums, reward)), sharesOf(b(sums, reward))];
    return x.map((share, i) => alpha * share + (1 - alpha) * (y[i] as number));
  };
}

/** Sets of channels, whose counts are those of their paths. */
function ofRateGame(paths: readonly WeightedPath[], channels: readonly string[], seed: number): Effects {
  const { rows, of } = grouped(paths.map(({ path }) => [[...new Set(path)].sort(byCodePoint)]));
  return (sums, reward) => {
    const counts = sumsOf(rows.length, of, sums);
    const coalitions = rows.map((names, i): Coalition => ({ channels: names, ...counts(i) }));
    return placed(channels, rateGame(coalitions, { reward, seed }).channels);
  };
}

function ofMarkovGame(paths: readonly WeightedPath[], channels: readonly string[], order: number, seed: number): Effects {
  const steps = paths.map(({ path }) => transitionsOfPath(path, order));
  const byKey = new Map<string, { readonly from: readonly string[]; readonly to: readonly string[] }>();
  const of = steps.map((walk) =>
    walk.map((step) => {
      const key = `${step.from.join(SEPARATOR)}\n${step.to.join(SEPARATOR)}`;
      byKey.set(key, step);
      return key;
    }),
  );
  const places = new Map([...byKey.keys()].sort(byCodePoint).map((key, at) => [key, at]));
  const rows = [...places.keys()].map((key) => byKey.get(key) as { from: readonly string[]; to: readonly string[] });
  const walks = of.map((keys) => keys.map((key) => places.get(key) as number));
  return (sums, reward) => {
    const counts = sumsOf(rows.length, walks, sums);
    const transitions = rows.map((step, i): Transition => {
      const { value, ...counted } = counts(i);
      return { ...step, ...counted, value: step.to.length === 0 ? value : 0 };
    });
    return placed(channels, markovGame(transitions, { reward, seed }).channels);
  };
}

/** Different rows, and for each path the places of its rows. */
function grouped(rowsOf: readonly (readonly (readonly string[])[])[]): { rows: (readonly string[])[]; of: number[][] } {
  const byKey = new Map<string, number>();
  const rows: (readonly string[])[] = [];
  const of = rowsOf.map((own) =>
    own.map((row) => {
      const key = row.join(SEPARATOR);
      let at = byKey.get(key);
      if (at === undefined) {
        byKey.set(key, (at = rows.length));
        rows.push(row);
      }
      return at;
    }),
  );
  return { rows, of };
}

function sumsOf(rows: number, of: readonly (readonly number[])[], { conversions, nulls, value }: PathSums) {
  const [won, lost, worth] = [new Float64Array(rows), new Float64Array(rows), new Float64Array(rows)];
  for (const [path, places] of of.entries())
    for (const row of places) {
      won[row] = (won[row] as number) + (conversions[path] as number);
      lost[row] = (lost[row] as number) + (nulls[path] as number);
      worth[row] = (worth[row] as number) + (value[path] as number);
    }
  return (row: number) => ({ conversions: won[row] as number, nulls: lost[row] as number, value: worth[row] as number });
}

/** A channel that a draw lost has no effect in it. */
function placed(
  channels: readonly string[],
  effects: readonly { readonly channel: string; readonly effect: number }[],
): Float64Array {
  const byChannel = new Map(effects.map(({ channel, effect }) => [channel, effect]));
  return Float64Array.from(channels, (channel) => byChannel.get(channel) ?? 0);
}

/** Sums of effects below this part of their magnitudes are rounding noise. */
const NOISE = 1e-12;

function sharesOf(effects: Float64Array): Float64Array {
  let sum = 0;
  let magnitude = 0;
  for (const effect of effects) {
    sum += effect;
    magnitude += Math.abs(effect);
  }
  return Math.abs(sum) > NOISE * magnitude ? effects.map((effect) => effect / sum) : new Float64Array(effects.length);
}
