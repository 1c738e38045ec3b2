/** From counts that only grow to how many came in a second. */
export interface Sample {
  /** By a clock that does not step, ms. */
  readonly atMs: number;
  /** Counted events by type. */
  readonly events: ReadonlyMap<string, number>;
}

/** A minute of a page that hears each second. */
export const MOST_SAMPLES = 61;

export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples, sample].slice(-MOST_SAMPLES);
}

/** Events a second between two samples, of one type or of all. A count that shrank, as duplicates were found, is taken for none. */
export function speedOf(before: Sample, after: Sample, type?: string): number {
  const seconds = (after.atMs - before.atMs) / 1_000;
  if (seconds <= 0) return 0;
  const sumOf = ({ events }: Sample) =>
    type === undefined ? [...events.values()].reduce((sum, one) => sum + one, 0) : (events.get(type) ?? 0);
  return Math.max(0, sumOf(after) - sumOf(before)) / seconds;
}
