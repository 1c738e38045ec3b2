/** Whether this Redis keeps what it acknowledges (law 6). */
import { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';

/** What each setting must be, and why. */
const DEMANDS = {
  appendonly: { ok: (v: string) => v === 'yes', want: 'yes' },
  appendfsync: { ok: (v: string) => v === 'always', want: 'always' },
  // With "yes", Redis answers without any fsync while it rewrites the file, whatever appendfsync says.
  'no-appendfsync-on-rewrite': { ok: (v: string) => v === 'no', want: 'no' },
  // The other policies of "allkeys" may evict a stream.
  'maxmemory-policy': { ok: (v: string) => !v.startsWith('allkeys-'), want: 'noeviction' },
} as const;

/** Throws `not_durable` that names the first setting under which an acknowledged entry could be lost. */
export async function checkDurability(redis: Redis): Promise<void> {
  for (const [setting, { ok, want }] of Object.entries(DEMANDS)) {
    const value = await readSetting(redis, setting);
    if (!ok(value))
      throw new TributaryError('not_durable', `Redis runs with "${setting} ${value}"; the log needs "${setting} ${want}"`);
  }
}

async function readSetting(redis: Redis, setting: string): Promise<string> {
  try {
    const reply = (await redis.config('GET', setting)) as string[];
    return reply[1] ?? '(unset)';
  } catch (cause) {
    if ((cause as Error).name !== 'ReplyError') throw unavailable('its settings could not be read', cause);
    const message = `Redis does not tell its setting "${setting}"; open the log with durability "managed" if its operator vouches for it`;
    throw new TributaryError('not_durable', message, { cause });
  }
}

export function unavailable(what: string, cause?: unknown): TributaryError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new TributaryError('log_unavailable', `the log in Redis: ${what}${why}`, { cause });
}

export function recreated(identity: string, found: string): TributaryError {
  return new TributaryError('log_recreated', `the log ${identity} is gone from Redis: ${found}`);
}
