/** The archive in an object store, beside the archiver: the data folder follows it, and gives it what was replaced here. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionsOf } from '@tributary/archive/audit/audit';
import { followedTrouble } from '@tributary/archive/changes/followed';
import { demandFirstCounts } from '@tributary/archive/changes/probe';
import { openSharedArchive, type SharedArchive } from '@tributary/archive/changes/shared-archive';
import { apartTrouble } from '@tributary/archive/objects/apart';
import { openArchivePlace, refusalOf } from '@tributary/archive/objects/place';
import { TributaryError } from '@tributary/model/errors';
import { SECOND_MS } from '@tributary/model/time';
import { isFatal } from '@tributary/runtime/error-kinds';
import { type RunLoop, startRunLoop } from '@tributary/runtime/process/run-loop';

const BACKOFF = { firstMs: 500, longestMs: 30_000 };
/** How long a folder is behind the store, and the store behind a folder, while nothing fails. */
const SHARE_EVERY_MS = 2 * SECOND_MS;

export interface Opening {
  /** The setting; "" is the data folder alone. */
  readonly archive: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws where the folder is not that of the log. Asked once the folder has all that the store has: an empty one has it from there. */
  readonly demandFolder: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * The folder has all that the store has when it resolves; or the store is away, and each call of what is resolved begins with that, and throws
 * `objects_unavailable` until it has. Throws `history_mismatch` where folder and store are not alike, or the folder follows another store;
 * `invalid_config` where the store refuses, or lies in the folder.
 */
export async function openShared(opening: Opening): Promise<OpenedShared | undefined> {
  const { archive, dataDir, env, demandFolder, signal } = opening;
  await demandPlace(archive, dataDir);
  if (archive === '') {
    await demandFolder();
    return undefined;
  }
  let hasAnswered = false;
  const unanswered = Promise.withResolvers<void>();
  // A pause follows an attempt that failed. Where the store has answered, the start waits: a folder may have much to get.
  const waits = (ms: number) => {
    if (!hasAnswered) unanswered.resolve();
    return sleep(ms, undefined, { signal }).catch(() => {});
  };
  const refused = (error: unknown): never => {
    const refusal = refusalOf(archive, error);
    if (refusal === undefined) throw error;
    // As a setting is: no other start would go better.
    throw new TributaryError('invalid_config', refusal.message, { cause: error });
  };
  const store = await openArchivePlace(archive, { env, sleep: waits }).catch(refused);
  const shared = openSharedArchive({ dataDir, store, newId: randomUUID, sleep: waits });
  const opened = createOpened(shared, async () => {
    await demandFirstCounts(store, randomUUID(), signal);
    hasAnswered = true;
    await shared.follow(signal);
    for (const partition of await partitionsOf(dataDir)) await shared.demandWhole(partition, signal);
    await demandFolder();
  });
  const first = opened.open().catch((error: unknown) => {
    if (!isAway(error)) refused(error);
  });
  await Promise.race([first, unanswered.promise]);
  // What it fails with later, the next call says.
  first.catch(() => {});
  return opened;
}

export interface OpenedShared {
  readonly shared: SharedArchive;
  /** False: the store has not answered yet, and nothing is archived. */
  isOpen(): boolean;
}

function isAway(error: unknown): boolean {
  return error instanceof TributaryError && error.code === 'objects_unavailable';
}

/** Once it has been opened; each call opens it until then, and throws what that throws. */
function createOpened(shared: SharedArchive, work: () => Promise<void>): OpenedShared & { open(): Promise<void> } {
  let opening: Promise<void> | undefined;
  let isOpen = false;
  async function open(): Promise<void> {
    try {
      opening ??= work();
      await opening;
      isOpen = true;
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }
  return {
    open,
    isOpen: () => isOpen,
    shared: {
      follow: (...args) => open().then(() => shared.follow(...args)),
      giveIdentity: (...args) => open().then(() => shared.giveIdentity(...args)),
      add: (...args) => open().then(() => shared.add(...args)),
      share: (...args) => open().then(() => shared.share(...args)),
      demandWhole: (...args) => open().then(() => shared.demandWhole(...args)),
    },
  };
}

/** A start looks at it beforehand (packages/configuration), a role that is started by itself here. */
async function demandPlace(archive: string, dataDir: string): Promise<void> {
  const shared = apartTrouble(archive, dataDir);
  if (shared !== undefined)
    throw new TributaryError(
      'invalid_config',
      `TRIBUTARY_ARCHIVE must ${shared.must} (got ${JSON.stringify(archive)}). ${shared.fix}`,
    );
  const followed = await followedTrouble(archive, dataDir);
  if (followed === undefined) return;
  throw new TributaryError(
    'history_mismatch',
    `TRIBUTARY_ARCHIVE must ${followed.must} (got ${JSON.stringify(archive)}). ${followed.fix}`,
  );
}

/** What operators read while the archiver runs and the store is away; undefined: the trouble is another one. */
export function awayDetail(error: Error): string | undefined {
  return isAway(error) ? `nothing is archived or trimmed until the store of the archive answers: ${error.message}` : undefined;
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
