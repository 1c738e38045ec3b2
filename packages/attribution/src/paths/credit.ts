/** Credit of whole conversions under a rule: integers that sum to the unit (law 4). */
import { CREDIT_UNIT_MICROS, split } from '@tributary/model/amounts/money';
import { type RuleName, ruleOf, type Shape } from '../rules/rules.ts';
import { touchesOf, type WeightedPath } from './weighted-path.ts';

export interface Credit {
  /** Millionths of a conversion. */
  readonly creditMicros: number;
  /** Minor units. */
  readonly valueMinor: number;
}

/** Conversions that one list of paths may hold together, so that their micros stay exact integers. */
export const MAX_CONVERSIONS = Math.floor(Number.MAX_SAFE_INTEGER / CREDIT_UNIT_MICROS);

/**
 * Credit by channel. The conversions of one path are split together: their parts are off by less than a millionth, and the
 * channels sum to exactly 1 000 000 a conversion, and to the value. Paths without a touch are left out: they are unattributed.
 */
export function creditByRule(paths: readonly WeightedPath[], rule: RuleName, shape: Shape): Map<string, Credit> {
  const credits = new Map<string, { creditMicros: number; valueMinor: number }>();
  for (const one of paths) {
    if (one.path.length === 0 || (one.conversions === 0 && one.value === 0)) continue;
    const weights = ruleOf(rule).weights(touchesOf(one), shape);
    const micros = split(one.conversions * CREDIT_UNIT_MICROS, weights);
    const values = split(one.value, weights);
    one.path.forEach((channel, i) => {
      let credit = credits.get(channel);
      if (credit === undefined) credits.set(channel, (credit = { creditMicros: 0, valueMinor: 0 }));
      credit.creditMicros += micros[i] as number;
      credit.valueMinor += values[i] as number;
    });
  }
  return credits;
}
