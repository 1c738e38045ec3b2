/**
 * The watchdog: is a run overdue? It looks at what runs leave behind, not at the queue, because a worker can wedge silently
 * after trouble with Redis (BullMQ's issues 4378, 4479, 4585) and the queue itself would then look well.
 */

export interface OverdueFacts {
  /** The schedule, ms; 0: there is none, so nothing is ever overdue. */
  readonly everyMs: number;
  /** When the newest run ended well, with a generation or with nothing new, epoch ms; null: none yet. */
  readonly lastRunAtMs: number | null;
  /** When this process began to watch, epoch ms. */
  readonly watchingSinceMs: number;
  readonly nowMs: number;
}

/** Runs may take as long as the schedule's period, and a little, before it counts as late. */
const SLACK_MS = 60_000;

/** By how much the next generation is late, ms; 0 when it is not. */
export function overdueMs({ everyMs, lastRunAtMs, watchingSinceMs, nowMs }: OverdueFacts): number {
  if (everyMs === 0) return 0;
  // A machine that was off owes nothing for that time.
  const since = Math.max(lastRunAtMs ?? 0, watchingSinceMs);
  return Math.max(0, nowMs - since - 2 * everyMs - SLACK_MS);
}
