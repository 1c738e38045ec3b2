import { memoryRule } from '@tributary/archive/memory-rule';
import { archivePlaceTrouble } from '@tributary/archive/objects/place';
import { MEMBER_SETTINGS } from '@tributary/membership/settings';
import { HOUR_MS } from '@tributary/model/time';
import type { ConfigTable } from '@tributary/runtime/config/read-config';
import type { Value, Values, Wrong } from '@tributary/runtime/config/setting';
import { SHARED_SETTINGS } from './shared.ts';

export const ARCHIVER_SETTINGS = {
  ...SHARED_SETTINGS,
  archive: {
    type: 'string',
    default: '',
    why: 'where the archive lies as well, for archivers without a common disk: s3://BUCKET/PREFIX, or a folder that they share; "" is the data folder alone',
    wrong: archivePlaceTrouble,
  },
  segmentMaxAgeMs: {
    type: 'int',
    default: 20 * 60_000,
    min: 1_000,
    unit: 'ms',
    why: 'an event is in Parquet after this long even without a generation; longer than the time between generations',
    beside: shorterThanRetention,
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

/** Until its segment is written, an event is in the log alone: a topic that drops it sooner loses it to an archiver that starts again. */
function shorterThanRetention(value: Value, { kafkaBrokers, kafkaRetentionHours }: Values): Wrong | undefined {
  const retentionMs = Number(kafkaRetentionHours) * HOUR_MS;
  if (kafkaBrokers === '' || retentionMs === 0 || Number(value) < retentionMs) return undefined;
  return {
    must: `be less than TRIBUTARY_KAFKA_RETENTION_HOURS, ${retentionMs} ms, or Kafka drops events that are not archived`,
    fix: 'Lower it, or raise TRIBUTARY_KAFKA_RETENTION_HOURS.',
  };
}
