/**
 * Rule-based attribution: integer weights of the touches of one path. Credit follows by `split` (cumulative integer
 * rounding, law 4). The SQL in packages/views/src/credit/batch.sql computes the same weights.
 * Definitions of the models: https://developers.google.com/analytics/devguides/collection/protocol (position 40/20/40),
 * time decay as weight ∝ 2^(−age/half-life) with the age in whole hours, from one table that both engines share.
 */
import type { Definitions, RuleBasedModel } from '@tributary/model/definitions';
import { HOUR_MS } from '@tributary/model/time';

export interface PathTouch {
  readonly ts: number;
  readonly channel: string;
}

/** Non-negative integers with a positive sum, one a touch, in path order. The path is not empty. */
export function weightsOf(
  model: RuleBasedModel,
  path: readonly PathTouch[],
  conversionTs: number,
  definitions: Definitions,
): number[] {
  switch (model) {
    case 'first':
      return oneHot(path.length, 0);
    case 'last':
      return oneHot(path.length, path.length - 1);
    case 'lastNonDirect':
      return oneHot(path.length, lastNonDirect(path, definitions.directChannels));
    case 'linear':
      return new Array<number>(path.length).fill(1);
    case 'positionBased':
      return positionBased(path.length, definitions.attribution.positionBased);
    case 'timeDecay':
      return path.map((touch) => definitions.decayWeights[Math.floor((conversionTs - touch.ts) / HOUR_MS)] as number);
  }
}

/** Everything to the touch at `at`. */
export function oneHot(length: number, at: number): number[] {
  const weights = new Array<number>(length).fill(0);
  weights[at] = 1;
  return weights;
}

/** An all-direct path goes to its last touch. */
function lastNonDirect(path: readonly PathTouch[], direct: ReadonlySet<string>): number {
  for (let i = path.length - 1; i >= 0; i--) if (!direct.has((path[i] as PathTouch).channel)) return i;
  return path.length - 1;
}

/** Whole percent scaled by the number of middle touches, so that weights stay integers. */
function positionBased(length: number, percent: { first: number; last: number }): number[] {
  if (length === 1) return [1];
  if (length === 2) return [percent.first, percent.last];
  const middles = length - 2;
  const weights = new Array<number>(length).fill(100 - percent.first - percent.last);
  weights[0] = percent.first * middles;
  weights[length - 1] = percent.last * middles;
  return weights;
}
