/** As the queue cancels a run: in place, and not one that ended. */
import type { RunRecord } from '@tributary/queue/run-records';

export function cancelled(records: RunRecord[], id: string, said: NonNullable<RunRecord['cancelled']>): RunRecord | null {
  const at = records.findIndex((one) => one.id === id);
  const run = records[at];
  if (run === undefined) return null;
  if (run.state === 'waiting' || run.state === 'running') records[at] = { ...run, state: 'cancelled', cancelled: said };
  return records[at] ?? null;
}
