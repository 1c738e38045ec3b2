/**
 * What it does to an interval that it is printed only where enough groups know the channel. Where users are few, those samples
 * print it in which it did well, and there lower bounds are too high: 29 of 54 held, and not 49 (plain, 500 users, display under last).
 * So the lower bound asks how probable as many groups are among the samples that print: P(G ≥ known | G ≥ fewest), G binomial.
 */

/** Groups of users, of which `known` have a conversion over the channel and `fewest` are enough to print. */
export interface Known {
  readonly known: number;
  readonly fewest: number;
  readonly groups: number;
}

/** By what part of it the lower bound of an amount is lowered, 0 to 1: 0 where not one group more is known than is needed. */
export function loweredBy({ known, fewest, groups }: Known, level: number): number {
  // All of them may be of any number of users, also where 8 or 9 groups must all know the channel.
  if (known >= groups) return 1;
  if (known <= fewest) return 0;
  const tail = (1 - level) / 2;
  const least = (from: number) => usersAt((part) => above(known, groups, part) <= tail * above(from, groups, part), groups);
  return Math.min(1, least(fewest) / least(0));
}

/** The same where users are counted: P(N ≥ known | N ≥ fewest), N Poisson. Many are printed in all samples. */
export function loweredByCount({ known, fewest }: Omit<Known, 'groups'>, level: number): number {
  if (known <= fewest) return 0;
  if (known >= MANY * fewest) return 1;
  const tail = (1 - level) / 2;
  const least = (from: number) => halved(2 * MANY * fewest, (mean) => atLeast(known, mean) <= tail * atLeast(from, mean));
  return Math.min(1, least(fewest) / least(0));
}

const MANY = 4;

/**
 * The most units that none may stand for, in samples that print 0 or at least `fewest`: a channel of that many prints 0 in one of twenty of its
 * printed samples, for those with 1 to `fewest` − 1 are not printed: P(N = 0 | N = 0 or N ≥ fewest) = (1 − level)/2. 3.95 of 5 at 90 %,
 * where 2.7 would do if all were printed. The other one of twenty is missed by the lower bounds of those from `fewest` on.
 */
export function mostOfNone(fewest: number, level: number): number {
  const tail = (1 - level) / 2;
  return halved(MANY * fewest, (mean) => (1 - tail) * Math.exp(-mean) > tail * atLeast(fewest, mean));
}

/** Standard errors that the effect of a difference of rates must be above 0, for what is handed out by it: of none, one sample in 740 shows as many. */
export const SURELY_ABOVE = 3;
/** Where it is that far above, all samples print it. */
export const MANY_DEVIATIONS = 12;

/**
 * The same where an effect is printed only in samples in which it is surely above 0, Z normal: those print it in which it did well, so an
 * effect that is near the bound misses below alone, P(Z ≥ found | Z ≥ SURELY_ABOVE), and one far above it on either side.
 */
export function loweredBySign(deviations: number, level: number): number {
  if (deviations >= MANY_DEVIATIONS) return 1;
  const tail = (1 - level) / 2;
  const least = (from: number) =>
    halved(deviations, (mean) => {
      const printed = normalAbove(from - mean);
      const missedAbove = Math.max(0, printed - (1 - tail));
      return normalAbove(deviations - mean) <= 2 * tail * printed - missedAbove;
    });
  return Math.min(1, least(SURELY_ABOVE) / least(Number.NEGATIVE_INFINITY));
}

/** Many are normal. */
const NORMAL = 100;

/** Probability that at least `from` came where `mean` are expected. */
export function poissonAbove(from: number, mean: number): number {
  return mean > NORMAL ? normalAbove((from - mean) / Math.sqrt(mean)) : atLeast(from, mean);
}

function atLeast(from: number, mean: number): number {
  let below = 0;
  let term = Math.exp(-mean);
  for (let count = 0; count < from; count++) {
    below += term;
    term *= mean / (count + 1);
  }
  return 1 - below;
}

/** The most users that are still `few`, where each has a group by chance. */
function usersAt(isFew: (part: number) => boolean, groups: number): number {
  return -groups * Math.log1p(-halved(1, isFew));
}

/** Between 0 and `most`, where `isFew` ends; exactly 0 where nothing is few, for what is divided by a bound next to 0 would be a bound itself. */
function halved(most: number, isFew: (middle: number) => boolean): number {
  let [low, high] = [0, most];
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (isFew(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Probability that a normal variable is above `z`: by the continued fraction of Laplace where it is small, by its series elsewhere. */
function normalAbove(z: number): number {
  if (z === Number.NEGATIVE_INFINITY) return 1;
  if (z < 0) return 1 - normalAbove(-z);
  const density = Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let fraction = z;
    for (let k = 60; k > 0; k--) fraction = z + k / fraction;
    return density / fraction;
  }
  let [sum, term] = [z, z];
  for (let k = 1; k < 60; k++) {
    term *= z ** 2 / (2 * k + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

/** Halvings of what is looked for. */
const STEPS = 40;

/** Probability that at least `from` of the groups know a channel that each knows with this probability. */
function above(from: number, groups: number, part: number): number {
  if (from <= 0) return 1;
  let sum = 0;
  let logOfChoices = 0;
  for (let known = 0; known <= groups; known++) {
    if (known >= from) sum += Math.exp(logOfChoices + known * Math.log(part) + (groups - known) * Math.log1p(-part));
    logOfChoices += Math.log((groups - known) / (known + 1));
  }
  return sum;
}
