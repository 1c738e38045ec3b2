/**
 * What changed against an earlier window, and the ratio of two changes: what each unit of changed cost went with. They are changes side by
 * side, no proof that the cost made the difference; a ratio is null, with the reason, where either change is no more than chance makes.
 */
import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { add, type Integer, subtract } from '@tributary/model/integer';
import type { Figures, Row } from './figures.ts';

/**
 * `now` and what it had `before`: both rows of one key, of which either may be all zeros, or both totals. `micros`: the credit of both windows
 * where a report of value alone does not show it; null: nothing counts conversions, so chance cannot be judged.
 */
export function withChange<Now extends Row>(now: Now, before: Row, micros: Pair | null): Now & Row {
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
  return { ...now, ...previous, ...changes, ...changeRatios(previous, changes, micros) };
}

/** A change of cost below this part of the earlier cost is none: divided by it, any season is a fortune. */
const STILL = 0.05;
/** In standard deviations of the difference between two counts. */
const BY_CHANCE = 2;

/** By what there is: without costs there are none. */
function changeRatios(previous: Figures, changes: Figures, micros: Pair | null): Row {
  const { costMinorChange, valueMinorChange, conversionsChange } = changes;
  if (!isInteger(costMinorChange)) return {};
  const cost = Number(costMinorChange);
  const doubt = doubtOf(micros);
  const isKnown = doubt === null;
  const still = isStill(costMinorChange, previous['previousCostMinor']);
  const ratio = (of: number | null) => (still || !isKnown ? null : of);
  const ratios = {
    ...(isInteger(valueMinorChange) ? { changeRatioRoas: ratio(ofValue(Number(valueMinorChange), cost)) } : {}),
    ...(typeof conversionsChange === 'number' ? { changeRatioCpaMinor: ratio(ofConversions(cost, conversionsChange)) } : {}),
  };
  const isApart = !still && isKnown && Object.values(ratios).includes(null);
  const cautions = [
    ...(still ? ['cost_stood_still'] : []),
    ...(doubt === null ? [] : [doubt]),
    ...(isApart ? ['moved_apart'] : []),
  ];
  return { ...ratios, changeCautions: cautions.join(' ') };
}

function isStill(change: Integer, before: Row[string] | undefined): boolean {
  const size = Math.abs(Number(change));
  return size === 0 || size < STILL * Number(before ?? 0);
}

function doubtOf(micros: Pair | null): string | null {
  if (micros === null) return 'conversions_not_counted';
  const [now, before] = micros.map((credit) => Number(credit) / CREDIT_UNIT_MICROS) as [number, number];
  return isByChance(now - before, before) ? 'conversions_within_chance' : null;
}

function isByChance(change: number, before: number): boolean {
  return change === 0 || Math.abs(change) < BY_CHANCE * Math.sqrt(Math.max(0, 2 * before + change));
}

function isInteger(figure: Row[string] | undefined): figure is Integer {
  return typeof figure === 'number' || typeof figure === 'bigint';
}

/**
 * Value for each unit of added cost, negative where more cost came with less value. For a saving: what each unit saved gave up.
 * null: less cost came with more value, which no return on cost says: a negative one would read as a loss.
 */
function ofValue(value: number, cost: number): number | null {
  // Never −0.
  return cost < 0 && value > 0 ? null : value / cost + 0;
}

/**
 * Cost for each conversion more, or saved for each one less. null: they moved in opposite directions: more came for less, or less for more.
 */
function ofConversions(cost: number, conversions: number): number | null {
  return Math.sign(cost) * Math.sign(conversions) > 0 ? cost / conversions : null;
}

type Pair = readonly [now: Integer, before: Integer];

export interface StoodStill {
  /** One row: its costs, and `[creditMicros, valueMinor]` of both windows. */
  add(costs: Pair, now: readonly Integer[], before: readonly Integer[]): void;
  /** By measures that were asked for; without a row whose cost stood still, `rows` alone. */
  sums(wanted: { readonly conversions: boolean; readonly revenue: boolean }): Row;
}

/** Sums over rows whose cost stood still: what changed where the cost did not. They are as many as a report has rows, so no row is formed. */
export function createStoodStill(): StoodStill {
  let rows = 0;
  let [micros, microsBefore, value, valueBefore]: [Integer, Integer, Integer, Integer] = [0, 0, 0, 0];
  return {
    add([cost, costBefore], now, before) {
      if (!isStill(subtract(cost, costBefore), costBefore)) return;
      rows++;
      micros = add(micros, now[0] ?? 0);
      microsBefore = add(microsBefore, before[0] ?? 0);
      value = add(value, now[1] ?? 0);
      valueBefore = add(valueBefore, before[1] ?? 0);
    },
    sums: ({ conversions, revenue }) => ({
      rows,
      ...(rows > 0 && conversions && inConversions(microsBefore, subtract(micros, microsBefore))),
      ...(rows > 0 && revenue && { previousValueMinor: valueBefore, valueMinorChange: subtract(value, valueBefore) }),
    }),
  };
}

function inConversions(before: Integer, change: Integer): Row {
  return {
    previousConversions: Number(before) / CREDIT_UNIT_MICROS,
    conversionsChange: Number(change) / CREDIT_UNIT_MICROS,
  };
}
