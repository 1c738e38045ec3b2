/** Reports to the log's own tools how far this worker has come, for lag as they show it (`kafka-consumer-groups --describe`). */
import type { EventLog, Position } from '@tributary/log/port';
import type { SpeedWorker } from '../pipeline.ts';

const EVERY_MS = 5_000;
const GROUP = 'tributary-speed';

/** Until aborted. Nothing is ever read back, so a failure is left for the next time. */
export function reportProgress(log: EventLog, worker: Pick<SpeedWorker, 'progress'>, signal: AbortSignal): void {
  if (log.reportProgress === undefined) return;
  const timer = setInterval(() => {
    const positions = new Map<number, Position>();
    for (const { partition, position } of worker.progress()) if (position !== null) positions.set(partition, position);
    if (positions.size > 0) log.reportProgress?.(GROUP, positions).catch(() => {});
  }, EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
