/**
 * Whether amounts may be so far apart that their sum has no variance to speak of: then it is decided by amounts that are rare in the
 * sample or missing from it, and an interval from the sample's own variance misses too often.
 *
 *   amounts, largest first → Hill's estimate of the tail index over the largest 1.5·√n (Hill 1975) → not above 2 for certain: no variance
 *
 * The estimate errs by its own √k-th part over k amounts, so it must be above 2 by 1.5 of these errors: of laws with exponent 1.8 a third of
 * the samples passed 2 itself, and held in 70 of 100 (docs/uncertainty.md).
 *
 * A law with few different amounts has no tail index, and small estimates all the same. So a tail is heavy only where the largest amount
 * makes up a twentieth of the sum of squares as well: of a law without a variance it does at any size of the sample.
 */

/** An amount above 0, and how many units have it. */
export interface Amount {
  readonly amount: number;
  readonly times: number;
}

/** Laws with a smaller tail index have no variance. */
const WITH_VARIANCE = 2;
/** By how many of its standard errors the estimate must be above it. */
const CERTAIN = 1.5;
/** How many of `n` amounts are the tail: `TAIL`·√n. */
const TAIL = 1.5;
/** Fewer say nothing of a tail. */
const FEWEST_IN_TAIL = 5;
/** How many of these must lie above the amount where the tail begins. */
const FEWEST_ABOVE = 3;
/** Part of the sum of squares. */
const LARGEST = 0.05;

export function hasHeavyTail(amounts: readonly Amount[]): boolean {
  const sorted = amounts.filter(({ amount }) => amount > 0).sort((a, b) => b.amount - a.amount);
  const count = sorted.reduce((sum, { times }) => sum + times, 0);
  const squares = sorted.reduce((sum, { amount, times }) => sum + times * amount ** 2, 0);
  const inTail = Math.max(FEWEST_IN_TAIL, Math.floor(TAIL * Math.sqrt(count)));
  if (count <= inTail || (sorted[0]?.amount ?? 0) ** 2 < LARGEST * squares) return false;
  return tailIndex(sorted, inTail) < WITH_VARIANCE * (1 + CERTAIN / Math.sqrt(inTail));
}

/** Infinite where too few of the tail are above the first amount below it: one amount apart does not make a tail. */
function tailIndex(sorted: readonly Amount[], inTail: number): number {
  let logs = 0;
  let left = inTail;
  for (const { amount, times } of sorted) {
    const above = inTail - left;
    if (times > left) return above < FEWEST_ABOVE ? Number.POSITIVE_INFINITY : inTail / (logs - above * Math.log(amount));
    logs += times * Math.log(amount);
    left -= times;
  }
  return Number.POSITIVE_INFINITY;
}

/** Fewer amounts do not show whether they are alike. */
const FEWEST_ALIKE = 5;
/** Among fewer, the largest of a law without a variance is missing too often: they must be more alike. */
const MANY = 20;
/** Amounts that are worth that part of as many equal ones are alike: a coefficient of variation of 0.33, and of 0.5. */
const ALIKE = { few: 0.9, many: 0.8 };

/** Whether amounts are so nearly equal that they have no tail. `equal`: how many equal ones would be as certain. */
export function areAlike(count: number, equal: number): boolean {
  return count >= FEWEST_ALIKE && equal >= (count < MANY ? ALIKE.few : ALIKE.many) * count;
}

/** Fewer amounts show no tail: they must be worth that part of as many equal ones, a coefficient of variation of 0.65. */
const SHOWING = { count: 50, part: 0.7 };

/** Whether amounts of one channel may be of a law without a variance. `count`: of the channel, also where fewer are known. */
export function mayBeHeavy(count: number, known: number, equal: number, isHeavy: boolean): boolean {
  if (areAlike(known, equal) || (known < FEWEST_ALIKE && equal >= ALIKE.few * known)) return false;
  if (count < MANY || (count < SHOWING.count && equal < SHOWING.part * known)) return true;
  return isHeavy;
}
