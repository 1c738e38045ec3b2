import type { ComputeSpec } from './spec.ts';

/** Relative to the data folder: what an attempt has not finished. Whoever ends the attempt removes it. */
export function stagingFolder(spec: Pick<ComputeSpec, 'generation' | 'attempt'>): string {
  return `staging/recompute-${spec.generation}-${spec.attempt}`;
}
