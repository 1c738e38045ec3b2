/**
 * Outbox: what the speed layer has to say to others, kept by the very commits that caused it until somebody has passed it on.
 *
 * The lines of a partition are numbered from 0, in the order of the log. Everything that decides about them comes from the
 * log, so a number names the same line in every history: a store that lost writes writes the same lines under the same
 * numbers again. That makes a removal harmless that comes twice, late, or from a publisher that was replaced long ago.
 * Another history may lack some messages: those of users who left the archive meanwhile, and what a record says of its own length, which is
 * said where batches end. So a removal names its last line as well: where another one has its number, none is removed.
 *
 *  1. A line is in the outbox if and only if its commit was applied, once.
 *  2. Lines leave it from the front only, and only those whose numbers were named.
 *  3. A publisher removes what others have acknowledged, never before: lines may leave twice, none is left out.
 *
 * Nothing bounds the outbox but those who publish: `length` is for a worker that waits, and for an alarm.
 */
export interface OutboxLines {
  /** The number of the first line; of the next one to come, when there is none. */
  readonly from: number;
  readonly lines: readonly string[];
}

export interface Outbox {
  /** The oldest lines, at most `max`. */
  read(partition: number, max: number): Promise<OutboxLines>;
  /**
   * Removes the lines numbered below `upTo` that are still there; never others. None where there are lines before number `from`: a store that lost a removal
   * has them again, and who did not read them did not pass them on either. None where `last` is not the line before `upTo`. False in
   * either case; true also where all of the lines had gone already.
   */
  remove(partition: number, upTo: number, from?: number, last?: string): Promise<boolean>;
  length(partition: number): Promise<number>;
}
