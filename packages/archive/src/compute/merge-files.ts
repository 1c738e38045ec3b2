/**
 * Chains of increments stay short: beyond `max` files, the smallest are merged until half as many are left. Small files are
 * merged often and large ones seldom, so that a row is rewritten a logarithmic number of times.
 */
import type { StoredFile } from '../layout.ts';

export interface FileMerge {
  readonly keep: readonly StoredFile[];
  /** Empty, or at least two. */
  readonly merge: readonly StoredFile[];
}

export function filesToMerge(files: readonly StoredFile[], max: number): FileMerge {
  if (files.length <= max) return { keep: files, merge: [] };
  const bySize = [...files].sort((a, b) => a.rows - b.rows);
  const count = Math.max(2, files.length - Math.floor(max / 2) + 1);
  const merge = new Set(bySize.slice(0, count));
  return { keep: files.filter((file) => !merge.has(file)), merge: files.filter((file) => merge.has(file)) };
}
