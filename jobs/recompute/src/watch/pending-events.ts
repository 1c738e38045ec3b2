/**
 * Late events change frozen rows with the next generation alone. Where more of them wait than an operator likes, a run is asked for before its schedule
 * would begin one.
 */
import { findGeneration, listGenerations } from '@tributary/archive/generations';
import { currentPublication } from '@tributary/archive/publications';
import type { ServingStore } from '@tributary/store/serving-store';

const CHECK_EVERY_MS = 30_000;
/** Generations in a row that are looked past, as they were not computed: beyond them those alone are looked at that the newest publication keeps. */
const LOOK_BACK = 50;

export interface PendingWatch {
  readonly dataDir: string;
  readonly serving: Pick<ServingStore, 'deltas'>;
  /** 0: never. */
  readonly runAtPending: number;
  /** Asks for a run; resolves with whether it was not asked for a moment ago, by any worker. */
  readonly request: (pending: number) => Promise<boolean>;
  readonly onRequested: (pending: number) => void;
  readonly onError: (error: unknown) => void;
}

/** Ends with the signal. */
export function watchPending(watch: PendingWatch, signal: AbortSignal, everyMs = CHECK_EVERY_MS): void {
  if (watch.runAtPending === 0) return;
  const timer = setInterval(() => void requestWhere(watch).catch(watch.onError), everyMs);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

export async function requestWhere({ runAtPending, request, onRequested, ...watch }: PendingWatch): Promise<void> {
  const pending = await pendingEvents(watch);
  if (pending >= runAtPending && (await request(pending))) onRequested(pending);
}

/** Since the newest computed generation, whether or not readers get it: while a rollback holds, another run would change nothing for them. */
async function pendingEvents({ dataDir, serving }: Pick<PendingWatch, 'dataDir' | 'serving'>): Promise<number> {
  const deltas = await serving.deltas([], await newestComputed(dataDir));
  return deltas.reduce((sum, { pending }) => sum + pending, 0);
}

/** 0: none is computed. Where it is, a count from 0 would have all that older generations were the first to count, and ask for runs without end. */
async function newestComputed(dataDir: string): Promise<number> {
  const newest = (await listGenerations(dataDir)).slice(-LOOK_BACK);
  const kept = (await currentPublication(dataDir))?.kept?.generations ?? [];
  for (const generation of [...new Set([...kept, ...newest])].sort((a, b) => b - a))
    if ((await findGeneration(dataDir, generation))?.state === 'computed') return generation;
  return 0;
}
