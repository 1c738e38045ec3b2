/** Whole credit from real shares: what the data-driven models hand out. Rule-based credit has `split`. */

/**
 * Splits the integer `total` by `shares` with cumulative rounding: `round(total·W_i) − round(total·W_{i−1})`, where W is
 * the running sum of the shares over their sum. The parts are integers that sum to `total` exactly (law 4), each within 1
 * of `total · share`; a share of 0 gets 0.
 *
 * Shares need not be normalised. A negative share gets a negative part. A negative total (refunds) is split as its mirror
 * image. Where the shares tell nobody apart (all 0, a sum of 0, not finite) the total is split equally. No shares: no parts,
 * and the total stays with the caller.
 */
export function distribute(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  const magnitude = Math.abs(total);
  const largest = shares.reduce((most, share) => Math.max(most, Math.abs(share / sum)), 0);
  // Beyond this the running sum times the total is no exact integer any more, and the parts would not sum to the total.
  const told = sum !== 0 && largest * shares.length * magnitude <= Number.MAX_SAFE_INTEGER;
  if (!told && shares.some((share) => share !== 1)) return distribute(total, new Array<number>(shares.length).fill(1));
  const sign = total < 0 ? -1 : 1;
  let running = 0;
  let before = 0;
  return shares.map((share) => {
    running += share;
    const upTo = Math.round(magnitude * (running / sum));
    const part = sign * (upTo - before) || 0;
    before = upTo;
    return part;
  });
}
