/**
 * What the users of a channel show of how often such users convert, or of what they are worth, beside those of all other channels. A few
 * users do not show it: samples in which they happen to be alike are those in which the users who convert most are missing, and there the
 * figure is too low and its variance too small. All others are many, and what they show hardly depends on the channel's own figures.
 *
 *   power sums of each channel → those of all others, of units that did not meet the channel → how unlike these are, and whether the channel is
 *   more unlike than chance makes it
 */
import { ENOUGH_BY_ITSELF, fewestToRefute, mayBeOfFew, noOrders, type OrdersAUser } from './orders-a-user.ts';

/**
 * How many units there are, the sums of the first four powers of their amounts, how many of them have nothing (orders that were refunded), and
 * where these are users: how many order how often (orders-a-user.ts).
 */
export type Powers = readonly [
  units: number,
  first: number,
  second: number,
  third: number,
  fourth: number,
  none: number,
  ...orders: number[],
];

export interface BesideOthers {
  /** The channel's own. */
  readonly units: number;
  /** How many units are as certain as one would be if all were equal, over other channels: 1 + the squared coefficient of variation. */
  readonly unlike: number;
  /** The same of the channel's own. */
  readonly own: number;
  /** How unlike they may be at most, beside the others. */
  readonly most: number;
  /** The channel's own are more unlike than that, or a few users may decide it: the others do not show what its own are. */
  readonly isApart: boolean;
  /** Users it takes to show that few do not decide it. */
  readonly fewest: number;
}

/** Fewer units over all other channels show nothing. */
const FEWEST_OTHERS = 20;
/** Up to this, units are alike: a coefficient of variation of 0.5. `ALIKE` times as unlike as the others, and 3 standard errors more, is not apart. */
const ALIKE = 1.25;
const ERRORS = 3;
/** Two are enough where refunds are counted: 3 in a hundred channels of the same refunds are refused. */
const ERRORS_OF_NOTHING = 2;

/** What channels share: a unit that met several of them counts for each, and what the channel itself is made of may not be what it is held against. */
export interface Shared {
  /** By channel: what all channels have of the units that met it. */
  readonly withAll: readonly Powers[];
  /** What one channel has of the units that met each channel. */
  withEach(channel: number): readonly Powers[];
}

/** By channel; null: the others are too few. */
export function besideOthers(each: readonly Powers[], { withAll, withEach }: Shared): (BesideOthers | null)[] {
  const all = each.reduce(added, NONE);
  const byUnlike = each.map((_, i) => i).sort((a, b) => unlikeOf(each[b] as Powers) - unlikeOf(each[a] as Powers) || a - b);
  const shared = byUnlike.slice(0, 2).map(withEach);
  return each.map((own, i) => {
    const others = less(all, withAll[i] as Powers);
    const at = byUnlike[0] === i ? 1 : 0;
    const first = byUnlike[at];
    const other = first === undefined ? NONE : less(each[first] as Powers, shared[at]?.[i] as Powers);
    // Another that stands apart from most is none of those that show what is usual.
    const rest = less(others, other);
    const usual = rest[0] >= Math.max(FEWEST_OTHERS, other[0]) && unlikeOf(other) > mostUnlike(rest, other[0]) ? rest : others;
    if (usual[0] < FEWEST_OTHERS || !(usual[1] > 0)) return null;
    const most = mostUnlike(usual, own[0]);
    const isApart = unlikeOf(own) > most || own[5] > mostOfNothing(usual, own[0]) || mayBeOfFew(ordersOf(own), ordersOf(usual));
    const fewest = ordersOf(own)[0] === 0 ? 0 : fewestToRefute(ordersOf(usual));
    return { units: own[0], unlike: unlikeOf(usual), own: unlikeOf(own), most, isApart, fewest };
  });
}

const NONE: Powers = [0, 0, 0, 0, 0, 0, ...noOrders()];
/** Where in `Powers` the orders begin. */
export const ORDERS_FROM = 6;

function added(a: Powers, b: Powers): Powers {
  return a.map((one, k) => one + (b[k] as number)) as unknown as Powers;
}

function less(a: Powers, b: Powers): Powers {
  return a.map((one, k) => one - (b[k] as number)) as unknown as Powers;
}

function ordersOf(powers: Powers): OrdersAUser {
  return powers.slice(ORDERS_FROM);
}

function unlikeOf([units, first, second]: Powers): number {
  return units === 0 ? 0 : first <= 0 ? Number.POSITIVE_INFINITY : Math.max(1, (units * second) / first ** 2);
}

