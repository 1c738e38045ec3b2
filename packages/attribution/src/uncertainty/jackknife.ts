/**
 * How sure a model is of counts that are kept by groups of users, and not by user: the delete-a-group jackknife (Tukey 1958; Kott 2001).
 *
 *   figures of all groups, and of all but one, for each group → variance → intervals, ranks, cautions
 *
 * A user is in one group, so all that a user did is left out together. Nothing is drawn: equal counts give equal intervals, to the last
 * bit. Few groups know their variance badly: hence Student's t. Groups do not say how many users converted, but few users leave groups
 * empty: a channel that few groups know has no interval.
 */

import { CREDIT_UNIT_MICROS } from '@tributary/model/amounts/money';
import { isRule, type ModelName, modelInfo } from '../models/catalogue.ts';
import type { CautionCode } from './caution-codes.ts';
import { ENOUGH_IN_ALL, FEWEST_FOR_RATIOS, FEWEST_OF_VALUE } from './cautions.ts';
import {
  dispersionOf,
  isApart,
  isOfFewUsers,
  leavesNoShares,
  mayShowTail,
  pooledDispersion,
  showTail,
  sumOf,
  widenedBy,
} from './channels-apart.ts';
import type { Grouped } from './grouped.ts';
import { type Rank, ranksBy } from './ranks.ts';
import { degreesOfRates, deviationsAbove, FEWEST_ALONE, heightAlone, refusalOfRates } from './rates-alone.ts';
import {
  EQUAL,
  type Interval,
  isNoise,
  isNoneOrAll,
  isOutsideOfWhole,
  onLogScale,
  partBelow,
  student,
  wilson,
} from './scales.ts';
import { type Known, loweredBy, loweredBySign, MANY_DEVIATIONS, SURELY_ABOVE } from './selection.ts';

/** How many users of equal value all must be worth, as far as groups show: twice as many as where users are known, for they show it to ± 37 %. */
const FEWEST_IN_GROUPS = 100;
/** Fewer know nothing of a variance. */
export const FEWEST_GROUPS = 8;
/** Converting users of a channel, as far as the groups show: for an interval at all, and for one without a mark. */
const FEWEST_USERS = 5;
const ENOUGH_USERS = 20;

export interface GroupedUncertainty {
  /** They concern the reward as a whole. */
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
  readonly amounts: Amounts;
}

/** The credit, as intervals of changes need it. */
interface Amounts {
  readonly is: number;
  /** Over all groups but one, by group, scaled up to all of them. */
  readonly without: readonly number[];
  /** The deviation that rounding may make. */
  readonly rounding: number;
  /** Groups with a conversion over the channel. */
  readonly known: number;
}

/**
 * The interval of a credit less that of an earlier window: a group is left out of both at once, for users may be in both. null where either has no interval.
 */
export function ofChange(now: GroupedChannel, before: GroupedChannel, level: number): Interval | null {
  if (now.credit === null || before.credit === null) return null;
  const without = now.amounts.without.map((amount, group) => amount - (before.amounts.without[group] as number));
  const variance = varianceOf(without);
  if (isRounding(variance, now.amounts.is, now.amounts.rounding + before.amounts.rounding)) return null;
  const half = student(level, without.length - 1) * Math.sqrt(variance);
  const change = now.amounts.is - before.amounts.is;
  return { low: change - half, high: change + half };
}

/**
 * The interval of a credit over that of an earlier window, on the log scale: what ROAS and CPA change by where costs are known. null where
 * either window has fewer than 20 converting users, as far as groups show. Samples print it in which the channel did well in both: so the
 * lower bound allows for that of now, the upper one for that of before, and null where the earlier window has no group more than it needs.
 */
export function ofRatio(now: GroupedChannel, before: GroupedChannel, level: number): Interval | null {
  const isFew = ({ ofRatios, cautions }: GroupedChannel) => ofRatios === null || cautions.includes('few_users');
  if (isFew(now) || isFew(before) || hasFewBefore(before)) return null;
  const without = now.amounts.without.map((amount, group) => Math.log(amount / (before.amounts.without[group] as number)));
  const variance = varianceOf(without);
  if (isNoise(variance, 1)) return null;
  const factor = Math.exp(student(level, without.length - 1) * Math.sqrt(variance));
  const ratio = now.amounts.is / before.amounts.is;
  const selected = ({ amounts }: GroupedChannel) => loweredBy(knownOf(amounts), level);
  return { low: (ratio / factor) * selected(now), high: (ratio * factor) / selected(before) };
}

