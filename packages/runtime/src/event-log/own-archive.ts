/**
 * Which archive a log is archived in. An archive has an identity of its own, written into its folder before the first segment, and Redis keeps
 * it by the identity of the log. Without it an empty folder beside a log that has dropped nothing looks like the folder of a new
 * platform: what was archived there would leave the log, and would be missing from the true archive (law 6).
 */
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import type { Redis } from 'ioredis';
import { whyUnreadable } from '../config/unreadable.ts';
import { DATA_FOLDER, DATA_PATHS, dataPath } from '../data-folder/paths.ts';
import { archivesKey, logKey, NAMESPACE } from './keys.ts';

/** By the identity of a log, so that a new log begins with a new folder on the same Redis. */
export interface ArchiveClaims {
  /** The archive that a log is archived in; null: none yet, or Redis was emptied. */
  of(logIdentity: string): Promise<string | null>;
  /** Writes it unless there is one: of any number of writers the first counts. Returns what then stands there. */
  claim(logIdentity: string, archive: string): Promise<string>;
}

/** Rejects with `store_unavailable`. */
export function createArchiveClaims(redis: Pick<Redis, 'hget' | 'hsetnx'>): ArchiveClaims {
  const key = archivesKey(NAMESPACE);
  return {
    of: (logIdentity) => archiveOf(redis, logIdentity),
    claim: (logIdentity, archive) =>
      answered(async () => {
        const isFirst = (await redis.hsetnx(key, logIdentity, archive)) === 1;
        const there = isFirst ? archive : await redis.hget(key, logIdentity);
        if (there === null) throw new Error('it was emptied a moment ago');
        return there;
      }),
  };
}

/** As `of` of the claims, for who may only read. Rejects with `store_unavailable`. */
export function archiveOf(redis: Pick<Redis, 'hget'>, logIdentity: string): Promise<string | null> {
  return answered(() => redis.hget(archivesKey(NAMESPACE), logIdentity));
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const message = `Redis did not say which archive the log belongs to: ${(cause as Error).message}`;
    throw new TributaryError('store_unavailable', message, { cause });
  }
}

/** The identity of the archive in a data folder; null: it has none yet. `known`: what Redis names, if it does. Throws `manifest_corrupt`. */
export async function archiveIdentity(dataDir: string, known: string | null = null): Promise<string | null> {
  const path = dataPath(dataDir, 'archiveIdentity');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const fix = code === 'EACCES' ? 'Give this user permission to read it' : restored(known);
    throw damaged(path, known, whyUnreadable(error), fix, error);
  }
  try {
    const { identity } = JSON.parse(text) as { readonly identity?: unknown };
    if (typeof identity === 'string') return identity;
  } catch {
    // Reported below.
  }
  throw damaged(path, known, 'another text', restored(known));
}

function damaged(path: string, known: string | null, got: string, fix: string, cause?: unknown): TributaryError {
  const must = `read {"identity": "${known ?? '…'}"}`;
  return new TributaryError('manifest_corrupt', `${path} must ${must} (got: ${got}). ${fix}.`, { cause });
}

function restored(known: string | null): string {
  if (known !== null) return 'Write that in its place, as Redis names this archive, or restore it from a backup';
  return `Restore it from a backup; where this log was archived before, Redis has the identity in ${archivesKey(NAMESPACE)}`;
}

/** `known`: what Redis names; null: nothing is known, and any whole folder will do. Throws `history_mismatch`. */
export async function assertOwnArchive(dataDir: string, known: string | null): Promise<void> {
  if (known === null) return assertArchiveThere(dataDir);
  const found = await archiveIdentity(dataDir, known);
  if (found === known) return;
  const got = found === null ? `it has no ${DATA_PATHS.archiveIdentity}` : `its archive is ${found}`;
  throw new TributaryError(
    'history_mismatch',
    `${DATA_FOLDER} must be the folder with the archive ${known}, which this log is archived in (got "${resolve(dataDir)}": ${got}). Mount that folder, or restore a backup of it; where the archive is lost for good, docs/production.md says what to do ("Backup and restore").`,
  );
}

/**
 * Generations that were published are of an archive: a folder that has the one without the other lacks a mount, or was restored in part. Where
 * the archive is lost for good, its identity in the folder begins it there. Throws `history_mismatch`.
 */
export function assertArchiveThere(dataDir: string, name = DATA_FOLDER): void {
  // The folder alone may be the place of a mount that failed.
  const hasSegments = namesIn(dataPath(dataDir, 'segments')).length > 0;
  if (existsSync(dataPath(dataDir, 'archiveIdentity')) || hasSegments) return;
  if (namesIn(dataPath(dataDir, 'publications')).length === 0) return;
  throw new TributaryError(
    'history_mismatch',
    `${name} must be a folder with the archive that its generations are of (got "${resolve(dataDir)}": it has ${DATA_PATHS.publications} and nothing in ${DATA_PATHS.segments}). Mount or restore ${dirname(DATA_PATHS.segments)}; where it is lost for good, docs/production.md says what to do ("Backup and restore").`,
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The same of the log in this Redis, before a role opens it; nothing where there is none. */
export async function assertArchiveOfLog(redis: Pick<Redis, 'hget'>, dataDir: string): Promise<void> {
  const identity = await redis.hget(logKey(NAMESPACE), 'identity');
  if (identity !== null) await assertOwnArchive(dataDir, await archiveOf(redis, identity));
}
