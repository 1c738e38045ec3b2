/** The list of runs, in memory. */
import type { Retried } from '@tributary/queue/recompute-queue';
import type { RunRecord } from '@tributary/queue/run-records';
import type { RunDesk } from '../src/ports.ts';

/** As the queue cancels a run: in place, and not one that ended. */
function cancelled(records: RunRecord[], id: string, said: NonNullable<RunRecord['cancelled']>): RunRecord | null {
  const at = records.findIndex((one) => one.id === id);
  const run = records[at];
  if (run === undefined) return null;
  if (run.state === 'waiting' || run.state === 'running') records[at] = { ...run, state: 'cancelled', cancelled: said };
  return records[at] ?? null;
}

/** As the queue asks again for what a run asked for. */
function retried(records: readonly RunRecord[], id: string): Retried | null {
  const run = records.find((one) => one.id === id);
  if (run === undefined) return null;
  return { run, asked: run.state === 'failed' || run.state === 'cancelled' ? { jobId: `${id}-again`, joined: false } : null };
}

export function memoryRuns(records: RunRecord[]): RunDesk {
  return {
    find: async (id) => records.find((run) => run.id === id) ?? null,
    list: async () => records,
    cancel: async (id, said) => cancelled(records, id, said),
    retry: async (id) => retried(records, id),
  };
}
