/** Asks every half minute whether a generation is overdue, and says so: the queue may look well while its worker is wedged. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import { readLastCheck } from '@tributary/archive/last-check';
import { overdueMs } from '@tributary/queue/overdue';

const CHECK_EVERY_MS = 30_000;
/** Failed ones in a row that are looked past; with more, it is overdue anyway. */
const LOOK_BACK = 50;

export interface Watchdog {
  readonly everyMs: number;
  readonly dataDir: string;
  readonly now: () => number;
  /** Called at each check, with 0 when all is well. */
  readonly onChecked: (lateMs: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Ends with the signal. */
export function watchOverdue({ everyMs, dataDir, now, onChecked, onError }: Watchdog, signal: AbortSignal): void {
  const watchingSinceMs = now();
  const check = async () => {
    const lastRunAtMs = await newestRunAt(dataDir);
    onChecked(overdueMs({ everyMs, lastRunAtMs, watchingSinceMs, nowMs: now() }));
  };
  const timer = setInterval(() => void check().catch(onError), CHECK_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** A run that found nothing new computes nothing, and counts. */
async function newestRunAt(dataDir: string): Promise<number | null> {
  const check = await readLastCheck(dataDir);
  const computedAt = await newestComputedAt(dataDir);
  return check === null ? computedAt : Math.max(check.at, computedAt ?? 0);
}

async function newestComputedAt(dataDir: string): Promise<number | null> {
  for (const generation of (await listGenerations(dataDir)).slice(-LOOK_BACK).reverse()) {
    const { computedAt } = await readGeneration(dataDir, generation);
    if (computedAt !== null) return computedAt;
  }
  return null;
}
