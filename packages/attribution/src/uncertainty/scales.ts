/** Intervals from the draws of one figure, each on the scale that fits it. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Percentiles: of figures that may lie anywhere. Linear between the sorted draws (type 7 of Hyndman and Fan). */
export function percentiles(draws: Float64Array, level: number): Interval {
  const sorted = draws.toSorted();
  const tail = (1 - level) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

function quantile(sorted: Float64Array, part: number): number {
  const at = part * (sorted.length - 1);
  const below = Math.floor(at);
  const lower = sorted[below] as number;
  return lower + (at - below) * ((sorted[below + 1] ?? lower) - lower);
}

/** Wilson's score interval of a proportion among `size` equal witnesses: sound for few of them, and for none or all. */
export function wilson(proportion: number, size: number, z: number): Interval {
  if (size <= 0) return { low: 0, high: 1 };
  const square = z ** 2 / size;
  // Rounding may leave it just outside of 0 to 1.
  const part = Math.min(1, Math.max(0, proportion));
  const middle = (part + square / 2) / (1 + square);
  const half = (z / (1 + square)) * Math.sqrt((part * (1 - part)) / size + square / (4 * size));
  // Where the proportion is none or all, the bound is 0 or 1 itself, which rounding misses.
  return { low: part === 0 ? 0 : Math.max(0, middle - half), high: part === 1 ? 1 : Math.min(1, middle + half) };
}

/** The score interval of an amount that is as certain as a count of `amount² / variance`: the like of Wilson's without a whole. */
export function scored(amount: number, variance: number, z: number): Interval {
  const count = amount ** 2 / variance;
  const half = z * Math.sqrt(count + z ** 2 / 4);
  const middle = count + z ** 2 / 2;
  return { low: (Math.max(0, middle - half) * amount) / count, high: ((middle + half) * amount) / count };
}

/** Deviations below this part of a figure are rounding noise: the figure is always the same. */
const NOISE = 1e-9;

export function isNoise(variance: number, figure: number): boolean {
  return !(variance > (NOISE * figure) ** 2);
}

/** Parts nearer than this are equal: what is between them is rounding. */
export const EQUAL = 1e-9;

/** Below 0 or above 1. */
export function isOutsideOfWhole(share: number): boolean {
  return share < -EQUAL || share > 1 + EQUAL;
}

/** None or all: no variance of it shows how many witnesses there are. */
export function isNoneOrAll(part: number): boolean {
  return part <= EQUAL || part >= 1 - EQUAL;
}

/** An amount above 0 on the log scale: its error is a part of it. */
export function onLogScale(amount: number, variance: number, z: number): Interval {
  const factor = Math.exp((z * Math.sqrt(variance)) / amount);
  return { low: amount / factor, high: amount * factor };
}

export function varianceOf(draws: Float64Array): number {
  const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
  return draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (draws.length - 1);
}

/** Half width in standard deviations of an interval of `level`, for a variance that these degrees of freedom show: 2.015 of 0.9 and 5. */
export function student(level: number, degrees: number): number {
  const z = deviations(level);
  if (degrees >= MANY_DEGREES) return expanded(z, degrees);
  const whole = Math.max(1, Math.floor(degrees));
  let [low, high] = [z, z];
  while (partBelow(high, whole) < (1 + level) / 2) high *= 2;
  for (let step = 0; step < HALVINGS; step++) {
    const middle = (low + high) / 2;
    if (partBelow(middle, whole) < (1 + level) / 2) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** From here on the expansion is right to 1e-6. */
const MANY_DEGREES = 100;
const HALVINGS = 50;

/** Cornish-Fisher, second order. */
function expanded(z: number, size: number): number {
  return z + (z ** 3 + z) / (4 * size) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * size ** 2);
}

/** Probability that Student's t of these degrees of freedom lies below `t` (Abramowitz and Stegun 26.7.3, 26.7.4). */
export function partBelow(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const square = Math.cos(angle) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let i = isOdd ? 2 : 1; i <= degrees - 3; i += 2) {
    term *= (square * i) / (i + 1);
    sum += term;
  }
  const within = isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  return (1 + within) / 2;
}

/** Half width in standard deviations of an interval of `level`: 1.645 of 0.9. Acklam's approximation of the normal quantile, to 1e-9. */
export function deviations(level: number): number {
  return normalQuantile((1 + level) / 2);
}

const A = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239,
];
const B = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1];
const C = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783,
];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];

function normalQuantile(part: number): number {
  const polynomial = (coefficients: readonly number[], at: number) =>
    coefficients.reduce((sum, coefficient) => sum * at + coefficient, 0);
  if (part > 1 - 0.02425) {
    const x = Math.sqrt(-2 * Math.log(1 - part));
    return -polynomial(C, x) / polynomial(D, x);
  }
  const x = part - 0.5;
  return (x * polynomial(A, x * x)) / polynomial(B, x * x);
}
