/** Whether this Redis keeps what it acknowledges (law 6). */
import { TributaryError } from '@tributary/model/errors';
import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import type { Redis } from 'ioredis';

/** Throws `not_durable` that names the first setting under which an acknowledged entry could be lost. */
export async function checkDurability(redis: Redis): Promise<void> {
  for (const { setting, want, accepts } of DURABLE_SETTINGS) {
    const value = await readSetting(redis, setting);
    if (!accepts(value))
      throw new TributaryError(
        'not_durable',
        `${setting} of Redis must be ${want}, or an acknowledged event could be lost (got "${value}"). Run CONFIG SET ${setting} ${want} there, and write it into its configuration file.`,
      );
  }
}

async function readSetting(redis: Redis, setting: string): Promise<string> {
  try {
    const reply = (await redis.config('GET', setting)) as string[];
    return reply[1] ?? '(unset)';
  } catch (cause) {
    if ((cause as Error).name !== 'ReplyError') throw unavailable('its settings could not be read', cause);
    const message = `${setting} must be shown by Redis (got a refusal). Open the log with durability "managed" if its operator vouches for it.`;
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
