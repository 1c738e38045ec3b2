import { LONGEST_SCHEDULE_MS, SHORTEST_SCHEDULE_MS } from '@tributary/model/schedule-bounds';
import type { ConfigTable } from '@tributary/runtime/config/read-config';

export const QUEUE_SETTINGS = {
  batchEveryMs: {
    type: 'int',
    default: 15 * 60_000,
    max: LONGEST_SCHEDULE_MS,
    unit: 'ms',
    orZero: true,
    min: SHORTEST_SCHEDULE_MS,
    why: 'time between two runs of the schedule "default", until that is set by hand ("tributary schedules set"); 0: only on demand',
  },
  batchLockMs: {
    type: 'int',
    default: 15_000,
    min: 1_000,
    max: 600_000,
    unit: 'ms',
    why: "a killed worker's run or shard is taken up by another after this long; a process that hangs longer loses its own",
  },
} as const satisfies ConfigTable;
