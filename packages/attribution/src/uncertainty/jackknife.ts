/**
 * How sure a model is of counts that are kept by groups of users, and not by user: the delete-a-group jackknife (Tukey 1958; Kott 2001).
 *
 *   figures of all groups, and of all but one, for each group → variance → intervals, ranks, cautions
 *
 * A user is in one group, so all that a user did is left out together. Nothing is drawn: equal counts give equal intervals, to the last
 * bit. Few groups know their variance badly: hence Student's t. Groups do not say how many users converted, but few users leave groups
 * empty: a channel that few groups know has no interval.
 */
import type { Reward } from '../data-driven/counts.ts';
import { type ModelName, modelInfo } from '../models/catalogue.ts';
import type { CautionCode } from './cautions.ts';
import { FEWEST_FOR_RATIOS, FEWEST_OF_VALUE } from './cautions.ts';
import type { Estimate } from './estimators.ts';
import { type Rank, ranksBy } from './ranks.ts';
import { deviations, type Interval, onLogScale, partBelow, student, wilson } from './scales.ts';

/** Fewer know nothing of a variance. */
export const FEWEST_GROUPS = 8;
/** Converting users of a channel, as far as the groups show: for an interval at all, and for one without a mark. */
const FEWEST_USERS = 5;
const ENOUGH_USERS = 20;
/** Of the game of rates, over the channel alone: journeys, and groups with a conversion. */
const FEWEST_ALONE = { journeys: 30, groups: 5 };

export interface Grouped {
  readonly model: ModelName;
  readonly reward: Reward;
  readonly level: number;
  readonly channels: readonly string[];
  readonly is: Estimate;
  /** Of all groups but one, by group. */
  readonly without: readonly Estimate[];
  /** Groups with a conversion that met the channel, by channel. */
  readonly metBy: readonly number[];
  /** Of journeys that met no other channel, by channel: how many, and groups with a conversion. Only the game of rates asks. */
  readonly alone: readonly { readonly journeys: number; readonly groups: number }[];
}

export interface GroupedUncertainty {
  /** Of the reward as a whole. */
  readonly cautions: readonly CautionCode[];
  readonly channels: readonly GroupedChannel[];
}

/** Intervals are null where none can be had: `cautions` say why. */
export interface GroupedChannel {
  readonly channel: string;
  readonly share: Interval | null;
  /** Conversions or minor units. */
  readonly credit: Interval | null;
  /** The credit once more, for ROAS and CPA; null below 10 converting users as well. */
  readonly ofRatios: Interval | null;
  readonly effect: Interval | null;
  readonly rank: Rank | null;
  readonly cautions: readonly CautionCode[];
}

