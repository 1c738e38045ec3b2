/** `split()` of the platform (packages/model/src/amounts/money.ts), for totals and weights whose product is a safe integer: the parts add up to `total`. */
export function split(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  let upTo = 0;
  let before = 0;
  return weights.map((weight) => {
    upTo += weight;
    const share = Math.floor((total * upTo) / sum) - before;
    before += share;
    return share;
  });
}