/** Whether an earlier window shows so few users that what it is compared by may be any part of what it seems. */
export function hasFewBefore({ amounts }: GroupedChannel): boolean {
  const { known, fewest, groups } = knownOf(amounts);
  return known < groups && known <= fewest;
}

function knownOf({ known, without: { length: groups } }: Amounts): Known {
  return { known, fewest: groupsOf(ENOUGH_USERS, groups), groups };
}

/** A model that was not run without each group has none. */
export function notRun(channels: readonly string[], code: CautionCode): GroupedUncertainty {
  const none = { share: null, credit: null, ofRatios: null, effect: null, rank: null, cautions: [] };
  const amounts: Amounts = { is: 0, without: [], rounding: 0, known: 0 };
  return { cautions: [code], channels: channels.map((channel) => ({ channel, ...none, amounts })) };
}

export function jackknife(grouped: Grouped): GroupedUncertainty {
  const { model, reward, channels, is, without, met: byGroup } = grouped;
  const groups = without.length;
  const isRate = modelInfo(model).estimates === 'rateDifference';
  const met = byGroup.map((own) => ({ groups: own.filter((one) => one > 0).length }));
  const alone = grouped.alone.map(({ journeys }) => journeys);
  const degrees = Math.max(1, Math.min(groups - 1, degreesOfRates(isRate ? alone : [])));
  const t = student(grouped.level, degrees);
  const mostDispersed = grouped.conversions.is / fewestAlike(grouped);
  const refused = refusalOf(grouped) ?? refusalOfRates(model, degreesOfRates(alone));
  const isOutside = is.shares.some(isOutsideOfWhole);
  const users = met.map((one) => usersOf(one.groups, groups));
  const isKnown = users.map((count) => count >= FEWEST_USERS);
  const amountsOf = channels.map((_, i) => without.map(({ shares, total }) => scaledUp((shares[i] as number) * total)));
  const refusalsOf = channels.map((_, i) => refusalsOfChannel(grouped, i, isKnown[i] === true, amountsOf[i] as number[]));
  const hasNoShares = refused === null && leavesNoShares(grouped, refusalsOf);
  /** Allows for that the channel is printed because at least that number of users converted over it. */
  const lowered = (interval: Interval | null, i: number, least: number): Interval | null => {
    // A bound below 0 is lower than any part of it.
    if (interval === null || interval.low <= 0) return interval;
    const known = { known: met[i]?.groups ?? 0, fewest: groupsOf(least, groups), groups };
    return { ...interval, low: interval.low * loweredBy(known, grouped.level) };
  };
  const rounding = roundingOf(grouped);
  const ranks =
    refused === null && !isOutside
      ? ranksBy(is.shares, isKnown, (a, b) => partAbove(grouped, rounding, a, b), Math.min(rounding.apart, MOST_EQUAL))
      : [];
  return {
    cautions: [
      ...(refused === null ? [] : [refused]),
      // As many users at most.
      ...(refused === null && grouped.conversions.is < ENOUGH_IN_ALL ? ['fewer_than_100_conversions' as const] : []),
      ...(isOutside ? ['outside_of_whole' as const] : []),
      ...(hasNoShares && !isOutside ? ['shares_not_certain' as const] : []),
      ...(reward === 'value' && refused === null ? cautionsOfValue(grouped) : []),
    ],
    channels: channels.map((channel, i) => {
      const amounts = amountsOf[i] as number[];
      const credit = (is.shares[i] as number) * is.total;
      const widened = widenedBy(grouped, i, mostDispersed);
      const variance = varianceOf(amounts);
      const refusals = refusalsOf[i] as CautionCode[];
      const none = refused !== null || refusals.length > 0;
      const isFew = isKnown[i] === true && (users[i] as number) < ENOUGH_USERS;
      const ofCredit = rounding.deviation * is.total;
      const isStill = credit > 0 && isRounding(variance, credit, ofCredit);
      const of = is.effects[i] as number;
      const above = isRate
        ? deviationsAbove(of, varianceOf(without.map(({ effects }) => effects[i] as number)), degrees)
        : MANY_DEVIATIONS;
      const byAlone = isRate ? Math.max(0, 1 - aboveAlone(i) / of) : 1;
      const mayBeBelow = !(above >= SURELY_ABOVE);
      const hasNoCredit = none || isOutside || mayBeBelow;
      const bySign = (one: Interval | null) =>
        one === null ? null : { ...one, low: one.low * loweredBySign(above, grouped.level) * byAlone };
      const interval = hasNoCredit || credit <= 0 || isStill ? null : bySign(onLogScale(credit, widened * variance, t));
      const { effect: isEffect, estimates } = modelInfo(model);
      const hasEffect = !none && isEffect !== null && (estimates === 'amount' || !hasNoShares);
      const ofRate = hasEffect ? ofEffect(grouped, i, t * Math.sqrt(widened)) : null;
      const effect = isRate ? ofRate && { ...ofRate, low: ofRate.low - aboveAlone(i) } : lowered(ofRate, i, FEWEST_USERS);
      const neverDiffers = !none && ((isStill && !isOutside && !mayBeBelow) || (hasEffect && effect === null));
      return {
        channel,
        share: hasNoCredit || hasNoShares ? null : lowered(bySign(ofShare(i, t * Math.sqrt(widened))), i, FEWEST_USERS),
        credit: lowered(interval, i, FEWEST_USERS),
        ofRatios: (users[i] as number) < FEWEST_FOR_RATIOS ? null : lowered(interval, i, FEWEST_FOR_RATIOS),
        effect,
        rank: none ? null : (ranks[i] ?? null),
        cautions: [
          ...(isFew ? ['few_users' as const] : []),
          ...refusals,
          ...(!none && !isOutside && mayBeBelow ? ['sign_not_certain' as const] : []),
          ...(neverDiffers ? ['never_differs' as const] : []),
        ],
        amounts: { is: credit, without: amounts, rounding: ofCredit, known: met[i]?.groups ?? 0 },
      };
    }),
  };

  function ofShare(i: number, z: number): Interval {
    const variance = varianceOf(without.map(({ shares }) => shares[i] as number));
    const share = is.shares[i] as number;
    return ofPart(grouped, share, isRounding(variance, share, rounding.deviation) ? 0 : variance, z);
  }

  /** Samples print a channel in which enough convert by it alone: what the effect may be lower for that. Users as the groups show them. */
  function aboveAlone(i: number): number {
    const { journeys = 0, groups: known = 0 } = grouped.alone[i] ?? {};
    if (known >= groups) return 0;
    const lower = loweredBy({ known, fewest: groupsOf(FEWEST_ALONE.converted, groups), groups }, grouped.level);
    const rate = (usersOf(known, groups) * is.total) / grouped.conversions.is / Math.max(1, journeys);
    return heightAlone(alone, i, { lowered: lower, rate });
  }

  /** All but one of the groups, as much as all of them. */
  function scaledUp(amount: number): number {
    return (amount * groups) / (groups - 1);
  }

  function ofEffect({ is: { effects } }: Grouped, i: number, z: number): Interval | null {
    const effect = effects[i] as number;
    const others = without.map((one) => one.effects[i] as number);
    const { estimates } = modelInfo(model);
    // Amounts grow with the number of users, parts and rates do not.
    const isAmount = estimates === 'amount';
    const variance = varianceOf(isAmount ? others.map(scaledUp) : others);
    if (estimates === 'part' && !isOutsideOfWhole(effect)) return ofPart(grouped, effect, variance, z);
    if (isNoise(variance, effect)) return null;
    if (isAmount && effect > 0) return onLogScale(effect, variance, z);
    const half = z * Math.sqrt(variance);
    return { low: effect - half, high: effect + half };
  }
}

