/** How far a worker is behind the log: what an autoscaler asks for. */

/** What is known of a partition: the position and log time (epoch ms; 0 before any event) of its last commit. */
export interface Progress {
  readonly position: string | null;
  readonly logTimeMs: number;
}

/** The end of a partition when it was asked for; undefined: the log did not answer. */
export type SeenEnd = string | null | undefined;

/**
 * Seconds between the receipt of the last event that was committed and now, 0 for a partition committed up to `end`. Idle
 * partitions have heartbeats, so that this is not much more than how long the oldest unread entry has waited.
 * `sinceMs`: since when the worker has the partition, where nothing was ever committed. No answer of the log counts as behind.
 */
export function lagSeconds({ position, logTimeMs }: Progress, end: SeenEnd, sinceMs: number, nowMs: number): number {
  const isCaughtUp = end === null || (end !== undefined && position !== null && position >= end);
  if (isCaughtUp) return 0;
  return Math.max(0, nowMs - (logTimeMs === 0 ? sinceMs : logTimeMs)) / 1000;
}
