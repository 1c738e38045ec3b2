/**
 * The solution x of `matrix · x = right` by elimination with partial pivoting. `matrix` is row-major, square, and not
 * singular (the blocks of an inverse of flows never are); both arguments are overwritten.
 */
export function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  for (let k = 0; k < n; k++) {
    swapRows(matrix, right, n, k, rowOfLargest(matrix, n, k));
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

function rowOfLargest(matrix: Float64Array, n: number, k: number): number {
  let best = k;
  for (let i = k + 1; i < n; i++) if (Math.abs(matrix[i * n + k] as number) > Math.abs(matrix[best * n + k] as number)) best = i;
  return best;
}

function swapRows(matrix: Float64Array, right: Float64Array, n: number, a: number, b: number): void {
  if (a === b) return;
  for (let j = 0; j < n; j++) [matrix[a * n + j], matrix[b * n + j]] = [matrix[b * n + j] as number, matrix[a * n + j] as number];
  [right[a], right[b]] = [right[b] as number, right[a] as number];
}
