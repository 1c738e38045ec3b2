/** The archive in an object store, beside the archiver: the data folder follows it, and gives it what was replaced here. */
import { randomUUID } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionsOf } from '@tributary/archive/audit/audit';
import { demandFirstCounts } from '@tributary/archive/changes/probe';
import { readReached } from '@tributary/archive/changes/reached';
import { openSharedArchive, type SharedArchive } from '@tributary/archive/changes/shared-archive';
import { openArchivePlace } from '@tributary/archive/objects/place';
import { TributaryError } from '@tributary/model/errors';
import { SECOND_MS } from '@tributary/model/time';
import { isFatal } from '@tributary/runtime/error-kinds';
import { type RunLoop, startRunLoop } from '@tributary/runtime/process/run-loop';

const BACKOFF = { firstMs: 500, longestMs: 30_000 };
/** How long a folder is behind the store, and the store behind a folder, while nothing fails. */
const SHARE_EVERY_MS = 2 * SECOND_MS;

/**
 * The folder has all that the store has when it resolves. `archive`: the setting; "" is the data folder alone. Throws `history_mismatch` where folder
 * and store are not alike, or the folder follows another store.
 */
export async function openShared(
  archive: string,
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SharedArchive | undefined> {
  await demandPlace(archive, dataDir);
  if (archive === '') return undefined;
  const waits = (ms: number) => sleep(ms, undefined, { signal }).catch(() => {});
  const store = await openArchivePlace(archive, { env, sleep: waits });
  await demandFirstCounts(store, randomUUID(), signal);
  const shared = openSharedArchive({ dataDir, store, newId: randomUUID, sleep: waits });
  await shared.follow(signal);
  for (const partition of await partitionsOf(dataDir)) await shared.demandWhole(partition, signal);
  return shared;
}

/** What was archived in the folder alone would be missing from the store, and other archivers would go on without it. */
async function demandPlace(archive: string, dataDir: string): Promise<void> {
  const place = (await readReached(dataDir))?.place;
  if (place === undefined || place === (isAbsolute(archive) ? resolve(archive) : archive)) return;
  throw new TributaryError(
    'history_mismatch',
    `TRIBUTARY_ARCHIVE must be ${place}, which the data folder ${dataDir} follows (got ${JSON.stringify(archive)}). Set it so, or name another data folder.`,
  );
}

export interface SharingObserver {
  failed(error: Error, waitMs: number): void;
  recovered(): void;
}

export function keepSharing(shared: SharedArchive, signal: AbortSignal, observer: SharingObserver): RunLoop {
  return startRunLoop({
    iterate: () => shared.share(signal),
    signal,
    backoff: BACKOFF,
    restMs: SHARE_EVERY_MS,
    isFatal,
    onFailed: observer.failed,
    onRecovered: observer.recovered,
  });
}
