/** What the groups show of one channel beside all others: how often users convert, and whether a few of its users, or of its orders, decide it. */
import { modelInfo } from '../models/catalogue.ts';
import type { CautionCode } from './caution-codes.ts';
import { decidesRates, decidesShares } from './cautions.ts';
import type { Grouped, SingleOrder } from './grouped.ts';
import { mayBeOfFew } from './orders-a-user.ts';
import { NO_ORDERS } from './orders-of-channels.ts';
import { poissonAbove } from './selection.ts';
import { type Amount, areAlike, hasHeavyTail, mayBeHeavy } from './tail.ts';

/**
 * How many times as far the conversions of a channel may differ between 16 groups as those of the others, and how rare its largest group may
 * be beside the others of its own. All other channels together show how often users convert, each by its own groups: an ordinary channel
 * passes in 98 of 100 samples, and so what passes is hardly chosen by its own figures (docs/uncertainty.md).
 */
const MOST_APART = { times: 0.9, rarest: 0.05, degrees: 15 } as const;
/** From that many times on it seems to differ more than the others. */
const SEEMS_APART = 1.25;
/** Conversions that a rule divides between channels differ less than whole ones, by the part of each. */
const LEAST_DISPERSED = { whole: 1, divided: 0.8 };
/** Fewer conversions of all other channels show nothing. */
const FEWEST_OTHERS = 20;
/** From here on users convert repeatedly, as far as groups show. */
const REPEATEDLY = 1.5;

/** Whether its conversions differ more between groups than those of the others: some users may convert so often that what holds of all does not hold of its own. */
export function isApart(grouped: Grouped, i: number): boolean {
  const own = grouped.met[i] as readonly number[];
  const { base, of } = beside(grouped, i);
  if (base === null || of === 0) return false;
  if (of > base * mostApart(own.length)) return true;
  return own.length * poissonAbove(Math.floor(Math.max(...own) / base), sumOf(own) / own.length / base) < MOST_APART.rarest;
}

/** Whether a few users may decide it: how often users order over a channel is counted, for the sums of groups hardly show it. */
export function isOfFewUsers({ orders }: Grouped, i: number): boolean {
  const { own, others } = orders[i] ?? NO_ORDERS;
  return mayBeOfFew(own, others);
}

/** More groups know a variance better: 1.9 times of 16, 1.44 of 64. */
function mostApart(groups: number): number {
  return 1 + MOST_APART.times * Math.sqrt(MOST_APART.degrees / (groups - 1));
}

/**
 * By what the variance of a figure is multiplied, for samples print a channel in which its groups differ little. Where users convert
 * repeatedly, as far as the others show, its own differ no less: where they do it holds few of the users who convert most, and its figures
 * are low. Where they seem to differ more than the others, they are taken to differ as much as a channel may that is printed. `most`: as much
 * as all may that are printed.
 */
export function widenedBy(grouped: Grouped, i: number, most: number): number {
  const { base, of, pooled } = beside(grouped, i);
  if (base === null || of === 0) return 1;
  if (of > SEEMS_APART * base) return Math.max(1, (base * mostApart(grouped.without.length)) / of);
  if (pooled.dispersion < REPEATEDLY) return 1;
  const isNear = pooled.dispersion * (1 + 2 * pooled.error) >= most;
  return Math.max(1, (isNear ? Math.max(pooled.dispersion, most) : pooled.dispersion) / of);
}

/** `of`: variance over sum of a channel; `base`: of all others, as far as it can be; null: they are too few. */
function beside({ met }: Grouped, i: number) {
  const own = met[i] as readonly number[];
  const others = met.filter((_, channel) => channel !== i);
  const pooled = pooledOf(others);
  const isWhole = met.every((amounts) => amounts.every(Number.isInteger));
  const least = isWhole ? LEAST_DISPERSED.whole : LEAST_DISPERSED.divided;
  const isFew = others.reduce((sum, amounts) => sum + sumOf(amounts), 0) < FEWEST_OTHERS;
  const ofOwn = sumOf(own);
  return {
    base: isFew ? null : Math.max(least, pooled.dispersion),
    of: ofOwn > 0 ? dispersionOf(own, ofOwn) : 0,
    pooled,
  };
}

/** Variance over sum of all channels together, each by its groups: how often users convert over the same channel is known better by these than by the sum of all. */
export function pooledDispersion({ met }: Grouped): number {
  return pooledOf(met).dispersion;
}

/** A channel that stands apart from most is left out. */
function pooledOf(met: readonly (readonly number[])[]): { readonly dispersion: number; readonly error: number } {
  const each = met
    .map((own) => ({ sum: sumOf(own), dispersion: dispersionOf(own, sumOf(own)) }))
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => b.dispersion - a.dispersion);
  const [first, ...rest] = each;
  if (first === undefined) return { dispersion: 0, error: 0 };
  const mean = (of: typeof each) => of.reduce((sum, one) => sum + one.sum * one.dispersion, 0) / sumOf(of.map(({ sum }) => sum));
  const groups = met[0]?.length ?? 0;
  const isMost = first.sum > sumOf(rest.map(({ sum }) => sum));
  const isFirstApart = !isMost && first.dispersion > mostApart(groups) * Math.max(LEAST_DISPERSED.divided, mean(rest));
  const kept = isFirstApart ? rest : each;
  const channels = sumOf(kept.map(({ sum }) => sum)) ** 2 / sumOf(kept.map(({ sum }) => sum ** 2));
  return { dispersion: mean(kept), error: Math.sqrt(2 / (channels * (groups - 1))) };
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

function ofOrder({ value }: SingleOrder): Amount {
  return { amount: Math.abs(value), times: 1 };
}

function equalOnes(orders: readonly SingleOrder[]): number {
  const [sum, squares] = orders.reduce(([s, q], { value }) => [s + Math.abs(value), q + value ** 2], [0, 0]);
  return squares === 0 ? 0 : sum ** 2 / squares;
}

/**
 * The parts of all others rest on the channels that have no interval. The game of rates is of all channels together: it rests on those that
 * few users or orders may decide, by their part of the conversions, and not on those of few conversions: by which channels these are it is
 * chosen how the others did.
 */
export function leavesNoShares({ model, is, met, conversions }: Grouped, refusals: readonly (readonly CautionCode[])[]): boolean {
  const isRate = modelInfo(model).estimates === 'rateDifference';
  return decidesShares(
    refusals.map((codes) => (isRate ? decidesRates(codes) : codes.length > 0)),
    isRate ? met.map((own) => sumOf(own) / conversions.is) : is.shares,
  );
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