function mostUnlike(others: Powers, units: number): number {
  return units === 0 ? Number.POSITIVE_INFINITY : ALIKE * unlikeOf(others) + ERRORS * errorOf(others, units);
}

/** How many of that many units may have nothing left, beside the others. */
function mostOfNothing(others: Powers, units: number): number {
  const { expected, error } = asOthers(units, { count: others[0], some: others[5] });
  return expected + ERRORS_OF_NOTHING * error;
}

/** How many of `count` are expected to be as `some` of the others are, and by how much that errs. That none of the others is does not show that none would be. */
function asOthers(
  count: number,
  others: { readonly count: number; readonly some: number },
): Readonly<Record<'expected' | 'error', number>> {
  const part = (others.some + 0.5) / (others.count + 1);
  return { expected: count * part, error: Math.sqrt(count * part * (1 - part)) };
}

/** The standard error of `unlikeOf` among that many units, by the influence of each (von Mises 1947): x²/μ² − 2·q·x/μ + q. */
function errorOf([all, first, second, third, fourth]: Powers, units: number): number {
  const mean = first / all;
  const q = second / all / mean ** 2;
  const variance = fourth / all / mean ** 4 - 4 * q * (third / all / mean ** 3) + (4 * q ** 2 + 2 * q) * q - 3 * q ** 2;
  return Math.sqrt(Math.max(0, variance) / units);
}

/** Fewer say nothing. */
const FEWEST_ALIKE = 5;
/** As many of them must be as certain as that many equal ones, as far as the others show how unlike they are; of value more, for refunds and prices are of a channel more often than habits are. */
const FEWEST_EQUAL = { ofConversions: 20, ofValue: 40, ofVeryUnlike: 100 };
/** A coefficient of variation of 0.7. */
const UNLIKE = 1.5;
/** A coefficient of variation of 1. */
const VERY_UNLIKE = 2;

/** Up to this the others convert once each, and a few of them twice. */
const ONCE = 1.05;

/**
 * Whether the absence of units says how few a channel may have: only where all others convert once. Where refunds make two conversions of some,
 * a channel of which most are refunded has more than the others show: its bound of 0 held in 76 of 100.
 */
export function showsAbsence({ unlike }: BesideOthers): boolean {
  return unlike <= ONCE;
}

/** How many units a channel needs to be printed. */
export function fewestBeside({ unlike, isApart, fewest }: BesideOthers, of: 'ofConversions' | 'ofValue'): number {
  if (isApart) return ENOUGH_BY_ITSELF.units;
  return Math.max(fewest, fewestUnlike(unlike, of));
}

function fewestUnlike(unlike: number, of: 'ofConversions' | 'ofValue'): number {
  if (unlike <= ALIKE) return FEWEST_ALIKE;
  const enough = FEWEST_EQUAL[unlike <= VERY_UNLIKE ? of : 'ofVeryUnlike'] * unlike;
  // From alike to unlike without a step.
  const part = Math.min(1, (unlike - ALIKE) / (UNLIKE - ALIKE));
  return Math.min(ENOUGH_BY_ITSELF.units, Math.ceil(FEWEST_ALIKE + part * (enough - FEWEST_ALIKE)));
}

/** The units of a channel: how many there are, how many equal ones would be as certain, and whether they have a tail. */
interface Own {
  readonly units: number;
  readonly equal: number;
  readonly isHeavy: boolean;
}

/** Whether the units are too few to be printed beside the others, or show by themselves that a few of them decide. */
export function isOfFewBeside(beside: BesideOthers, of: 'ofConversions' | 'ofValue', { units, equal, isHeavy }: Own): boolean {
  if (units >= ENOUGH_BY_ITSELF.units) return equal < ENOUGH_BY_ITSELF.equal || isHeavy;
  return beside.isApart || units < fewestUnlike(beside.unlike, of);
}

/**
 * By what the variance of a figure is multiplied: a channel's own units are no more alike than those of the others, and where they seem to be
 * more unlike, they are taken to be as unlike as they may be that are printed.
 */
export function widenedBeside(beside: BesideOthers | null): number {
  if (beside === null || beside.units >= ENOUGH_BY_ITSELF.units || !(beside.own > 0)) return 1;
  const { unlike, own, most } = beside;
  if (own > ALIKE && own > unlike) return Math.max(1, most / own);
  return unlike <= ALIKE ? 1 : Math.max(1, unlike / own);
}
