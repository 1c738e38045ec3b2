/**
 * Elimination of states from a chain of flows without a single subtraction (Grassmann, Taksar, Heyman 1985).
 *
 * `flow` is row-major with `stride` columns: states first, then any further columns (rewards), the last being the flow
 * that leaves the chain. A pivot is the flow out of its state to the later states and out of the chain, summed rather than
 * subtracted from the whole: every number stays a sum of non-negative products, so that results are exact to a few units in
 * the last place of each entry, however long journeys circle (I − Q close to singular) and without pivoting.
 */

/**
 * Takes state `k` out: what entered it continues along its edges, in proportion. Changes rows `(k, rows)`, columns `(k, stride)`.
 * Column k keeps the multipliers below the diagonal. Returns the pivot: positive as long as the flow of `k` ends somewhere.
 */
export function eliminate(flow: Float64Array, stride: number, states: number, rows: number, k: number): number {
  const row = k * stride;
  let pivot = flow[row + stride - 1] as number;
  for (let j = k + 1; j < states; j++) pivot += flow[row + j] as number;
  for (let i = k + 1; i < rows; i++) {
    const at = i * stride;
    const entering = flow[at + k] as number;
    if (entering === 0) continue;
    const multiplier = entering / pivot;
    flow[at + k] = multiplier;
    for (let j = k + 1; j < stride; j++) flow[at + j] = (flow[at + j] as number) + multiplier * (flow[row + j] as number);
  }
  return pivot;
}

/**
 * The inverse of `diag(out) − flow` (row-major, `states` squared) from its elimination: entry (i, j) is the expected number
 * of visits to j from i, over the flow out of j. Only additions of non-negative numbers and divisions.
 */
export function invert(flow: Float64Array, stride: number, states: number): Float64Array {
  const pivots = new Float64Array(states);
  for (let k = 0; k < states; k++) pivots[k] = eliminate(flow, stride, states, states, k);
  const inverse = new Float64Array(states * states);
  // Forward: the inverse of the lower factor, whose row i reaches no further than column i.
  for (let i = 0; i < states; i++) {
    inverse[i * states + i] = 1;
    for (let k = 0; k < i; k++) addRow(inverse, i * states, k * states, flow[i * stride + k] as number, k + 1);
  }
  // Backward, from the last state: divides by the upper factor.
  for (let i = states - 1; i >= 0; i--) {
    for (let j = i + 1; j < states; j++) addRow(inverse, i * states, j * states, flow[i * stride + j] as number, states);
    const pivot = pivots[i] as number;
    for (let j = i * states; j < (i + 1) * states; j++) inverse[j] = (inverse[j] as number) / pivot;
  }
  return inverse;
}

/** Adds `factor` times the `columns` numbers from `source` on to those from `target` on. */
function addRow(matrix: Float64Array, target: number, source: number, factor: number, columns: number): void {
  if (factor === 0) return;
  for (let j = 0; j < columns; j++) matrix[target + j] = (matrix[target + j] as number) + factor * (matrix[source + j] as number);
}
