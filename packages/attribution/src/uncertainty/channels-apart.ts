/** What the groups show of one channel beside all others: whether a few of its users, or of its orders, decide it. */
import { isRule, modelInfo } from '../models/catalogue.ts';
import { type CautionCode, decidesShares } from './cautions.ts';
import type { Grouped, SingleOrder } from './jackknife.ts';
import { areAlike, hasHeavyTail, mayBeHeavy, type Repeated } from './tail.ts';

/**
 * How many times as far the conversions of a channel may differ between groups, by what they are, as those of all others: few, or few of the
 * users. An ordinary channel passes in 82 of 100 samples, one of 22 to 100 users with Zipf's exponent 1.5 in 1 to 9 (docs/uncertainty.md).
 */
const MOST_DISPERSED = { ofFewUsers: 1.3, ofFew: 1.6, few: 100, others: 2, forShares: 1.75 } as const;
/** Whole conversions differ as their number does, or more; those that a rule divides between channels by that part of it. */
const LEAST_DISPERSED = 0.8;
/** Fewer conversions of all other channels show nothing. */
const FEWEST_OTHERS = 20;

/** Whether some users convert so often over the channel alone that what holds of all users does not hold of its own. */
export function isOfFewUsersBeside(grouped: Grouped, i: number, hasFewUsers: boolean): boolean {
  const { ofFewUsers, ofFew, few, others } = MOST_DISPERSED;
  const limit = hasFewUsers ? ofFewUsers : sumOf(grouped.met[i] as readonly number[]) < few ? ofFew : others;
  return dispersedBy(grouped, i) > limit;
}

/** How many times as far the conversions of a channel differ between groups as those of all others. */
function dispersedBy({ model, conversions, met }: Grouped, i: number): number {
  const own = met[i] as readonly number[];
  const ofOwn = sumOf(own);
  const others = conversions.without.map((without, group) => conversions.is - without - (own[group] as number));
  const ofOthers = conversions.is - ofOwn;
  if (ofOthers < FEWEST_OTHERS || ofOwn <= 0) return 0;
  return dispersionOf(own, ofOwn) / Math.max(isRule(model) ? LEAST_DISPERSED : 1, dispersionOf(others, ofOthers));
}

function ordersOf({ singleOrders, channels }: Grouped, i: number): SingleOrder[] {
  return singleOrders.filter((order) => order.channels.includes(channels[i] as string));
}

export function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, one) => sum + one, 0);
}

/** Variance of a sum over groups, by the sum: 1 of single conversions. */
export function dispersionOf(byGroup: readonly number[], sum: number): number {
  const { length } = byGroup;
  const mean = sum / length;
  const squares = byGroup.reduce((all, one) => all + (one - mean) ** 2, 0);
  return (squares * length) / (length - 1) / sum;
}

function ofOrder({ value }: SingleOrder): Repeated {
  return { amount: Math.abs(value), times: 1 };
}

function equalOnes(orders: readonly SingleOrder[]): number {
  const [sum, squares] = orders.reduce(([s, q], { value }) => [s + Math.abs(value), q + value ** 2], [0, 0]);
  return squares === 0 ? 0 : sum ** 2 / squares;
}

/**
 * The parts of all others rest on the channels that have no interval; not on those that few users may decide, and more of which do not. The
 * game of rates is of all channels together: it rests on each, by its part of the conversions.
 */
export function leavesNoShares(grouped: Grouped, refusals: readonly (readonly CautionCode[])[]): boolean {
  const { model, reward, is, met, conversions } = grouped;
  const isRefused = refusals.map((codes, i) => {
    const isOnlyLikely = codes.every((code) => code === 'few_users_decide') && reward === 'conversions';
    return (
      codes.length > 0 &&
      (!isOnlyLikely || dispersedBy(grouped, i) > (isRule(model) ? MOST_DISPERSED.others : MOST_DISPERSED.forShares))
    );
  });
  const isRate = modelInfo(model).estimates === 'rateDifference';
  return decidesShares(isRefused, isRate ? met.map((own) => sumOf(own) / conversions.is) : is.shares);
}

/** Whether the orders that are known by themselves show a tail without a variance. */
export function showTail(orders: readonly SingleOrder[]): boolean {
  return !areAlike(orders.length, equalOnes(orders)) && hasHeavyTail(orders.map(ofOrder));
}

/** The same of those of one channel of that many conversions: few must be alike. */
export function mayShowTail(grouped: Grouped, i: number, conversions: number): boolean {
  const orders = ordersOf(grouped, i);
  const { length } = orders;
  return length > 0 && mayBeHeavy(Math.max(conversions, length), length, equalOnes(orders), hasHeavyTail(orders.map(ofOrder)));
}
