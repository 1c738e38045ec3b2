/** How far two runs of a schedule may be apart, ms, and when one is overdue. */
import { DAY_MS, SECOND_MS } from './time.ts';

export const SHORTEST_SCHEDULE_MS = 10 * SECOND_MS;
export const LONGEST_SCHEDULE_MS = 7 * DAY_MS;

/** A run may take until the next one is due, and a little. */
const SLACK_MS = 60_000;

/** By how much a run is overdue, ms; 0 when it is not. `secondDueMs`: the second time that one was due after the last one. */
export function overdueMs(secondDueMs: number, nowMs: number): number {
  return Math.max(0, nowMs - secondDueMs - SLACK_MS);
}