/** Why a channel has no interval. */
function refusalsOfChannel(grouped: Grouped, i: number, isKnown: boolean, amounts: readonly number[]): CautionCode[] {
  const { model, reward, is } = grouped;
  const credit = (is.shares[i] as number) * is.total;
  return [
    ...(isKnown ? [] : ['few_groups' as const]),
    ...(isKnown && isApart(grouped, i) ? ['differs_between_groups' as const] : []),
    ...(isKnown && isOfFewUsers(grouped, i) ? ['few_users_decide' as const] : []),
    ...(isTooAlone(grouped, i) ? ['few_journeys_alone' as const] : []),
    ...(reward === 'value' && credit <= 0 ? whyNotPositive(model, amounts, sumOf(grouped.met[i] as readonly number[])) : []),
    ...(reward === 'value' && credit > 0 && isDecidedByFew(grouped, i, amounts) ? ['few_orders_decide' as const] : []),
  ];
}

/** Why nothing is said of the reward; null: there are intervals. */
function refusalOf(grouped: Grouped): CautionCode | null {
  const { reward, is, without } = grouped;
  if (without.length < FEWEST_GROUPS) return 'too_few_groups';
  if (areOfFewUsers(grouped)) return 'few_users_decide';
  if (reward !== 'value') return null;
  if (is.total <= 0) return without.every(({ total }) => total === 0) && is.total === 0 ? 'no_value' : 'value_not_positive';
  return isOfFewOrders(grouped) ? 'few_orders_decide' : null;
}

