/** Sends the live traffic until aborted. One batch at a time; while the collector is away, only the newest events wait. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LiveTraffic } from './live.ts';
import { type Collector, sendBatch } from './send.ts';
import type { DemoEvent } from './session.ts';

const TICK_MS = 200;
const MOST_WAITING = 2_000;
const PATIENCE_MS = 2_000;

export async function runLive(
  traffic: LiveTraffic,
  collector: Collector,
  now: () => number,
  signal: AbortSignal,
  onTrouble: (error: Error) => void,
): Promise<void> {
  let waiting: DemoEvent[] = [];
  while (!signal.aborted) {
    waiting = [...waiting, ...traffic.due(now())].slice(-MOST_WAITING);
    try {
      if (waiting.length > 0) await sendBatch(collector, waiting, PATIENCE_MS, signal);
      waiting = [];
      await sleep(TICK_MS, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) onTrouble(error as Error);
    }
  }
}
