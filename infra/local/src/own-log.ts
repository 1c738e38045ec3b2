/** The log in the platform's own Redis, before the roles start: each of them would say the same of a lost one. */

import { SHARED_SETTINGS } from '@tributary/configuration/roles/shared';
import { TributaryError } from '@tributary/model/errors';
import { readConfig } from '@tributary/runtime/config/read-config';
import { lookForLog } from '@tributary/runtime/event-log/lost';
import { eventLogNote } from '@tributary/runtime/event-log/note';
import { assertArchiveOfLog } from '@tributary/runtime/event-log/own-archive';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import type { Environment } from './roles.ts';

const REDIS_WAIT_MS = 10_000;

const OF_THE_LOG = { kafkaBrokers: SHARED_SETTINGS.kafkaBrokers, restoreLostLog: SHARED_SETTINGS.restoreLostLog };

/** Throws `invalid_config` where the log that the folder names is gone and may not be created again, or is archived in another folder. */
export async function assertOwnLog(redisUrl: string, dataDir: string, env: Environment): Promise<void> {
  const { kafkaBrokers, restoreLostLog: restore } = readConfig('npm start', OF_THE_LOG, env, []);
  const { known } = eventLogNote(dataDir, 'in Redis', '');
  if (kafkaBrokers !== '') return;
  const redis = connectRedis(redisUrl, 'commit', () => {});
  try {
    await whenReady(redis, REDIS_WAIT_MS);
    await lookForLog(redis, { dataDir, known, restore, role: null, now: Date.now });
    await assertArchiveOfLog(redis, dataDir);
  } catch (cause) {
    if (cause instanceof TributaryError && (cause.code === 'log_recreated' || cause.code === 'history_mismatch'))
      throw new TributaryError('invalid_config', cause.message, { cause });
    throw cause;
  } finally {
    redis.disconnect();
  }
}
