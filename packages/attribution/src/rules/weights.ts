/**
 * Weights of the touches of one path: non-negative integers with a positive sum, in path order. Credit follows by `split` (cumulative
 * integer rounding, law 4).
 */

/** The touches of one path in order, one at least. */
export interface Touches {
  readonly length: number;
  channelAt(i: number): string;
  /** Whole hours before the conversion; of a path without times, steps before the last touch. */
  ageAt(i: number): number;
  /** Indices of the touches that reached a milestone (lead, opportunity, …); several may fall on one touch. */
  readonly milestones?: readonly number[] | undefined;
}

/** Whole percent for the touches at the beginning and at the end, each list in path order. */
export interface Ends {
  readonly head: readonly number[];
  readonly tail: readonly number[];
}

/** Everything to the touch at `at`. */
export function oneHot(length: number, at: number): number[] {
  const weights = new Array<number>(length).fill(0);
  weights[at] = 1;
  return weights;
}

/** The last touch that is not direct; of an all-direct path its last. */
export function lastNonDirect({ length, channelAt }: Touches, direct: ReadonlySet<string>): number[] {
  for (let i = length - 1; i >= 0; i--) if (!direct.has(channelAt(i))) return oneHot(length, i);
  return oneHot(length, length - 1);
}

/** Percent of the first and of the last touch, those between share the rest. Two touches share in the proportion of the two. */
export function firstAndLast(length: number, first: number, last: number): number[] {
  if (length === 1) return [1];
  if (length === 2) return positive([first, last]);
  const middles = length - 2;
  const weights = new Array<number>(length).fill(100 - first - last);
  weights[0] = first * middles;
  weights[length - 1] = last * middles;
  return weights;
}

/**
 * Percent of several touches at the beginning and at the end; those between share the rest. A touch that is both at the beginning
 * and at the end has both parts; where no touch is between, the others share all of it in their proportion.
 */
export function ends(length: number, { head, tail }: Ends): number[] {
  return shares(length, [
    ...head.slice(0, length).map((percent, i) => ({ at: i, percent })),
    ...tail.slice(-length).map((percent, i, { length: kept }) => ({ at: length - kept + i, percent })),
  ]);
}

/**
 * 30 % each for the first touch and the touches of the milestones (lead, opportunity), 10 % for the rest. Milestones on
 * one touch add; where the rest is empty or a milestone was not reached, the parts that are there share all of it.
 */
export function firstAndMilestones({ length, milestones = [] }: Touches): number[] {
  return shares(
    length,
    [0, ...milestones].map((at) => ({ at, percent: 30 })),
    10,
  );
}

/** `weightByAge`: integers by age; the last entry holds for all older touches. */
export function byAge({ length, ageAt }: Touches, weightByAge: readonly number[]): number[] {
  return Array.from({ length }, (_, i) => weightByAge[Math.min(ageAt(i), weightByAge.length - 1)] as number);
}

/** A table for `byAge` with times of `stepMs`: scaled to 1 000 000 at age 0, down to 1, so that no touch is without a part. */
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
  return positive(weights);
}

/** Where nothing has a weight, all have the same. */
function positive(weights: number[]): number[] {
  return weights.some((weight) => weight > 0) ? weights : weights.map(() => 1);
}
