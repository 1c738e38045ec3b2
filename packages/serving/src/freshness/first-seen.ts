/**
 * Since when this process knows that entries of a partition wait. The log's own word for it is the age of the entry, and that
 * fails after its clock was ahead: ids only ever rise, so for as long as the clock needs to come back to them every new entry
 * is dated in the future and has no age. Pure.
 */

/** An end of the log that the speed layer has not reached, and when it was first seen, epoch ms. */
export interface FirstSeen {
  readonly end: string;
  readonly atMs: number;
}

/** One a second for a minute; of a longer lag every second one is forgotten, which errs by a 32nd of it. */
const MOST = 64;

/** Oldest first; `before`: as of the poll before this one. */
export function unreachedEnds(
  before: readonly FirstSeen[],
  end: string,
  position: string | null,
  atMs: number,
): readonly FirstSeen[] {
  const left = before
    .filter((seen) => position === null || seen.end > position)
    // This clock may go back too: what was seen before that is as old as the step.
    .map((seen) => (seen.atMs > atMs ? { ...seen, atMs } : seen));
  if (left.at(-1)?.end === end) return left;
  left.push({ end, atMs });
  return left.length <= MOST ? left : left.filter((_, i) => i % 2 === 0);
}
