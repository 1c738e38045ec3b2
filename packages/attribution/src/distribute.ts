/** Whole credit from real shares: what the data-driven models hand out. Rule-based credit has `split`. */
import { type Integer, integerOf, subtract } from '@tributary/model/integer';

/**
 * Splits the integer `total` by `shares` with cumulative rounding: `round(total·W_i) − round(total·W_{i−1})`, where W is
 * the running sum of the shares over their sum. The parts are integers that sum to `total` exactly (law 4), each within 1
 * of `total · share` (of a total beyond 2^53: as near as a share is known, to 1 part in 2^53); a share of 0 gets 0.
 *
 * Shares need not be normalised. A negative share gets a negative part. A negative total (refunds) is split as its mirror
 * image. Where the shares say nothing (all 0, a sum of 0, not finite, or so large on both sides of 0 that the parts
 * would pass 2^53, or a thousand times a total beyond it) the total is split equally. No shares: no parts, and the total
 * stays with the caller.
 */
export function distribute(total: number, shares: readonly number[]): number[];
export function distribute(total: Integer, shares: readonly number[]): Integer[];
export function distribute(total: Integer, shares: readonly number[]): Integer[] {
  if (typeof total === 'bigint') return distributeExactly(total, shares);
  const magnitude = Math.abs(total);
  const running = runningShares(shares);
  const isClear = running.every((share) => Math.abs(share) * magnitude <= Number.MAX_SAFE_INTEGER);
  const upTo = (isClear ? running : equalShares(shares)).map((share) => Math.round(share * magnitude));
  const sign = total < 0 ? -1 : 1;
  return upTo.map((sum, i) => sign * (sum - (upTo[i - 1] ?? 0)) || 0);
}

/** A share as a fraction of 2^53: the doubles from 0.5 to 1 are just these. */
const FRACTION_BITS = 53n;
const MOST_SHARE = 1_000;

/** As `distribute`, where the total is more than a number holds. */
function distributeExactly(total: bigint, shares: readonly number[]): Integer[] {
  const running = runningShares(shares);
  const isClear = running.every((share) => Math.abs(share) <= MOST_SHARE);
  const upTo = (isClear ? running : equalShares(shares)).map((share) => {
    const fraction = BigInt(Math.round(share * 2 ** Number(FRACTION_BITS)));
    // BigInt division truncates: both signs are mirror images.
    return integerOf((fraction * total) / (1n << FRACTION_BITS));
  });
  return upTo.map((sum, i) => subtract(sum, upTo[i - 1] ?? 0));
}

function equalShares(shares: readonly number[]): number[] {
  return shares.map((_, i) => (i + 1) / shares.length);
}

/** The last is exactly 1, or NaN or infinite. */
function runningShares(shares: readonly number[]): number[] {
  let running = 0;
  const sums = shares.map((share) => (running += share));
  return sums.map((sum) => sum / running);
}
