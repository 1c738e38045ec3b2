/** One whole conversion, in the unit of credit. Law 4: the credits of one conversion sum to exactly this. */
export const CREDIT_UNIT_MICROS = 1_000_000;

/**
 * `floor(a · b / c)` for non-negative safe integers, exact: the product may pass 2^53, the result may not.
 * DuckDB computes the same with `(a::HUGEINT * b) // c`.
 */
export function mulDivFloor(a: number, b: number, c: number): number {
  const product = a * b;
  if (product > Number.MAX_SAFE_INTEGER) return Number((BigInt(a) * BigInt(b)) / BigInt(c));
  const quotient = Math.floor(product / c);
  // The division of two exact doubles can round up to the next integer; one correction restores the floor.
  return quotient * c > product ? quotient - 1 : quotient;
}

/**
 * Splits `total` by integer `weights` with cumulative rounding: `floor(total·W_i/W) − floor(total·W_{i−1}/W)`.
 * The parts sum to `total` exactly (law 4). A negative total (a refund) is split as its mirror image.
 * `weights` are non-negative safe integers with a positive sum.
 */
export function split(total: number, weights: readonly number[]): number[] {
  let sum = 0;
  for (const weight of weights) sum += weight;
  const magnitude = Math.abs(total);
  const sign = total < 0 ? -1 : 1;
  const parts = new Array<number>(weights.length);
  let cumulative = 0;
  let before = 0;
  for (let i = 0; i < weights.length; i++) {
    cumulative += weights[i] as number;
    const upTo = mulDivFloor(magnitude, cumulative, sum);
    parts[i] = sign * (upTo - before) || 0;
    before = upTo;
  }
  return parts;
}
