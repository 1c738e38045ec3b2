/** Loads the generated history through the collector, like any client, and goes on where an earlier load stopped. */
import { DAY_MS } from '@tributary/model/time';
import { hasPages } from './begin.ts';
import { DEMO_DAYS, DEMO_USERS, historyOf } from './history.ts';
import { type Collector, sendBatch } from './send.ts';
import { newDemo, readDemoState, writeDemoState } from './state.ts';

/** One request: well below the collector's bounds of 2 500 events and 5 MB. */
const BATCH_EVENTS = 1_000;
const PATIENCE_MS = 60_000;

export interface LoadOptions {
  readonly dataDir: string;
  readonly collector: Collector;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  /** Called after each acknowledged batch. */
  onProgress(sent: number, total: number): void;
}

/** The number of events that this call sent; 0 when the history is there already. */
export async function loadHistory({ dataDir, collector, nowMs, signal, onProgress }: LoadOptions): Promise<number> {
  let state = readDemoState(dataDir) ?? newDemo(nowMs);
  if (state.isLoaded) return 0;
  const { seed, toMs } = state;
  const fromMs = toMs - DEMO_DAYS * DAY_MS;
  const events = historyOf({ seed, users: DEMO_USERS, fromMs, toMs, hasPages: hasPages(dataDir) });
  const first = state.sent;
  for (let at = first; at < events.length; at += BATCH_EVENTS) {
    const batch = events.slice(at, at + BATCH_EVENTS);
    await sendBatch(collector, batch, PATIENCE_MS, signal);
    state = { ...state, sent: at + batch.length };
    writeDemoState(dataDir, state);
    onProgress(state.sent, events.length);
  }
  writeDemoState(dataDir, { ...state, isLoaded: true });
  return events.length - first;
}
