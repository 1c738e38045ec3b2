/**
 * The watchdog: is a run of a schedule overdue? It looks at what runs leave behind, not at the queue, because a worker can wedge silently
 * after trouble with Redis (BullMQ's issues 4378, 4479, 4585) and the queue itself would then look well.
 */
import { nextAfter, type Timing } from './schedules.ts';

export interface OverdueFacts {
  readonly timing: Timing;
  /** When the newest run that counts for it ended well, with a generation or with nothing new, epoch ms; null: none yet. */
  readonly lastRunAtMs: number | null;
  /** When this process began to watch, or when the schedule was set, epoch ms. */
  readonly watchingSinceMs: number;
  readonly nowMs: number;
}

/** Runs may take until the next one is due, and a little, before they count as late. */
const SLACK_MS = 60_000;

/** By how much the next run is late, ms; 0 when it is not. */
export function overdueMs({ timing, lastRunAtMs, watchingSinceMs, nowMs }: OverdueFacts): number {
  // A machine that was off owes nothing for that time.
  const since = Math.max(lastRunAtMs ?? 0, watchingSinceMs);
  return Math.max(0, nowMs - nextAfter(timing, nextAfter(timing, since)) - SLACK_MS);
}
