/** The settings of a Redis under which nothing acknowledged is lost (law 6): for the log, the look before a start, the doctor, and the Redis that we start. */

export interface DurableSetting {
  readonly setting: string;
  readonly want: string;
  readonly why: string;
  accepts(value: string): boolean;
}

function exactly(setting: string, want: string, why: string): DurableSetting {
  return { setting, want, why, accepts: (value) => value === want };
}

export const DURABLE_SETTINGS: readonly DurableSetting[] = [
  exactly('appendonly', 'yes', 'every write goes to the append-only file'),
  exactly('appendfsync', 'always', 'an acknowledged write is on disk'),
  // With "yes", Redis answers without any fsync while it rewrites the file, whatever appendfsync says.
  exactly('no-appendfsync-on-rewrite', 'no', 'also while the file is rewritten'),
  {
    setting: 'maxmemory-policy',
    want: 'noeviction',
    why: 'nothing is evicted when memory runs out',
    // The other policies evict keys that expire anyway: no stream, and nothing that a commit wrote.
    accepts: (value) => value !== '' && !value.startsWith('allkeys-'),
  },
];
