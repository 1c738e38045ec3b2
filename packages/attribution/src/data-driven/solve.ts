/**
 * The solution x of `matrix · x = right` by elimination. `matrix` is row-major, a square block of the inverse of a chain of
 * flows; both arguments are overwritten. Such a block needs no pivoting: its diagonal holds the largest entry of every column
 * (a state is visited most from itself), and what is left after each step is again such a block (of the chain watched in fewer
 * states), so that every factor is at most 1.
 */
export function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  for (let k = 0; k < n; k++) {
    const pivot = matrix[k * n + k] as number;
    for (let i = k + 1; i < n; i++) {
      const factor = (matrix[i * n + k] as number) / pivot;
      if (factor === 0) continue;
      for (let j = k + 1; j < n; j++) matrix[i * n + j] = (matrix[i * n + j] as number) - factor * (matrix[k * n + j] as number);
      right[i] = (right[i] as number) - factor * (right[k] as number);
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = right[i] as number;
    for (let j = i + 1; j < n; j++) sum -= (matrix[i * n + j] as number) * (right[j] as number);
    right[i] = sum / (matrix[i * n + i] as number);
  }
  return right;
}
