/** How long a run will take, from how long earlier ones of its mode took. */
import { haveRowsChanged } from '../compute/compute-plan.ts';
import type { GenerationManifest } from '../layout.ts';

export interface Estimate {
  /** From the cut until the views are computed and read back. */
  readonly seconds: number;
  /** Half of the earlier runs took longer or shorter by more than this part of what the same formula says of them. */
  readonly medianError: number;
  /** The earlier runs that it is from. */
  readonly runs: number;
}

/** Older ones say little about the machine of today. */
export const MOST_RUNS = 30;
const FEWEST_RUNS = 3;

interface Taken {
  readonly rows: number;
  readonly seconds: number;
}

/**
 * `rows`: events that the run will read. null where fewer than three runs of the mode are known. A line through the earlier runs by the
 * medians of Theil and Sen: one run that waited for a lost Redis moves it little. Source: Sen 1968, doi:10.1080/01621459.1968.10480934.
 */
export function estimate(
  manifests: readonly GenerationManifest[],
  mode: GenerationManifest['mode'],
  rows: number,
): Estimate | null {
  const known = new Map(manifests.map((one) => [one.generation, one]));
  // Where the base is not known any more, nothing says so.
  const isAllAgain = (one: GenerationManifest) => {
    const base = one.base === null ? undefined : known.get(one.base);
    return base !== undefined && haveRowsChanged(base, one, one.program);
  };
  const taken = manifests
    // What is read again because corrections changed is not among the rows, nor what is computed again of the base.
    .filter(
      (one) =>
        one.mode === mode &&
        one.computedAt !== null &&
        one.counts.recounted === undefined &&
        one.rowsAgain === undefined &&
        !isAllAgain(one),
    )
    .slice(0, MOST_RUNS)
    .map(takenBy);
  if (taken.length < FEWEST_RUNS) return null;
  // More rows never take less time, and no rows take some.
  const perRow = Math.max(0, median(slopes(taken)));
  const fixed = Math.max(0, median(taken.map((run) => run.seconds - perRow * run.rows)));
  const secondsOf = (of: number) => fixed + perRow * of;
  const errors = taken.map((run) => Math.abs(run.seconds - secondsOf(run.rows)) / Math.max(run.seconds, 0.001));
  return { seconds: secondsOf(rows), medianError: median(errors), runs: taken.length };
}

function takenBy({ counts, createdAt, computedAt }: GenerationManifest): Taken {
  return { rows: counts.newEvents + counts.duplicates, seconds: ((computedAt as number) - createdAt) / 1_000 };
}

function slopes(taken: readonly Taken[]): number[] {
  const all = taken.flatMap((a, i) =>
    taken.slice(i + 1).flatMap((b) => (a.rows === b.rows ? [] : [(b.seconds - a.seconds) / (b.rows - a.rows)])),
  );
  return all.length === 0 ? [0] : all;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
