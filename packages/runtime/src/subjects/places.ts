/**
 * Every place where a user's key or one of their events may be stored, once. What is exported of a user follows from this list, and an
 * erasure is checked against it: a place that is missing here is one that both forget. `DATA_PATHS` and the keys in Redis must all be in it,
 * and a test looks for a planted user in every byte of a platform (`test/e2e/export-finds-all.e2e.test.ts`).
 */
import type { DATA_PATHS } from '../data-folder/paths.ts';

/**
 * `exported`: each line of a user is in their export. `copies`: the same bytes again, of a place that is exported. `unread`: what it holds cannot be
 * assigned to users (damaged, half written, or out of the platform's reach); the export names it.
 */
export type Access = 'exported' | 'copies' | 'unread';

export interface SubjectPlace {
  readonly access: Access;
  /** What is stored there, and for how long. */
  readonly holds: string;
}

export const SUBJECT_PLACES = {
  log: {
    access: 'exported',
    holds:
      'events and records that are not events, from their receipt until the archive has them. Until they are trimmed the log holds copies of archived ones as well.',
  },
  record: { access: 'exported', holds: 'the events of a user that signals and views still look at, in Redis' },
  conversionIndex: { access: 'exported', holds: 'which user an order belongs to, in Redis, for the generations that are kept' },
  segments: { access: 'exported', holds: 'in which segments a user is, and when time alone may change that, in Redis' },
  deadLetters: {
    access: 'exported',
    holds: 'records that could not be read as events, in Redis, the newest 10 000 or so of each partition',
  },
  outbox: { access: 'exported', holds: 'outputs that the output log has not taken yet, in Redis' },
  outputs: {
    access: 'exported',
    holds:
      'attributed conversions and enriched events in the output log, where outputs are on, and the line that reports an erasure to listeners',
  },
  archive: { access: 'exported', holds: 'all events, in Parquet files by day' },
  deadRecords: { access: 'exported', holds: 'records that could not be read as events, in files of JSON lines' },
  generations: { access: 'exported', holds: 'deduplicated events and conversions of the generations that are kept' },
  redisFiles: { access: 'copies', holds: 'what Redis holds, and what it held since its file was last rewritten' },
  trainingSets: {
    access: 'copies',
    holds: 'keys of users and labels as they were asked for, and values computed from events, for a day',
  },
  staging: {
    access: 'unread',
    holds: 'files in the making. They go when they are done, or when the role that makes them starts again.',
  },
  quarantine: { access: 'unread', holds: 'files whose bytes do not match their manifest' },
  logFiles: { access: 'unread', holds: 'what roles say of themselves. They name no users.' },
  logStorage: { access: 'copies', holds: 'the files of a Kafka broker, which keep dropped entries until its next clean-up' },
  backups: { access: 'copies', holds: 'what "tributary backup" wrote to folders that the platform does not know' },
  downstream: { access: 'copies', holds: 'what consumers of the output log, and those who read the API, keep themselves' },
} as const satisfies Readonly<Record<string, SubjectPlace>>;

export type SubjectPlaceName = keyof typeof SUBJECT_PLACES;

/** The place that each path of the data folder is; null: nothing of a user is stored there, only sums, settings and keys. */
export const PLACE_OF_PATH: Readonly<Record<keyof typeof DATA_PATHS, SubjectPlaceName | null>> = {
  keys: null,
  localAccess: null,
  demo: null,
  demoDefinitions: null,
  supervisorLock: null,
  eventLogNote: null,
  archiveIdentity: null,
  archiveChanges: null,
  archiveFolder: null,
  archiveUnshared: null,
  archiveForgotten: null,
  archiveRetired: null,
  retirements: null,
  archiveLock: null,
  erasureKey: null,
  events: 'archive',
  dead: 'deadRecords',
  segments: null,
  generations: 'generations',
  publications: null,
  questions: null,
  trainingSets: 'trainingSets',
  computations: null,
  erasures: null,
  staging: 'staging',
  quarantine: 'quarantine',
  logs: 'logFiles',
  redis: 'redisFiles',
};

interface RedisFamily {
  /** The whole key. A user's key comes last, so it can steer nothing before it. */
  readonly key: RegExp;
  readonly place: SubjectPlaceName | null;
}

/** Every key in Redis; null: only sums, positions, settings and what is to be done. */
export const PLACE_OF_REDIS_KEY: readonly RedisFamily[] = [
  { key: /^tributary:\{\d+\}:u:/, place: 'record' },
  { key: /^tributary:\{\d+\}:c:\d+$/, place: 'conversionIndex' },
  { key: /^tributary:\{\d+\}:(?:members:[\da-f]+|due|unsure)$/, place: 'segments' },
  { key: /^tributary:\{\d+\}:dead(?::kept)?$/, place: 'deadLetters' },
  { key: /^tributary:\{\d+\}:(?:outbox|messages)$/, place: 'outbox' },
  { key: /^tributary:\{\d+\}:log$/, place: 'log' },
  { key: /^tributary:outputs:\{\d+\}:log$/, place: 'outputs' },
  { key: /^tributary:(?:outputs:)?\{\d+\}:log:trimmed$/, place: null },
  { key: /^tributary:(?:outputs:)?log$/, place: null },
  { key: /^tributary:\{\d+\}:(?:state|feed|reading|d:\d+:[\w-]+|n:\d+)$/, place: null },
  { key: /^tributary:\{group:[\w-]+\}:(?:leases|holders|alike)$/, place: null },
  { key: /^tributary:(?:pointer|archives)$/, place: null },
  { key: /^\{tributary:queue\}:/, place: null },
];
