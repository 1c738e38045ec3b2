/** As the queue cancels a run: in place, and not one that ended. */
import type { Retried } from '@tributary/queue/recompute-queue';
import type { RunRecord } from '@tributary/queue/run-records';

export function cancelled(records: RunRecord[], id: string, said: NonNullable<RunRecord['cancelled']>): RunRecord | null {
  const at = records.findIndex((one) => one.id === id);
  const run = records[at];
  if (run === undefined) return null;
  if (run.state === 'waiting' || run.state === 'running') records[at] = { ...run, state: 'cancelled', cancelled: said };
  return records[at] ?? null;
}

/** As the queue asks again for what a run asked for. */
export function retried(records: readonly RunRecord[], id: string): Retried | null {
  const run = records.find((one) => one.id === id);
  if (run === undefined) return null;
  return { run, asked: run.state === 'failed' || run.state === 'cancelled' ? { jobId: `${id}-again`, joined: false } : null };
}
