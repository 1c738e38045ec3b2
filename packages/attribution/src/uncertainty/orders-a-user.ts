/**
 * Whether users order so unevenly over a channel that a few of them may decide its figures: what they show, beside users of all other channels.
 * Where the number of orders a user has no variance (Zipf's law with exponent 1.5: at least k orders with a probability of k^−1.5), a sample
 * that looks ordinary lacks the users who order most: its figure is too low, and its interval too narrow. So an interval is printed only where
 * such a law is refuted:
 *
 *   users by how often they order, of the channel and of all others
 *     → beside the others, by the best test against their law (Neyman and Pearson 1933): likelihood ratio of Zipf's law and that of the others over
 *       the users of the channel → how probable one as small is under Zipf's law: at most 1/8, and no more than one as large is under the other
 *     → or by the channel alone: that none of as many users of Zipf's law would order more often than its own: at most 1/40
 *
 * So whatever the others do, at most 15 of 100 samples of Zipf's law are printed; of many users far fewer, for there the ratio decides. Many
 * users do not pass by their number: marks end at 12 orders, and so a few who order a thousand times make them no less alike.
 */

/** Users are counted by whether they order as often as each of these: 2.4 % order 12 times or more by Zipf's law. */
export const MARKS = [1, 2, 3, 4, 6, 8, 12] as const;

/** By mark: how many users order at least that often. */
export type OrdersAUser = readonly number[];

const EXPONENT = 1.5;
/** Part of the samples of such a law that is printed at most. 5 users who order once each pass, where all others do. */
const PASSES = 1 / 8;

/** Users that show by themselves what they are, whatever the others do, where they are worth as many of one order. */
export const ENOUGH_BY_ITSELF = { units: 200, equal: 100 };

export function noOrders(): number[] {
  return MARKS.map(() => 0);
}

/** That many users with that many orders each. */
export function addOrders(users: number[], orders: number, times: number, from = 0): void {
  for (let at = 0; at < MARKS.length && orders >= (MARKS[at] as number); at++)
    users[from + at] = (users[from + at] as number) + times;
}

/** By how often users order, exactly: from one mark to the next. */
function parted(atLeast: readonly number[]): number[] {
  return atLeast.map((users, at) => users - (atLeast[at + 1] ?? 0));
}

const ZIPF = parted(MARKS.map((mark) => mark ** -EXPONENT));

/** The law of the others: their users, and one of whom only Zipf's law is known. */
function lawOf(others: OrdersAUser): number[] {
  const users = others[0] as number;
  return parted(others).map((count, at) => (count + (ZIPF[at] as number)) / (users + 1));
}

/** Whether a few users may decide what is counted of these: whether a law without a variance is not refuted. */
export function mayBeOfFew(own: OrdersAUser, others: OrdersAUser): boolean {
  const users = own[0] as number;
  if (users === 0 || hasNoTail(own)) return false;
  const law = lawOf(others);
  const logs = ZIPF.map((part, at) => Math.log(part / (law[at] as number)));
  // The bound of Markov does for many users: under Zipf's law a ratio is at most x with a probability of at most x. What rounding adds would
  // grow with their number.
  if (users > MANY) return ratioBy(own, logs) > Math.log(PASSES);
  const weights = logs.map((log) => Math.round(STEPS * log));
  const ratio = ratioBy(own, weights);
  const asZipf = probabilityOf(ratio, weights, ZIPF, users);
  return asZipf > PASSES || asZipf > 1 - probabilityOf(ratio - 1, weights, law, users);
}

/** Its logarithm, by those of each user. */
function ratioBy(own: OrdersAUser, logs: readonly number[]): number {
  return parted(own).reduce((sum, count, at) => sum + count * (logs[at] as number), 0);
}

/** Part of the samples of such a law that is printed at most for that none of its users orders often. 9 users who order once each pass, and 18 of up to twice. */
const PASSES_ALONE = 1 / 40;

function hasNoTail(own: OrdersAUser): boolean {
  const above = own.indexOf(0);
  return above > 0 && (1 - (MARKS[above] as number) ** -EXPONENT) ** (own[0] as number) <= PASSES_ALONE;
}

/** Logarithms of ratios are rounded to parts of that: sums of whole numbers, of which probabilities are exact. */
const STEPS = 16;
const MANY = 60;

/** That the weights of that many users of a law sum to `most` at most. */
function probabilityOf(most: number, weights: readonly number[], law: readonly number[], users: number): number {
  const least = Math.min(...weights);
  const widest = Math.max(...weights) - least;
  // By how much the sum is above the least that is possible: what is above `most` by then stays there.
  const length = most - users * least + 1;
  if (!(length > 0)) return 0;
  let [sums, next] = [new Float64Array(length), new Float64Array(length)];
  sums[0] = 1;
  for (let user = 0; user < users; user++) {
    // As far as that number of users reaches.
    const end = Math.min(length, user * widest + 1);
    next.fill(0, 0, Math.min(length, end + widest));
    for (const [at, weight] of weights.entries()) {
      const [step, part] = [weight - least, law[at] as number];
      // Downwards: V8 takes half as long as upwards, where it looks at the end each time.
      for (let sum = Math.min(length, step + end) - 1; sum >= step; sum--)
        next[sum] = (next[sum] as number) + part * (sums[sum - step] as number);
    }
    [sums, next] = [next, sums];
  }
  return sums.reduce((all, one) => all + one, 0);
}

/** How many users it takes to refute it on average, where they order as the others do. */
export function fewestToRefute(others: OrdersAUser): number {
  const users = others[0] as number;
  if (users === 0) return ENOUGH_BY_ITSELF.units;
  const law = lawOf(others);
  const each = parted(others).reduce(
    (sum, count, at) => sum + (count / users) * Math.log((law[at] as number) / (ZIPF[at] as number)),
    0,
  );
  return Math.min(ENOUGH_BY_ITSELF.units, Math.ceil(-Math.log(PASSES) / Math.max(0, each)));
}
