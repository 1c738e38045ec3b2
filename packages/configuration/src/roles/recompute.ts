import { QUEUE_SETTINGS } from '@tributary/queue/settings';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import { SHARED_SETTINGS } from './shared.ts';

export const RECOMPUTE_SETTINGS = {
  ...SHARED_SETTINGS,
  ...QUEUE_SETTINGS,
  batchMemoryMb: {
    type: 'int',
    default: 2_048,
    min: 128,
    unit: 'MiB',
    why: "bound on DuckDB's buffers in the computing child, which may use about twice of it",
  },
  batchThreads: {
    type: 'int',
    default: 2,
    min: 1,
    max: 64,
    unit: 'threads',
    why: 'DuckDB threads of the computing child',
  },
  batchSealTimeoutMs: {
    type: 'int',
    default: 60_000,
    min: 1_000,
    unit: 'ms',
    why: 'a generation fails when the archive is not closed at its barriers after this long',
  },
  batchComputeTimeoutMs: {
    type: 'int',
    default: 30 * 60_000,
    min: 1_000,
    unit: 'ms',
    why: 'the computing child is killed after this long',
  },
  batchShardWorkers: {
    type: 'int',
    default: 1,
    max: 64,
    unit: 'shards',
    why: 'shards of a generation that this process computes at a time, each in a child of its own; 0: it takes none and shares none of its runs',
  },
  batchShardMinRows: {
    type: 'int',
    default: 500_000,
    min: 1,
    unit: 'rows',
    why: 'a generation is computed by many workers from two shards of this size on; below, in one session',
  },
  batchRunAtPending: {
    type: 'int',
    default: 0,
    min: 1,
    orZero: true,
    unit: 'events',
    why: 'a run begins before its schedule once as many late events wait for a generation, at most every ten minutes; 0: never',
  },
  batchKeepGenerations: {
    type: 'int',
    default: 3,
    min: 2,
    max: 1_000,
    unit: 'generations',
    why: 'computed generations to keep: as far back as a rollback reaches, but for those that stay by age',
  },
  batchKeepForMs: {
    type: 'int',
    default: 0,
    min: 0,
    max: 7 * 24 * 3_600_000,
    unit: 'ms',
    why: 'older generations stay for so long, so that a rollback reaches them; their deltas stay in Redis as long. 0: not at all',
  },
  batchKeepBytes: {
    type: 'int',
    default: 20 * 1024 ** 3,
    min: 0,
    unit: 'bytes',
    why: 'no generation stays by age once the files of all kept ones take more than this',
  },
} as const satisfies ConfigTable;
