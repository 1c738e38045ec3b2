/**
 * Rule-based models over paths without times: integer weights of the touches, from which credit follows by `split`
 * (cumulative integer rounding, law 4). Live paths, whose touches have times, are weighed in ../rule-based.ts.
 */
import { oneHot } from '../rule-based.ts';
import type { WeightedPath } from './weighted-path.ts';

/** Weights of the touches of a path that is not empty: non-negative integers with a positive sum, in path order. */
export type PathRule = (touches: Pick<WeightedPath, 'path' | 'milestones' | 'ages'>) => number[];

export const first: PathRule = ({ path }) => oneHot(path.length, 0);
export const last: PathRule = ({ path }) => oneHot(path.length, path.length - 1);
export const linear: PathRule = ({ path }) => path.map(() => 1);

/** The last touch that is not direct; of an all-direct path its last. */
export function lastNonDirect(direct: ReadonlySet<string>): PathRule {
  return ({ path }) => {
    const at = path.findLastIndex((channel) => !direct.has(channel));
    return oneHot(path.length, at < 0 ? path.length - 1 : at);
  };
}

/**
 * Whole percent for the touches at the beginning and at the end; those between share the rest. The U shape is
 * `{ head: [40], tail: [40] }`. A touch that is both at the beginning and at the end has both parts; where no touch is
 * between, the others share all of it in their proportion: two touches 50/50 under U, 25/75 under J.
 */
export function positions({ head, tail }: { readonly head: readonly number[]; readonly tail: readonly number[] }): PathRule {
  return ({ path: { length } }) =>
    shares(length, [
      ...head.slice(0, length).map((percent, i) => ({ at: i, percent })),
      ...tail.slice(-length).map((percent, i, { length: kept }) => ({ at: length - kept + i, percent })),
    ]);
}

export const jShaped = positions({ head: [20], tail: [60] });
export const inverseJ = positions({ head: [60], tail: [20] });

/**
 * 30 % each for the first touch and the touches of the milestones (lead, opportunity), 10 % for the rest. Milestones on
 * one touch add; where the rest is empty or a milestone was not reached, the parts that are there share all of it.
 */
export const wShaped: PathRule = ({ path, milestones = [] }) =>
  shares(
    path.length,
    [0, ...milestones].map((at) => ({ at, percent: 30 })),
    10,
  );

/**
 * Half the weight with every half-life. `weightByAge`: integers, by hours before the conversion where touches have ages, else by
 * steps before the last touch, taken for equal (when the conversion came is of no account: a common factor cancels). The last
 * entry holds for all older ones.
 */
export function timeDecay(weightByAge: readonly number[]): PathRule {
  const weightAt = (age: number) => weightByAge[Math.min(age, weightByAge.length - 1)] as number;
  return ({ path, ages }) => path.map((_, i) => weightAt(ages?.[i] ?? path.length - 1 - i));
}

/** `timeDecay`'s table: scaled to 1 000 000 at the last touch, down to 1, so that no touch is without a part. */
export function decayBySteps(stepMs: number, halfLifeMs: number): number[] {
  const weights: number[] = [];
  for (let age = 0; weights.at(-1) !== 1 && age < 10_000; age++)
    weights.push(Math.max(1, Math.round(1_000_000 * 2 ** (-(age * stepMs) / halfLifeMs))));
  return weights;
}

/** Parts add up where they fall on one touch; the other touches share `rest`. Scaled by their number, to stay integers. */
function shares(
  length: number,
  parts: readonly { readonly at: number; readonly percent: number }[],
  rest = 100 - parts.reduce((sum, { percent }) => sum + percent, 0),
): number[] {
  const others = length - new Set(parts.map(({ at }) => at)).size;
  const weights = new Array<number>(length).fill(rest);
  for (const { at } of parts) weights[at] = 0;
  for (const { at, percent } of parts) weights[at] = (weights[at] as number) + percent * Math.max(1, others);
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}
