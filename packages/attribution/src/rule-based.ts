/**
 * Rule-based attribution of a conversion as it comes: the rules of `rules/rules.ts` over touches with times. The SQL in
 * packages/views/src/credit/batch.sql computes the same weights.
 * Definitions of the models: https://developers.google.com/analytics/devguides/collection/protocol (position 40/20/40),
 * time decay as weight ∝ 2^(−age/half-life) with the age in whole hours, from one table that both engines share.
 */
import type { Definitions } from '@tributary/model/definitions';
import { HOUR_MS } from '@tributary/model/time';
import { type RuleName, ruleOf } from './rules/rules.ts';

export interface PathTouch {
  readonly ts: number;
  readonly channel: string;
}

/** Non-negative integers with a positive sum, one a touch, in path order. The path is not empty. */
export function weightsOf(model: RuleName, path: readonly PathTouch[], conversionTs: number, definitions: Definitions): number[] {
  return ruleOf(model).weights(
    {
      length: path.length,
      channelAt: (i) => (path[i] as PathTouch).channel,
      ageAt: (i) => Math.floor((conversionTs - (path[i] as PathTouch).ts) / HOUR_MS),
    },
    definitions,
  );
}