export function jackknife(grouped: Grouped): GroupedUncertainty {
  const { model, reward, channels, is, without, metBy } = grouped;
  const groups = without.length;
  const t = student(deviations(grouped.level), groups - 1);
  const refused = refusalOf(grouped);
  const isOutside = is.shares.some((share) => share < 0 || share > 1);
  const users = metBy.map((met) => usersOf(met, groups));
  const isKnown = users.map((count) => count >= FEWEST_USERS);
  const ranks = refused === null && !isOutside ? ranksBy(is.shares, isKnown, (a, b) => partAbove(grouped, a, b)) : [];
  return {
    cautions: [
      ...(refused === null ? [] : [refused]),
      ...(isOutside ? ['outside_of_whole' as const] : []),
      ...(reward === 'value' && refused === null ? cautionsOfValue(grouped) : []),
    ],
    channels: channels.map((channel, i) => {
      const amounts = without.map(({ shares, total }) => (shares[i] as number) * total);
      const credit = (is.shares[i] as number) * is.total;
      const variance = varianceOf(amounts.map(scaledUp));
      const refusals: CautionCode[] = [
        ...(isKnown[i] === true ? [] : ['few_groups' as const]),
        ...(isTooAlone(grouped, i) ? ['few_journeys_alone' as const] : []),
        ...(reward === 'value' && credit <= 0 ? ['value_not_positive' as const] : []),
        ...(reward === 'value' && credit > 0 && equals(credit, variance) < FEWEST_OF_VALUE.channel
          ? ['few_orders_decide' as const]
          : []),
      ];
      const none = refused !== null || refusals.length > 0;
      const isFew = isKnown[i] === true && (users[i] as number) < ENOUGH_USERS;
      const interval = none || isOutside || credit <= 0 ? null : onLogScale(credit, variance, t);
      return {
        channel,
        share:
          none || isOutside
            ? null
            : ofPart(is.shares[i] as number, varianceOf(without.map(({ shares }) => shares[i] as number)), t),
        credit: interval,
        ofRatios: (users[i] as number) < FEWEST_FOR_RATIOS ? null : interval,
        effect: none || modelInfo(model).effect === null ? null : ofEffect(grouped, i, t),
        rank: none ? null : (ranks[i] ?? null),
        cautions: [...(isFew ? ['few_conversions' as const] : []), ...refusals],
      };
    }),
  };

  /** All but one of the groups, as much as all of them. */
  function scaledUp(amount: number): number {
    return (amount * groups) / (groups - 1);
  }

  function ofEffect({ is: { effects } }: Grouped, i: number, z: number): Interval {
    const effect = effects[i] as number;
    const others = without.map((one) => one.effects[i] as number);
    const { isPart } = modelInfo(model);
    // Of the sum game the effect is an amount; of games of rates it is a rate, whatever the number of users.
    const isAmount = model === 'shapley';
    const variance = varianceOf(isAmount ? others.map(scaledUp) : others);
    if (isPart && effect >= 0 && effect <= 1) return ofPart(effect, variance, z);
    if (isAmount && effect > 0) return onLogScale(effect, variance, z);
    const half = z * Math.sqrt(variance);
    return { low: effect - half, high: effect + half };
  }
}

/** Why nothing is said of the reward; null: there are intervals. */
function refusalOf({ reward, is, without }: Grouped): CautionCode | null {
  if (without.length < FEWEST_GROUPS) return 'too_few_groups';
  if (reward !== 'value') return null;
  if (is.total <= 0) return 'value_not_positive';
  return equalsOfAll(is, without) < FEWEST_OF_VALUE.all ? 'few_orders_decide' : null;
}

function cautionsOfValue({ is, without }: Grouped): CautionCode[] {
  return [...(equalsOfAll(is, without) < 100 ? ['few_large_orders' as const] : []), 'larger_orders_unseen'];
}

function equalsOfAll(is: Estimate, without: readonly Estimate[]): number {
  const { length } = without;
  return equals(is.total, varianceOf(without.map(({ total }) => (total * length) / (length - 1))));
}

/** How many users of equal value would be as certain. */
function equals(amount: number, variance: number): number {
  return variance === 0 ? Number.POSITIVE_INFINITY : amount ** 2 / variance;
}

function isTooAlone({ model, alone }: Grouped, i: number): boolean {
  if (model !== 'rateShapley') return false;
  const { journeys = 0, groups = 0 } = alone[i] ?? {};
  return journeys < FEWEST_ALONE.journeys || groups < FEWEST_ALONE.groups;
}

/** Users that leave as many of the groups empty, most likely. */
function usersOf(met: number, groups: number): number {
  return met >= groups ? Number.POSITIVE_INFINITY : Math.log(1 - met / groups) / Math.log(1 - 1 / groups);
}

function ofPart(part: number, variance: number, t: number): Interval {
  return variance > 0 ? wilson(part, (part * (1 - part)) / variance, t) : { low: part, high: part };
}

function partAbove({ is: { shares }, without }: Grouped, a: number, b: number): number {
  const difference = (of: Float64Array) => (of[a] as number) - (of[b] as number);
  const deviation = Math.sqrt(varianceOf(without.map((one) => difference(one.shares))));
  const apart = difference(shares);
  return deviation === 0 ? (1 + Math.sign(apart)) / 2 : partBelow(apart / deviation, without.length - 1);
}

/** Of a figure, from what it is without each of the groups. */
function varianceOf(without: readonly number[]): number {
  const { length } = without;
  const mean = without.reduce((sum, x) => sum + x, 0) / length;
  return (without.reduce((sum, x) => sum + (x - mean) ** 2, 0) * (length - 1)) / length;
}