/** Conversions that are as certain as one user of one conversion: below, users are taken to convert about as often as each other. */
const ALIKE_PER_USER = 2.5;
/** Where users convert repeatedly, how many of one conversion all must be worth: at least 200, and 0.55·n^0.8 of `n` conversions. */
const REPEATING = { fewest: 200, part: 0.55, power: 0.8 };

/**
 * By how far the conversions of the groups differ: a user with many of them stands in one group. How often single users convert is not
 * known, so these must be many. Where a law has no variance (Pareto with exponents to 1.67) `n` are as certain as some n^0.8 equal ones, or
 * fewer; 0.55 of these are what four in five samples of 450 users with 1 to 9 conversions pass, and one in ten of a law with exponent 1.5
 * (docs/uncertainty.md).
 */
function areOfFewUsers(grouped: Grouped): boolean {
  return Math.min(equals(grouped.conversions), grouped.conversions.is / pooledDispersion(grouped)) < fewestAlike(grouped);
}

/** As many users of one conversion all must be worth. */
function fewestAlike({ conversions: { is } }: Grouped): number {
  const { fewest, part, power } = REPEATING;
  return Math.min(Math.max(fewest, part * is ** power), is / ALIKE_PER_USER);
}

/** A law with exponent 1.5 has as many. */
const HEAVY = 2 / 3;
/** Value is taken to be of such a law where it is four times less certain than the users are, or less than 4·n^(2/3). */
const APART = 4;

/** A tail without a variance shows in the orders that are known by themselves, and in how uncertain the value is of as many users. */
function isOfFewOrders(grouped: Grouped): boolean {
  if (showTail(grouped.singleOrders)) return true;
  if (areAlikeInGroups(grouped)) return false;
  const users = Math.min(grouped.conversions.is, equals(grouped.conversions));
  return equalsOfAll(grouped) < Math.max(FEWEST_IN_GROUPS, Math.min(users / APART, APART * users ** HEAVY));
}

/** How many equal ones would be as certain as all are: by what they are, and what they are without each group. */
function equals({ is, without }: Grouped['conversions']): number {
  const { length } = without;
  const variance = varianceOf(without.map((amount) => (amount * length) / (length - 1)));
  return variance === 0 ? Number.POSITIVE_INFINITY : is ** 2 / variance;
}

/** No word where there are no conversions: groups say that. */
function whyNotPositive(model: ModelName, amounts: readonly number[], conversions: number): CautionCode[] {
  // A rate that is lower with a channel than without it makes credit negative, without a refund: `outside_of_whole` says that.
  const isRate = modelInfo(model).estimates === 'rateDifference';
  if (amounts.some((amount) => amount !== 0)) return isRate ? [] : ['value_not_positive'];
  return conversions > 0 ? ['no_value'] : [];
}

function cautionsOfValue(grouped: Grouped): CautionCode[] {
  return [...(equalsOfAll(grouped) < 100 ? ['few_large_orders' as const] : []), 'larger_orders_unseen'];
}

/**
 * By the values of all channels: an interval that is printed where the channel's own values happen to differ little would miss too often.
 * Values that differ little need no more conversions than credit does. Besides, its own orders must show no tail, as far as they are known
 * by themselves, nor its value differ between groups as that of a law without a variance does.
 */
