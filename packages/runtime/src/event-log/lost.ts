/**
 * A log in Redis that is gone. It is created again only with TRIBUTARY_RESTORE_LOST_LOG, and once: left on, the setting would let the
 * next loss pass, and what was acknowledged before it would be missing from answers that call themselves complete (law 6).
 */
import { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';
import { logKey, NAMESPACE } from './keys.ts';
import { notedRestores, noteRestores } from './note.ts';

export interface LostLog {
  readonly mayRestore: boolean;
  /** To be called once the log is open. */
  opened(): void;
}

/** `known`: the identity that the data folder names; null: none, and nothing is lost. Throws `log_recreated` where it may not be created. */
export async function lookForLog(
  redis: Pick<Redis, 'hget'>,
  { dataDir, known, restore, now }: { dataDir: string; known: string | null; restore: boolean; now: () => number },
): Promise<LostLog> {
  const { restoreSpentAt } = notedRestores(dataDir);
  if (!restore && restoreSpentAt !== undefined) noteRestores(dataDir, { restoreSpentAt: undefined });
  const isGone = await assertThere(redis, { dataDir, known, restore });
  return {
    mayRestore: restore && restoreSpentAt === undefined,
    opened() {
      if (!restore) return;
      if (isGone) noteRestores(dataDir, { restoreSpentAt: now(), restoredAt: now() });
      else if (restoreSpentAt === undefined) noteRestores(dataDir, { restoreSpentAt: now() });
    },
  };
}

/** Changes nothing. True: the log is gone, and may be created again. */
export async function assertThere(
  redis: Pick<Redis, 'hget'>,
  { dataDir, known, restore }: { dataDir: string; known: string | null; restore: boolean },
): Promise<boolean> {
  // In this order: another role may create the log meanwhile, and says so after it has.
  const { restoreSpentAt } = notedRestores(dataDir);
  const isGone = known !== null && (await redis.hget(logKey(NAMESPACE), 'identity')) === null;
  if (isGone && !restore) throw gone(dataDir, RESTORE);
  if (isGone && restoreSpentAt !== undefined) throw gone(dataDir, spent(restoreSpentAt));
  return isGone;
}

const RESTORE =
  'Restore Redis, or name the data folder that belongs to it. Where there is nothing to restore, start once with TRIBUTARY_RESTORE_LOST_LOG=true: what was acknowledged and not archived is lost then';

function spent(since: number): string {
  return `TRIBUTARY_RESTORE_LOST_LOG=true has been on since ${new Date(since).toISOString()} and restores one log only. Restore Redis. Where there is nothing to restore, start once without the setting, then once with it: what was acknowledged and not archived is lost then`;
}

function gone(dataDir: string, fix: string): TributaryError {
  return new TributaryError(
    'log_recreated',
    `the log of ${dataDir} is gone: this Redis has none (emptied, or another one). ${fix}.`,
  );
}
