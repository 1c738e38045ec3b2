import { memoryRule } from '@tributary/archive/memory-rule';
import { MEMBER_SETTINGS } from '@tributary/membership/settings';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { SHARED_SETTINGS } from './shared.ts';

export const ARCHIVER_SETTINGS = {
  ...SHARED_SETTINGS,
  segmentMaxAgeMs: {
    type: 'int',
    default: 20 * 60_000,
    min: 1_000,
    unit: 'ms',
    why: 'an event is in Parquet after this long even without a generation; longer than the time between generations',
  },
  spoolRows: {
    type: 'int',
    default: 1_000_000,
    min: 1_000,
    unit: 'rows',
    why: 'events waiting for Parquet over all partitions; the log keeps as many',
  },
  spoolBytes: {
    type: 'int',
    default: 512 * 1024 * 1024,
    min: 1024 * 1024,
    unit: 'bytes',
    why: 'the same bound in bytes on disk',
  },
  trimDelayMs: {
    type: 'int',
    default: 60_000,
    unit: 'ms',
    why: 'how long entries stay in the log once both layers have them: as far as a replica of Redis that takes over may lag',
  },
  archiverMemory: {
    type: 'string',
    default: '768MB',
    why: "bound on DuckDB's buffers while it writes Parquet",
    wrong: memoryRule,
  },
  ...MEMBER_SETTINGS,
  archiverThreads: { type: 'int', default: 2, min: 1, max: 64, unit: 'threads', why: 'DuckDB threads while it writes Parquet' },
} as const satisfies ConfigTable;
