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

/** A schedule as the API says it; the next three times at least, epoch ms. */
export interface DueSchedule {
  readonly mode: 'incremental' | 'full';
  /** When it was set. */
  readonly at: number;
  readonly next: readonly number[];
  /** When a run of it last ended well; null: none did. */
  readonly lastDoneAt: number | null;
}

/** How far two of its runs are apart at most, ms: one by cron may be due at instants that lie apart unevenly. */
export function apartMs({ next: [first = 0, second = 0, third = 0] }: Pick<DueSchedule, 'next'>): number {
  return Math.max(second - first, third - second, 0);
}

/**
 * By how much a run of it is overdue, ms; 0 when none is. `lastRunAtMs`: when any run last ended well, 0 for never: it brings what an incremental one
 * would; a full one is owed as such.
 */
export function scheduleOverdueMs(schedule: DueSchedule, lastRunAtMs: number, nowMs: number): number {
  const own = schedule.lastDoneAt ?? schedule.at;
  const lastMs = schedule.mode === 'full' ? own : Math.max(own, lastRunAtMs);
  return overdueMs(lastMs + 2 * apartMs(schedule), nowMs);
}
