/**
 * A log in Redis that is gone. It is created again only with TRIBUTARY_RESTORE_LOST_LOG, or where "tributary recover" asked for it, and once: left on, the setting would let the
 * next loss pass, and what was acknowledged before it would be missing from answers that call themselves complete (law 6).
 */
import { resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';
import { DATA_FOLDER } from '../data-folder/paths.ts';
import { logKey, NAMESPACE } from './keys.ts';
import {
  forgetRestore,
  isRestoreAsked,
  mayNote,
  notedRestores,
  noteRestored,
  noteSpent,
  type Restores,
  takeBack,
} from './restores.ts';

export interface LostLog {
  readonly mayRestore: boolean;
  /** To be called once the log is open. */
  opened(): void;
}

/**
 * `known`: the identity that the data folder names; null: none, and nothing is lost. `role`: null for all of them, which share one environment.
 * Throws `log_recreated` where it may not be created.
 */
export async function lookForLog(
  redis: Pick<Redis, 'hget'>,
  {
    dataDir,
    known,
    restore,
    role,
    now,
  }: { dataDir: string; known: string | null; restore: boolean; role: string | null; now: () => number },
): Promise<LostLog> {
  if (!restore) takeBack(dataDir, role);
  const isSpent = spentSince(notedRestores(dataDir)) !== null;
  const isAsked = known !== null && isRestoreAsked(dataDir, known);
  const isGone = await assertThere(redis, { dataDir, known, restore });
  if (isGone && role !== null && !mayNote(dataDir)) throw gone(dataDir, UNNOTED);
  // It is there: what was asked for is done, and must not let the next loss pass.
  if (isAsked && !isGone && role !== null) forgetRestore(dataDir);
  return {
    mayRestore: (isAsked && isGone) || (restore && !isSpent),
    opened() {
      if (role === null) return;
      const at = now();
      if (restore) noteSpent(dataDir, role, at);
      if (isGone) noteRestored(dataDir, at);
      if (isAsked) forgetRestore(dataDir);
    },
  };
}

export interface Spent {
  /** Epoch ms. */
  readonly since: number;
  /** Sorted. */
  readonly roles: readonly string[];
}

/** null: the setting is not on, or was not when the log was opened last. */
export function spentSince({ restoreSpent }: Restores): Spent | null {
  const marks = Object.entries(restoreSpent ?? {});
  if (marks.length === 0) return null;
  return { since: Math.min(...marks.map(([, at]) => at)), roles: marks.map(([role]) => role).sort() };
}

/** Changes nothing. True: the log is gone, and may be created again. Throws `log_recreated` where the log of another folder is there, too. */
export async function assertThere(
  redis: Pick<Redis, 'hget'>,
  { dataDir, known, restore }: { dataDir: string; known: string | null; restore: boolean },
): Promise<boolean> {
  // In this order: another role may create the log meanwhile, and says so after it has.
  const isSpent = spentSince(notedRestores(dataDir));
  const isAsked = known !== null && isRestoreAsked(dataDir, known);
  const there = await redis.hget(logKey(NAMESPACE), 'identity');
  if (known !== null && there !== null && there !== known) throw ofAnother(dataDir, known, there);
  const isGone = known !== null && there === null;
  if (isGone && isAsked) return true;
  if (isGone && !restore) throw gone(dataDir, RESTORE);
  if (isGone && isSpent !== null) throw gone(dataDir, spent(isSpent));
  return isGone;
}

const RESTORE =
  'Restore Redis, or name the data folder that belongs to it. Where there is nothing to restore, run "tributary recover", or start once with TRIBUTARY_RESTORE_LOST_LOG=true: what was acknowledged and not archived is lost then';

const UNNOTED =
  'TRIBUTARY_RESTORE_LOST_LOG=true is noted there once it is used, and this role may not write to it: the next loss would pass unseen. Start first a role that may';

function spent({ since, roles }: Spent): string {
  return `TRIBUTARY_RESTORE_LOST_LOG=true has been on since ${new Date(since).toISOString()} (${roles.join(', ')}) and restores one log only. Restore Redis. Where there is nothing to restore, start all roles once without the setting, then once with it: what was acknowledged and not archived is lost then`;
}

function ofAnother(dataDir: string, known: string, there: string): TributaryError {
  return new TributaryError(
    'log_recreated',
    `TRIBUTARY_REDIS_URL and ${DATA_FOLDER} must be of one platform (got the log ${there} in this Redis, and "${resolve(dataDir)}", which was built upon ${known}). Name the Redis that belongs to the folder, or the folder that belongs to Redis.`,
  );
}

function gone(dataDir: string, fix: string): TributaryError {
  return new TributaryError(
    'log_recreated',
    `the log of ${dataDir} is gone: this Redis has none (emptied, or another one). ${fix}.`,
  );
}