function isDecidedByFew(grouped: Grouped, i: number, amounts: readonly number[]): boolean {
  const { is } = grouped.conversions;
  const own = grouped.met[i] as readonly number[];
  const conversions = Math.min(sumOf(own), is);
  if (!areAlikeInGroups(grouped) && (conversions * equalsOfAll(grouped)) / is < FEWEST_OF_VALUE.channel) return true;
  if (mayShowTail(grouped, i, conversions)) return true;
  if (modelInfo(grouped.model).estimates === 'rateDifference') return false;
  const credit = (grouped.is.shares[i] as number) * grouped.is.total;
  return credit ** 2 / varianceOf(amounts) < conversions / Math.max(1, dispersionOf(own, conversions)) / APART;
}

/** Coefficient of variation of what a conversion is worth, up to which values are taken as equal, however few. */
const EVEN = 0.5;

function areAlikeInGroups({ is: { total }, without, conversions }: Grouped): boolean {
  const ratios = without.map((one, group) => one.total / (conversions.without[group] as number));
  return varianceOf(ratios) * conversions.is <= (EVEN * (total / conversions.is)) ** 2;
}

/** How many users of equal value would be as certain as all are. */
function equalsOfAll({ is: { total }, without }: Grouped): number {
  return equals({ is: total, without: without.map((one) => one.total) });
}

function isTooAlone({ model, alone, without }: Grouped, i: number): boolean {
  if (modelInfo(model).estimates !== 'rateDifference') return false;
  const { journeys = 0, groups = 0 } = alone[i] ?? {};
  return journeys < FEWEST_ALONE.journeys || groups < groupsOf(FEWEST_ALONE.converted, without.length);
}

/** Users that leave as many of the groups empty, most likely. */
function usersOf(known: number, groups: number): number {
  return known >= groups ? Number.POSITIVE_INFINITY : Math.log(1 - known / groups) / Math.log(1 - 1 / groups);
}

/** The fewest groups that show as many users. */
function groupsOf(users: number, groups: number): number {
  return Math.ceil(groups * (1 - (1 - 1 / groups) ** users) - NEARLY);
}

/** Rounding noise of a number of groups. */
const NEARLY = 1e-9;

/** A part that is the same without any group is as certain as all conversions are, and never more than these are witnesses. */
function ofPart({ conversions: { is, without } }: Grouped, part: number, variance: number, t: number): Interval {
  if (!isNoise(variance, part) && !isNoneOrAll(part)) return wilson(part, (part * (1 - part)) / variance, t);
  const { length } = without;
  const ofAll = varianceOf(without.map((count) => (count * length) / (length - 1)));
  return wilson(part, isNoise(ofAll, is) ? is : Math.min(is, is ** 2 / ofAll), t);
}

function partAbove({ is: { shares }, without }: Grouped, rounding: Rounding, a: number, b: number): number {
  const difference = (of: Float64Array) => (of[a] as number) - (of[b] as number);
  const variance = varianceOf(without.map((one) => difference(one.shares)));
  const apart = difference(shares);
  if (Math.abs(apart) <= rounding.apart) return 0.5;
  if (isRounding(variance, 1, 2 * rounding.deviation)) return (1 + Math.sign(apart)) / 2;
  return partBelow(apart / Math.sqrt(variance), without.length - 1);
}

/** What rounding may make of shares that are equal. */
interface Rounding {
  /** Between two of them. */
  readonly apart: number;
  /** Among groups, as a standard deviation. */
  readonly deviation: number;
}

/**
 * A rule hands out whole micros of each conversion and whole minor units of each order, the rest by position: up to one unit a conversion, in
 * one direction for channels that always stand first. Among groups these add up like any error of single conversions.
 */
function roundingOf({ model, reward, is, conversions }: Grouped): Rounding {
  if (!isRule(model) || conversions.is <= 0 || is.total <= 0) return { apart: EQUAL, deviation: 0 };
  const unit = reward === 'value' ? conversions.is / is.total : 1 / CREDIT_UNIT_MICROS;
  return { apart: unit, deviation: unit / Math.sqrt(conversions.is) };
}

/** Where orders are worth a few minor units, rounding sets shares further apart than that: their order is not certain, but they are not equal. */
const MOST_EQUAL = 0.001;

function isRounding(variance: number, figure: number, deviation: number): boolean {
  return isNoise(variance, figure) || variance <= deviation ** 2;
}

/** The variance of a figure, from what it is without each of the groups. */
function varianceOf(without: readonly number[]): number {
  const { length } = without;
  const mean = without.reduce((sum, x) => sum + x, 0) / length;
  return (without.reduce((sum, x) => sum + (x - mean) ** 2, 0) * (length - 1)) / length;
}
