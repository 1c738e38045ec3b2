/** Asks every half minute whether a run is overdue or wedged, and says so: the queue may look well while its worker is wedged. */
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import { readLastCheck } from '@tributary/archive/last-check';
import { runOverdueMs } from '@tributary/queue/overdue';
import type { RunRecord } from '@tributary/queue/run-records';
import type { NamedSchedule } from '@tributary/queue/schedules';

const CHECK_EVERY_MS = 30_000;
/** Failed ones in a row that are looked past; with more, it is overdue anyway. */
const LOOK_BACK = 50;

export interface Watchdog {
  readonly dataDir: string;
  readonly now: () => number;
  readonly schedules: () => Promise<readonly NamedSchedule[]>;
  readonly runs: () => Promise<readonly RunRecord[]>;
  /** A run is wedged that is under way for longer than all of its bounds together, ms. */
  readonly longestRunMs: number;
  readonly onChecked: (trouble: Trouble) => void;
  readonly onError: (error: unknown) => void;
}

export interface Trouble {
  /** The schedule that is late by most, and by how much; 0: none is. */
  readonly overdue: { readonly schedule: string | null; readonly ms: number };
  /** The run under way that takes too long, and by how much; 0: none does. */
  readonly wedged: { readonly run: string | null; readonly ms: number };
}

/** Ends with the signal. */
export function watchRuns(dog: Watchdog, signal: AbortSignal): void {
  const watchingSinceMs = dog.now();
  const check = async () => dog.onChecked(await troubleOf(dog, watchingSinceMs));
  const timer = setInterval(() => void check().catch(dog.onError), CHECK_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

export async function troubleOf(dog: Omit<Watchdog, 'onChecked' | 'onError'>, watchingSinceMs: number): Promise<Trouble> {
  const nowMs = dog.now();
  const computedAtMs = await newestRunAt(dog.dataDir);
  let overdue: Trouble['overdue'] = { schedule: null, ms: 0 };
  for (const schedule of (await dog.schedules()).filter(({ isPaused }) => !isPaused)) {
    // Any run brings what an incremental one would; a full one is owed as such.
    const own = schedule.lastDoneAt ?? 0;
    const lastRunAtMs = schedule.mode === 'full' ? own : Math.max(own, computedAtMs ?? 0);
    const ms = runOverdueMs({ timing: schedule, lastRunAtMs, watchingSinceMs: Math.max(watchingSinceMs, schedule.at), nowMs });
    if (ms > overdue.ms) overdue = { schedule: schedule.name, ms };
  }
  const running = (await dog.runs()).find(isUnderWay);
  const tookMs = running?.beganAt == null ? 0 : nowMs - running.beganAt;
  const lateMs = Math.max(0, tookMs - dog.longestRunMs);
  return { overdue, wedged: { run: lateMs > 0 ? (running?.id ?? null) : null, ms: lateMs } };
}

/** One that was cancelled is under way until its worker noticed: no other begins before. */
function isUnderWay({ state, beganAt, endedAt }: RunRecord): boolean {
  return state === 'running' || (state === 'cancelled' && beganAt !== null && endedAt === null);
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
