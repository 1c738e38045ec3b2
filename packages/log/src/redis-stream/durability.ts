/** Whether this Redis keeps what it acknowledges (law 6). */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import type { Redis } from 'ioredis';

/** Redis writes some 100 MB of a file in a second. */
const FILE_MS = 60_000;
const ASK_EVERY_MS = 100;

/**
 * Throws `not_durable` that names the first setting under which an acknowledged entry could be lost; `log_unavailable` where the file is not whole
 * yet, which goes away by itself: large ones take minutes to write.
 */
export async function checkDurability(redis: Redis): Promise<void> {
  for (const { setting, want, accepts } of DURABLE_SETTINGS) {
    const value = await readSetting(redis, setting);
    if (!accepts(value))
      throw new TributaryError(
        'not_durable',
        `${setting} of Redis must be ${want}, or an acknowledged event could be lost (got "${value}"). Run CONFIG SET ${setting} ${want} there, and write it into its configuration file.`,
      );
  }
  for (const startedMs = performance.now(); await mayHaveNoFileYet(redis); await sleep(ASK_EVERY_MS))
    if (performance.now() - startedMs > FILE_MS)
      throw unavailable(
        `aof_rewrite_in_progress must be 0 at a start, or an acknowledged event could be lost (got 1 for ${FILE_MS / 1000} s): its append-only file is not written yet. Start again when INFO persistence shows 0`,
      );
}

/**
 * `CONFIG SET appendonly yes` answers before there is a file: until a child of Redis has written what was there before, and Redis
 * has named it, a Redis that is killed finds nothing at all. INFO shows the same as for a rewriting of a file that is there,
 * so it counts where the file was empty before, or settings were changed since Redis started: or may have been, where what is counted of commands
 * was set to zero since, which is the first command to be counted again.
 */
async function mayHaveNoFileYet(redis: Redis): Promise<boolean> {
  const info = await readInfo(redis, 'persistence');
  if (info.get('aof_rewrite_in_progress') !== '1' && info.get('aof_rewrite_scheduled') !== '1') return false;
  if (info.get('aof_base_size') === '0') return true;
  const commands = await readInfo(redis, 'commandstats');
  return commands.has('cmdstat_config|set') || commands.has('cmdstat_config|resetstat');
}

async function readInfo(redis: Redis, section: string): Promise<ReadonlyMap<string, string>> {
  try {
    const lines = (await redis.info(section)).split('\r\n');
    return new Map(lines.map((line) => line.split(':') as [string, string]));
  } catch (cause) {
    throw unavailable(`INFO ${section} could not be read`, cause);
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
