import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import type { DiskSpace } from '@tributary/runtime/data-folder/disk-space';

/** A log that remembers when each partition was last written, so that only idle ones need a heartbeat, and how appends end. */
export interface ActiveLog extends EventLog {
  /** Why no append succeeds any more; null: one did, or there was none. Heartbeats find out when it is over. */
  trouble(): string | null;
  /** Whether an entry was durably appended from here within the last `idleMs`. */
  wasActive(partition: number, idleMs: number): boolean;
}

/** Failures in a row, over all partitions: more than an accident of one of them. */
const FAILURES = 3;

export function withActivity(log: EventLog, now: () => number): ActiveLog {
  const lastAppendMs = new Float64Array(log.partitions).fill(Number.NEGATIVE_INFINITY);
  let failures = 0;
  let lastFailure = '';
  return {
    ...log,
    trouble: () => (failures < FAILURES ? null : `the last ${failures} appends to the log failed: ${lastFailure}`),
    async append(partition, record) {
      let position: string;
      try {
        position = await log.append(partition, record);
      } catch (error) {
        // Any other refusal is about the record.
        if (error instanceof TributaryError && error.code === 'log_unavailable') {
          failures++;
          lastFailure = error.message;
        }
        throw error;
      }
      failures = 0;
      if (record.kind === 'events') lastAppendMs[partition] = now();
      return position;
    },
    wasActive: (partition, idleMs) => now() - (lastAppendMs[partition] ?? Number.NEGATIVE_INFINITY) < idleMs,
  };
}

/** A log that takes nothing once its disk is nearly full: what was taken already needs the rest. */
export function withRoom(log: ActiveLog, disk: Pick<DiskSpace, 'assertRoom'>): ActiveLog {
  return {
    ...log,
    async append(partition, record) {
      disk.assertRoom();
      return log.append(partition, record);
    },
  };
}
