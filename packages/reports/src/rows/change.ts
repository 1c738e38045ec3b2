/**
 * What changed against an earlier window, and what each unit of changed cost went with: marginal figures. They are changes
 * side by side, no proof that the cost made the difference.
 */
import { type Integer, subtract } from '@tributary/model/integer';
import { CREDIT_UNIT_MICROS } from '@tributary/model/money';
import type { Figures, Row } from './figures.ts';

/** `now` and what it had `before`: both rows of one key, of which either may be all zeros, or both totals. */
export function withChange<Now extends Row>(now: Now, before: Row): Now & Figures {
  const previous: Figures = {};
  const changes: Figures = {};
  for (const measure of ['creditMicros', 'valueMinor', 'costMinor']) {
    const [to, from] = [now[measure], before[measure]];
    if (!isInteger(to) || !isInteger(from)) continue;
    previous[`previous${measure.charAt(0).toUpperCase()}${measure.slice(1)}`] = from;
    changes[`${measure}Change`] = subtract(to, from);
    if (measure !== 'creditMicros') continue;
    previous['previousConversions'] = Number(from) / CREDIT_UNIT_MICROS;
    changes['conversionsChange'] = Number(subtract(to, from)) / CREDIT_UNIT_MICROS;
  }
  return { ...now, ...previous, ...changes, ...marginalFigures(changes) };
}

/** By what there is: without costs there are none. */
function marginalFigures({ costMinorChange, valueMinorChange, conversionsChange }: Figures): Figures {
  if (!isInteger(costMinorChange)) return {};
  const cost = Number(costMinorChange);
  return {
    ...(isInteger(valueMinorChange) ? { marginalRoas: marginalRoas(Number(valueMinorChange), cost) } : {}),
    ...(typeof conversionsChange === 'number' ? { marginalCpaMinor: marginalCpa(cost, conversionsChange) } : {}),
  };
}

function isInteger(figure: Row[string] | undefined): figure is Integer {
  return typeof figure === 'number' || typeof figure === 'bigint';
}

/**
 * Value for each unit of added cost, negative where more cost came with less value. For a saving: what each unit saved gave up.
 * null: the cost did not change, or less cost came with more value, which no return on cost says: a negative one would
 * read as a loss.
 */
function marginalRoas(value: number, cost: number): number | null {
  return cost === 0 || (cost < 0 && value > 0) ? null : value / cost;
}

/**
 * The price of one conversion more, or what one conversion less saved. null: either did not change, or they moved in opposite
 * directions: nothing was bought for the added cost, or more came for less.
 */
function marginalCpa(cost: number, conversions: number): number | null {
  return Math.sign(cost) * Math.sign(conversions) > 0 ? cost / conversions : null;
}
