/**
 * The watchdog: is a run of a schedule overdue? It looks at what runs leave behind, not at the queue, because a worker can wedge silently
 * after trouble with Redis (BullMQ's issues 4378, 4479, 4585) and the queue itself would then look well.
 */
import { overdueMs } from '@tributary/model/schedule-bounds';
import { nextAfter, type Timing } from './schedules.ts';

export interface OverdueFacts {
  readonly timing: Timing;
  /** When the newest run that counts for it ended well, with a generation or with nothing new, epoch ms; null: none yet. */
  readonly lastRunAtMs: number | null;
  /** When this process began to watch, or when the schedule was set, epoch ms. */
  readonly watchingSinceMs: number;
  readonly nowMs: number;
}

/** By how much the next run is overdue, ms; 0 when it is not. */
export function runOverdueMs({ timing, lastRunAtMs, watchingSinceMs, nowMs }: OverdueFacts): number {
  // A machine that was off owes nothing for that time.
  const since = Math.max(lastRunAtMs ?? 0, watchingSinceMs);
  return overdueMs(nextAfter(timing, nextAfter(timing, since)), nowMs);
}
