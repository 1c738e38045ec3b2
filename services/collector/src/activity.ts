import type { EventLog } from '@tributary/log/port';

/** A log that remembers when each partition was last written, so that only idle ones need a heartbeat. */
export interface ActiveLog extends EventLog {
  /** Whether an entry was durably appended from here within the last `idleMs`. */
  wasActive(partition: number, idleMs: number): boolean;
}

export function withActivity(log: EventLog, now: () => number): ActiveLog {
  const lastAppendMs = new Float64Array(log.partitions).fill(Number.NEGATIVE_INFINITY);
  return {
    ...log,
    async append(partition, record) {
      const position = await log.append(partition, record);
      if (record.kind === 'events') lastAppendMs[partition] = now();
      return position;
    },
    wasActive: (partition, idleMs) => now() - (lastAppendMs[partition] ?? Number.NEGATIVE_INFINITY) < idleMs,
  };
}
